"""Replaces the faces of videos with cartoons and keeps the sound. Needs PyAV, the extra ``[video]``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from cartoonizer.arrays import Pixels
from cartoonizer.cartoonizer import Cartoonizer, Faces, limit_of
from cartoonizer.errors import CartoonizerError, PhotoError
from cartoonizer.face import Face
from cartoonizer.paste import paste
from cartoonizer.tracking import Tracker

if TYPE_CHECKING:
    import av

_QUALITY = {"crf": "18", "preset": "veryfast"}


def cartoonize_video(
    cartoonizer: Cartoonizer, source: Path, target: Path, faces: Faces, labels: Mapping[str, str]
) -> int:
    """Write a video in which faces are replaced by cartoons, atomically.

    Args:
        cartoonizer: The cartoonizer.
        source: The video.
        target: An MP4 file.
        faces: The selected faces.
        labels: The class of each label; "own" is the most frequent prediction of the classifier for a face.

    Returns:
        Number of frames with a face.

    Raises:
        PhotoError: The video cannot be read, or has no pictures.
        CartoonizerError: The target cannot be written, or PyAV is not installed.
    """
    av = _av()
    part = target.with_name(f".{target.stem}.{os.getpid()}.part.mp4")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(source)) as taken:
            size = _size_of(taken)
        with av.open(str(source)) as taken, av.open(str(part), "w") as given:
            count = _convert(taken, given, size, _Frames(cartoonizer, faces, labels))
        part.replace(target)
    except av.error.FFmpegError as error:
        raise PhotoError(f"{source} is not a supported video: {error.strerror}") from error
    except OSError as error:
        raise CartoonizerError(f"cannot write {target}: {error.strerror}; choose another --out") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


class _Frames:
    """Processes frames in order, tracking faces and their labels.

    Attributes:
        count: Number of frames with a face.
    """

    def __init__(self, cartoonizer: Cartoonizer, faces: Faces, labels: Mapping[str, str]) -> None:
        self.count = 0
        self._cartoonizer, self._faces, self._labels = cartoonizer, faces, labels
        self._tracker = Tracker(limit_of(faces))

    def __call__(self, pixels: Pixels, seconds: float) -> Pixels:
        tracks = self._tracker(self._cartoonizer.find(pixels, self._faces), seconds)
        drawn: list[Face] = []
        for track in tracks:
            faces = self._cartoonizer.draw(pixels, [track.detection], **track.labels(self._labels))
            track.vote(faces[0].own)
            drawn += faces
        self.count += bool(drawn)
        return paste(pixels, drawn)


def _size_of(taken: av.container.InputContainer) -> tuple[int, int]:
    """Output width and height of a video, from its first picture.

    Raises:
        PhotoError: It has no pictures.
    """
    for frame in taken.decode(video=0) if taken.streams.video else ():
        height, width = _even(_upright(frame)).shape[:2]
        return width, height
    raise PhotoError(f"{taken.name} has no pictures")


def _convert(
    taken: av.container.InputContainer,
    given: av.container.OutputContainer,
    size: tuple[int, int],
    frames: _Frames,
) -> int:
    """Draw each frame and copy the sound, in the original order."""
    pictures = taken.streams.video[0]
    pictures.thread_type = "AUTO"
    sounds = taken.streams.audio[:1]
    rate = pictures.average_rate or Fraction(25)
    written = given.add_stream("libx264", rate=rate, options=_QUALITY)
    written.width, written.height = size
    written.pix_fmt = "yuv420p"
    copies = {sound.index: given.add_stream_from_template(sound) for sound in sounds}
    before = -1 / rate
    for packet in taken.demux(pictures, *sounds):
        if packet.stream.index in copies:
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                given.mux(packet)
            continue
        for frame in packet.decode():
            if not isinstance(frame, _av().VideoFrame):
                continue
            now = Fraction(frame.pts or 0) * (frame.time_base or 1 / rate)
            seconds = float(max(now - before, Fraction(1, 1000)))
            before = now
            given.mux(written.encode(_frame_of(_even(frames(_upright(frame), seconds)), frame)))
    given.mux(written.encode(None))
    return frames.count


def _upright(frame: av.VideoFrame) -> Pixels:
    """The pixels of a frame, ``(H, W, 3)``, rotated upright."""
    pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)), dtype=np.uint8)


def _even(pixels: Pixels) -> Pixels:
    """Crop odd sides by one pixel, since H.264 requires even sides."""
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[: height - height % 2, : width - width % 2])


def _frame_of(pixels: Pixels, like: av.VideoFrame) -> av.VideoFrame:
    """A frame with the timing of another one."""
    frame: av.VideoFrame = _av().VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.pts, frame.time_base = like.pts, like.time_base
    return frame


def _av() -> ModuleType:
    try:
        import av as module
    except ImportError as error:
        raise CartoonizerError("videos need PyAV: pip install av") from error
    return module
