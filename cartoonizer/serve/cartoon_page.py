"""The page on which photos become cartoons: one look, drawn for by a server or by the browser itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

PAGE = Path(__file__).parent / "page"
"""What both pages share; ``page.js`` imports ``cartoons.js``, which each brings itself."""

MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
"""Of the files of a page, by suffix."""


@dataclass(frozen=True)
class CartoonPage:
    """What one page has of its own.

    Attributes:
        modules: Folder of its JavaScript, with a ``cartoons.js`` that exports ``load`` and ``draw``.
        privacy: A sentence that says where photos go.
        head: HTML for its head.
        starting: What it says until its JavaScript runs.
        footer: HTML for its foot.
    """

    modules: Path
    privacy: str
    head: str = ""
    starting: str = ""
    footer: str = ""

    def files(self) -> dict[str, bytes]:
        """The content of each file by its path below the page's address, such as ``examples/three.jpg``."""
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for folder in (PAGE, self.modules)
            for path in sorted(folder.rglob("*"))
            if path.suffix in MEDIA_TYPES
        }
        words = {"privacy": self.privacy, "head": self.head, "starting": self.starting, "footer": self.footer}
        found["index.html"] = Template(found["index.html"].decode()).substitute(words).encode()
        return found
