"""Replaces the faces of videos with cartoons and keeps the sound. Needs PyAV, the extra ``[video]``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cartoonizer.arrays import Pixels
from cartoonizer.atomic import whole_file
from cartoonizer.cartoonizer import Cartoonizer, Faces, limit_of
from cartoonizer.errors import NO_FACE, PhotoError
from cartoonizer.face import Face
from cartoonizer.paste import paste
from cartoonizer.tracking import Tracker
from cartoonizer.video_writer import VideoWriter, even, load_av

if TYPE_CHECKING:
    import av


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
        PhotoError: The video cannot be read, or has no pictures or no face; nothing is written.
        CartoonizerError: The target cannot be written, or PyAV is not installed.
    """
    av = load_av()
    with whole_file(target) as part:
        frames = _Frames(cartoonizer, faces, labels)
        try:
            with av.open(str(source)) as taken:
                size = _size_of(taken)
            with av.open(str(source)) as taken, _writer(part, target, size, taken) as given:
                _convert(taken, given, frames)
        except av.error.FFmpegError as error:
            raise PhotoError(f"{source} is not a supported video: {error.strerror}") from error
        if not frames.count:
            raise PhotoError(f"{source}: {NO_FACE}")
    return frames.count


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
        height, width = even(_upright(frame)).shape[:2]
        return width, height
    raise PhotoError(f"{taken.name} has no pictures")


def _writer(part: Path, target: Path, size: tuple[int, int], taken: av.container.InputContainer) -> VideoWriter:
    return VideoWriter(part, target, size, taken.streams.video[0], next(iter(taken.streams.audio), None))


def _convert(taken: av.container.InputContainer, given: VideoWriter, frames: _Frames) -> None:
    """Draw each frame and keep the sound, in the original order."""
    pictures = taken.streams.video[0]
    pictures.thread_type = "AUTO"
    usual = 1 / (pictures.average_rate or Fraction(25))
    before = -usual
    for packet in taken.demux(pictures, *taken.streams.audio[:1]):
        if packet.stream.index != pictures.index and given.copies_sound:
            given.copy(packet)
            continue
        for frame in packet.decode():
            if isinstance(frame, load_av().AudioFrame):
                given.encode(frame)
            elif isinstance(frame, load_av().VideoFrame):
                now = Fraction(frame.pts or 0) * (frame.time_base or usual)
                seconds = float(max(now - before, Fraction(1, 1000)))
                before = now
                given.draw(frames(_upright(frame), seconds), frame)


def _upright(frame: av.VideoFrame) -> Pixels:
    """The pixels of a frame, ``(H, W, 3)``, rotated upright."""
    pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)), dtype=np.uint8)
