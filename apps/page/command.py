"""``cartoongan page``: writes a page that turns photos into cartoons without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def page(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the page.")],
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of `cartoongan export`; by default the project's own.")
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="onnxruntime-web package from `npm pack`; by default fetched with npm."),
    ] = None,
) -> None:
    """Write a static page that turns photos into cartoons in the browser. Photos never leave the device."""
    from apps.page.runtime import runtime_files
    from apps.page.site import site_files, write_site
    from cartoonizer.errors import ModelError
    from cartoonizer.model_file import OWN_MODEL, read_model
    from datamodules.errors import DataError

    try:
        found = read_model(model or OWN_MODEL)
    except ModelError as error:
        raise DataError(str(error)) from error
    files = site_files(found, runtime_files(runtime))
    write_site(files, out)
    print(f"model {found.manifest.name}, {found.manifest.terms}")
    print(f"{out}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB, for any web server; try it with:")
    print(f"python3 -m http.server --bind 127.0.0.1 --directory {out}")
