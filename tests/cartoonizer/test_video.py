from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cartoonizer import Cartoonizer, CartoonizerError, PhotoError
from cartoonizer.command import main
from cartoonizer.tracking import Tracker
from cartoonizer.video import cartoonize_video

RATE, FRAMES = 25, 10


def frames_of(portrait: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A still face in noise, as a webcam sees it."""
    random = np.random.default_rng(0)
    still = cv2.resize(portrait, (267, 327), interpolation=cv2.INTER_CUBIC)
    return [np.clip(still + random.normal(0, 9, still.shape), 0, 255).astype(np.uint8)[:, :266] for _ in range(FRAMES)]


def write_clip(
    path: Path, frames: Sequence[NDArray[np.uint8]], sound: str = "aac", times: Sequence[int] | None = None
) -> Path:
    """A short video with sound.

    Args:
        path: The file.
        frames: Its pictures.
        sound: Codec of its sound.
        times: Time of each picture in milliseconds; by default ``RATE`` a second.
    """
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream("libx264", rate=RATE, options={"crf": "10", "preset": "ultrafast"})
        heard: Any = container.add_stream(sound, rate=44100, layout="mono")
        pictures.width, pictures.height = 266, 326
        if times:
            pictures.codec_context.time_base = Fraction(1, 1000)
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:326]), format="rgb24")
            if times:
                picture.pts, picture.time_base = times[number], Fraction(1, 1000)
            container.mux(pictures.encode(picture))
            tone = np.sin(np.arange(1764) * 0.06)[None].astype(np.float32)
            samples = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            samples.sample_rate, samples.pts = 44100, 1764 * number
            container.mux(heard.encode(samples))
        container.mux(pictures.encode(None))
        container.mux(heard.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path, pixels: NDArray[np.uint8]) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames_of(pixels))


def read(path: Path) -> tuple[list[NDArray[np.uint8]], int, float]:
    """The pictures, the number of sound packets, and the frames a second of a video."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 0)
        pictures = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sounds = sum(packet.size > 0 for packet in container.demux(audio=0))
    return pictures, sounds, rate


def test_a_video_keeps_its_length_and_sound_and_changes_its_faces(clip: Path, tmp_path: Path) -> None:
    assert main([str(clip), "--hair", "black", "--out", str(tmp_path / "out")]) == 0
    before, sounds, rate = read(clip)
    after, sounds_after, rate_after = read(tmp_path / "out" / "clip.mp4")
    assert len(after) == len(before) == FRAMES
    assert (sounds_after, rate_after) == (sounds, rate)
    assert sounds > 3
    middle = (slice(100, 230), slice(60, 200))
    corner = (slice(300, 326), slice(0, 30))
    for one, other in zip(before, after, strict=True):
        difference = np.abs(one.astype(int) - other)
        assert difference[middle].mean() > 15
        assert difference[corner].mean() < 8
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.mp4"]


def test_landmarks_of_a_still_face_are_steady(cartoonizer: Cartoonizer, pixels: NDArray[np.uint8]) -> None:
    tracker = Tracker()
    raw, smooth = [], []
    for frame in frames_of(pixels):
        (found,) = cartoonizer.find(frame, "largest")
        raw.append(found.landmarks)
        smooth.append(tracker([found], 1 / RATE)[0].detection.landmarks)
    jitter, steadied = (np.linalg.norm(np.diff(each, axis=0), axis=2).mean() for each in (raw, smooth))
    assert jitter > 0.05
    assert steadied < 0.5 * jitter


def test_what_is_no_video_and_wrong_options_are_refused(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn.mp4").write_bytes(clip.read_bytes()[:500])
    assert main([str(tmp_path / "torn.mp4"), "--out", str(tmp_path / "out")]) == 1
    assert "torn.mp4 is not a supported video" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())
    for words in (["--hair", "all"], ["--side-by-side"], ["--size", "64"]):
        assert main([str(clip), *words, "--out", str(tmp_path / "out")]) == 2


def test_without_pyav_it_says_so(
    clip: Path, tmp_path: Path, cartoonizer: Cartoonizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CartoonizerError, match="videos need PyAV"):
        cartoonize_video(cartoonizer, clip, tmp_path / "x.mp4", "all", {})


@pytest.mark.parametrize(("name", "sound"), [("clip.avi", "pcm_s16le"), ("clip.mov", "pcm_s16be"), ("clip.mkv", "mp2")])
def test_sound_that_mp4_cannot_hold_is_encoded_again(
    cartoonizer: Cartoonizer, tmp_path: Path, pixels: NDArray[np.uint8], name: str, sound: str
) -> None:
    source = write_clip(tmp_path / name, frames_of(pixels)[:4], sound)
    assert cartoonize_video(cartoonizer, source, tmp_path / "out.mp4", "all", {}) == 4
    before, after = heard(source), heard(tmp_path / "out.mp4")
    assert after[0] == "aac"
    assert abs(len(after[1]) - len(before[1])) <= 2048
    middle = slice(3000, 5000)
    assert np.std(after[1][middle]) == pytest.approx(np.std(before[1][middle]), rel=0.1)


def heard(path: Path) -> tuple[str, NDArray[np.float32]]:
    """The codec of a video's sound, and its samples."""
    with av.open(str(path)) as container:
        codec = container.streams.audio[0].codec.canonical_name
        resampler = av.AudioResampler("flt", "mono", 44100)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return codec, np.concatenate(parts)


def test_the_times_of_a_variable_frame_rate_are_kept(
    cartoonizer: Cartoonizer, tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    times = [0, 7, 14, 300, 310, 1000]
    for name in ("clip.mp4", "clip.mkv"):
        source = write_clip(tmp_path / name, frames_of(pixels)[: len(times)], times=times)
        cartoonize_video(cartoonizer, source, tmp_path / "out.mp4", "all", {})
        with av.open(str(tmp_path / "out.mp4")) as container:
            seconds = [float(frame.time or 0) for frame in container.decode(video=0)]
        np.testing.assert_allclose(np.subtract(seconds, seconds[0]), np.divide(times, 1000), atol=0.002)


def test_a_video_without_a_face_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grey = [np.full((326, 266, 3), 90, dtype=np.uint8)] * 3
    source = write_clip(tmp_path / "empty.mp4", grey)
    assert main([str(source), "--out", str(tmp_path / "out")]) == 1
    assert "empty.mp4: no face found" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


def test_what_cannot_be_written_is_not_blamed_on_the_source(
    clip: Path, cartoonizer: Cartoonizer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file" / "out.mp4", tmp_path / f"{'x' * 250}.mp4", Path("/proc/out.mp4")):
        with pytest.raises(CartoonizerError, match=f"cannot write {target}: ") as error:
            cartoonize_video(cartoonizer, clip, target, "all", {})
        assert not isinstance(error.value, PhotoError)


def test_a_full_disk_is_named(clip: Path, cartoonizer: Cartoonizer, tmp_path: Path) -> None:
    target = tmp_path / "out" / "clip.mp4"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(CartoonizerError, match=f"cannot write {target}: File too large") as error:
            cartoonize_video(cartoonizer, clip, target, "all", {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not isinstance(error.value, PhotoError)
    assert not list(target.parent.iterdir())
