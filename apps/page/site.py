"""The files of the page: its design, shared with ``cartoongan serve``, the chain, a model, and onnxruntime-web."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cartoonizer.model_file import MANIFEST, ModelFile
from cartoonizer.serve.cartoon_page import CartoonPage
from datamodules.atomic import write_whole

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Content security policy: the page only connects to its own origin."""

HEADERS = f"""\
/*
  Content-Security-Policy: {POLICY}; frame-ancestors 'none'
  Permissions-Policy: camera=(self), geolocation=(), microphone=()
  Referrer-Policy: no-referrer
  X-Content-Type-Options: nosniff
"""
"""The file ``_headers``, which several static hosts support; the policy is also in the page itself."""

PAGE = CartoonPage(
    Path(__file__).parent / "modules",
    privacy="The photo stays on this device: this page draws the cartoons itself.",
    head=f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n  ',
    starting="Starting … If this stays, the page was opened as a file: it needs a web server.",
)


def site_files(model: ModelFile, runtime: Mapping[str, bytes]) -> dict[str, bytes]:
    """The content of the page's files by path.

    Args:
        model: The model.
        runtime: Files of onnxruntime-web.
    """
    files = PAGE.files()
    files |= {f"runtime/{name}": content for name, content in runtime.items()}
    files |= {f"model/{name}.onnx": content for name, content in model.nets.items()}
    return files | {f"model/{MANIFEST}": model.manifest_json, "_headers": HEADERS.encode()}


def write_site(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files below a folder, replacing those of an earlier page.

    Raises:
        DataError: A file cannot be written.
    """
    for name, content in files.items():
        write_whole(folder / name, content)
