"""Output pictures of cartoons: background, side-by-side with the photo, size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image

from cartoonizer.face import Face

Background = Literal["transparent", "white", "keep"]


@dataclass(frozen=True)
class Style:
    """Style of output pictures.

    Attributes:
        size: Side of a cartoon in pixels; None for the model's.
        background: Transparent, white, or the photo's own.
        side_by_side: Show the photo's face to the left of its cartoons.
    """

    size: int | None = None
    background: Background = "transparent"
    side_by_side: bool = False

    def sheet(self, faces: Sequence[Face]) -> Image.Image:
        """The cartoons of one face in a row."""
        tiles = [self._tile(face) for face in faces]
        if self.side_by_side:
            tiles.insert(0, faces[0].photo.resize(tiles[0].size, Image.Resampling.LANCZOS))
        return _row(tiles)

    def _tile(self, face: Face) -> Image.Image:
        cartoon = face.cartoon if self.size is None else resized(face.cartoon, (self.size, self.size))
        if self.background == "transparent" and not self.side_by_side:
            return cartoon
        return laid_on(cartoon, face.photo if self.background == "keep" else None)


def laid_on(cartoon: Image.Image, photo: Image.Image | None) -> Image.Image:
    """Composite an RGBA cartoon on its photo, or on white: RGB."""
    ground = Image.new("RGB", cartoon.size, "white")
    if photo is not None:
        ground = photo.convert("RGB").resize(cartoon.size, Image.Resampling.LANCZOS)
    ground.paste(cartoon, mask=cartoon.getchannel("A"))
    return ground


def resized(cartoon: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize an RGBA cartoon with premultiplied alpha, so that colours of transparent pixels do not bleed in."""
    return cartoon.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def png(picture: Image.Image) -> bytes:
    """Encode a picture as PNG."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _row(tiles: Sequence[Image.Image]) -> Image.Image:
    if len(tiles) == 1:
        return tiles[0]
    widths = [tile.size[0] for tile in tiles]
    row = Image.new(tiles[-1].mode, (sum(widths), max(tile.size[1] for tile in tiles)))
    for number, tile in enumerate(tiles):
        row.paste(tile, (sum(widths[:number]), 0))
    return row
