"""The page that turns photos into cartoons; shared by the server and the static page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

PAGE = Path(__file__).parent / "page"
"""Files that both pages share; ``page.js`` imports ``cartoons.js``, which each page provides."""

MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
"""Media types of a page's files by suffix."""


@dataclass(frozen=True)
class CartoonPage:
    """The parts that differ between pages.

    Attributes:
        modules: Folder of its JavaScript, with a ``cartoons.js`` that exports ``load`` and ``draw``.
        privacy: A sentence on the handling of photos.
        head: HTML for the head.
        starting: Text shown until its JavaScript runs.
        footer: HTML for the footer.
    """

    modules: Path
    privacy: str
    head: str = ""
    starting: str = ""
    footer: str = ""

    def files(self) -> dict[str, bytes]:
        """The content of the page's files by relative path, such as ``examples/three.jpg``."""
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for folder in (PAGE, self.modules)
            for path in sorted(folder.rglob("*"))
            if path.suffix in MEDIA_TYPES
        }
        words = {"privacy": self.privacy, "head": self.head, "starting": self.starting, "footer": self.footer}
        found["index.html"] = Template(found["index.html"].decode()).substitute(words).encode()
        return found
