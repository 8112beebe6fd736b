"""Writes videos: MP4 files with pictures in H.264, and the sound of another video. Needs PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cartoonizer.arrays import Pixels
from cartoonizer.errors import CartoonizerError

if TYPE_CHECKING:
    import av

_QUALITY = {"crf": "18", "preset": "veryfast"}

_COPIED = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})
"""Sound that MP4 holds and players support; other sound is encoded as AAC."""


class VideoWriter:
    """An MP4 file that is being written, with the timing of another video.

    Args:
        path: The file.
        name: The file that messages name.
        size: Width and height in pixels; both even.
        pictures: The other video's pictures.
        sound: Its sound; None for none.

    Raises:
        CartoonizerError: The file cannot be written; also raised by all methods.
    """

    def __init__(
        self,
        path: Path,
        name: Path,
        size: tuple[int, int],
        pictures: av.VideoStream,
        sound: av.AudioStream | None,
    ) -> None:
        self._name = name
        self.copies_sound = sound is not None and sound.codec.canonical_name in _COPIED
        with self._named_errors():
            self._file = load_av().open(str(path), "w", format="mp4")
            self._pictures = self._add_pictures(size, pictures)
            self._sound = None if sound is None else self._add_sound(sound)

    def __enter__(self) -> Self:
        """Start to write."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Complete the file; after an error, only close it."""
        if kind is not None:
            with suppress(load_av().error.FFmpegError):
                self._file.close()
            return
        with self._named_errors():
            self._file.mux(self._pictures.encode(None))
            if self._sound is not None and not self.copies_sound:
                self._file.mux(self._sound.encode(None))
            self._file.close()

    def draw(self, pixels: Pixels, like: av.VideoFrame) -> None:
        """Write a picture ``(H, W, 3)`` with the timing of a frame; odd sides are cropped by one pixel."""
        frame = load_av().VideoFrame.from_ndarray(even(pixels), format="rgb24")
        frame.pts, frame.time_base = like.pts, like.time_base
        with self._named_errors():
            self._file.mux(self._pictures.encode(frame))

    def copy(self, packet: av.Packet[Any]) -> None:
        """Write a packet of the sound."""
        if packet.dts is None:  # marks the end
            return
        packet.stream = self._sound
        with self._named_errors():
            self._file.mux(packet)

    def encode(self, frame: av.AudioFrame) -> None:
        """Encode and write a decoded part of the sound."""
        assert self._sound is not None
        with self._named_errors():
            self._file.mux(self._sound.encode(frame))

    def _add_pictures(self, size: tuple[int, int], like: av.VideoStream) -> av.VideoStream:
        rate = like.average_rate or Fraction(25)
        stream: av.VideoStream = self._file.add_stream("libx264", rate=rate, options=_QUALITY)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        if like.time_base:  # finer than the rate if that is variable
            stream.codec_context.time_base = like.time_base
        return stream

    def _add_sound(self, like: av.AudioStream) -> av.AudioStream:
        if self.copies_sound:
            copied: av.AudioStream = self._file.add_stream_from_template(like)
            return copied
        rates = load_av().Codec("aac", "w").audio_rates or ()
        rate = like.rate if like.rate in rates else 48000
        layout = "mono" if like.channels == 1 else "stereo"
        encoded: av.AudioStream = self._file.add_stream("aac", rate=rate, layout=layout)
        return encoded

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except load_av().error.FFmpegError as error:
            raise CartoonizerError(f"cannot write {self._name}: {error.strerror}; choose another --out") from error


def even(pixels: Pixels) -> Pixels:
    """Crop odd sides by one pixel, since H.264 requires even sides."""
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[: height - height % 2, : width - width % 2])


def load_av() -> ModuleType:
    """PyAV.

    Raises:
        CartoonizerError: It is not installed.
    """
    try:
        import av as module
    except ImportError as error:
        raise CartoonizerError("videos need PyAV: pip install av") from error
    return module
