"""Writes pictures, and draws faces into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datamodules.atomic import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apps.drawing.contact_sheet import Tile
    from lightning_modules.metrics import PrecisionSummary

NO_FACE = "no face found"
"""Note below an image without a face."""

_TITLE_HEIGHT = 24
_GAP = 4


def write_png(image: NDArray[np.uint8], path: Path) -> None:
    """Write a picture atomically.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        path: The file; its folder is created.
    """
    import cv2

    is_written, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert is_written, "PNG encoding of a uint8 image cannot fail"
    write_whole(path, encoded.tobytes())


def draw_faces(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], landmarks: NDArray[np.float32], side: int
) -> NDArray[np.uint8]:
    """Draw an image with its faces, scaled to a longer side of ``side`` pixels.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: ``(N, 4)`` edges x1, y1, x2, y2 in pixels.
        landmarks: ``(N, 5, 2)`` pixels.
        side: Longer side in pixels.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    from apps.drawing.contact_sheet import Tile, draw_tile

    return draw_tile(Tile(image, boxes, landmarks.reshape(-1, 2)), side)


def face_tile(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], landmarks: NDArray[np.float32], side: int = 200
) -> Tile:
    """Like ``draw_faces``, but returns a tile, with a note if there are no faces."""
    from apps.drawing.contact_sheet import Tile

    drawn = draw_faces(image, boxes, landmarks, side)
    return Tile(drawn if len(boxes) else _with_note(drawn, NO_FACE))


def titled_sheet(tiles: Sequence[Tile], titles: Sequence[str], side: int = 200) -> NDArray[np.uint8]:
    """Lay tiles out row by row under column titles.

    Args:
        tiles: Complete rows, at least one.
        titles: Column titles.
        side: Longer side of a tile in pixels.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    import numpy as np

    from apps.drawing.contact_sheet import contact_sheet

    sheet = contact_sheet(tiles, len(titles), side, _GAP)
    head = np.full((_TITLE_HEIGHT, sheet.shape[1], 3), 255, dtype=np.uint8)
    for column, title in enumerate(titles):
        left = _GAP + column * (side + _GAP)
        _write_centred(head[:, left : left + side], title)
    return np.vstack((head, sheet))


def write_precision_recall(summaries: Mapping[str, Mapping[str, PrecisionSummary]], path: Path) -> None:
    """Draw precision-recall curves: a panel per subset of the faces, a curve per detector.

    Args:
        summaries: By detector and subset; at least one of each, the same subsets for all.
        path: The PNG, written atomically.
    """
    from io import BytesIO

    from matplotlib.figure import Figure

    subsets = list(next(iter(summaries.values())))
    figure = Figure(figsize=(5 * len(subsets), 4.5), layout="constrained")
    for axes, subset in zip(figure.subplots(1, len(subsets), squeeze=False)[0], subsets, strict=True):
        for name, by_subset in summaries.items():
            precision, recall, _ = by_subset[subset].curve.numpy()
            label = f"{name}, AP {float(by_subset[subset].average_precision):.3f}"
            axes.plot([*recall[:1] * 0, *recall], [*precision[:1], *precision], label=label)  # starting at the axis
        axes.set(title=f"faces: {subset}", xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower left")
    encoded = BytesIO()
    figure.savefig(encoded, format="png", dpi=120)
    write_whole(path, encoded.getvalue())


def _with_note(image: NDArray[np.uint8], note: str) -> NDArray[np.uint8]:
    """The image with a note in a white strip below."""
    noted = image.copy()
    strip = noted[-_TITLE_HEIGHT:]
    strip[:] = 255
    _write_centred(strip, note)
    return noted


def _write_centred(strip: NDArray[np.uint8], text: str) -> None:
    """Write black text into an image, as large as it fits, up to about 12 px."""
    import cv2

    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.45
    (width, height), _ = cv2.getTextSize(text, font, scale, 1)
    scale *= min(1.0, 0.96 * strip.shape[1] / width)
    (width, height), _ = cv2.getTextSize(text, font, scale, 1)
    place = ((strip.shape[1] - width) // 2, (strip.shape[0] + height) // 2)
    cv2.putText(strip, text, place, font, scale, (0, 0, 0), 1, cv2.LINE_AA)
