from __future__ import annotations

import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cartoonizer import Cartoonizer, CartoonizerError
from cartoonizer.command import main
from cartoonizer.tracking import Tracker
from cartoonizer.video import cartoonize_video

RATE, FRAMES = 25, 10


def frames_of(portrait: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A still face in noise, as a webcam sees it."""
    random = np.random.default_rng(0)
    still = cv2.resize(portrait, (267, 327), interpolation=cv2.INTER_CUBIC)
    return [np.clip(still + random.normal(0, 9, still.shape), 0, 255).astype(np.uint8)[:, :266] for _ in range(FRAMES)]


@pytest.fixture
def clip(tmp_path: Path, pixels: NDArray[np.uint8]) -> Path:
    """A short video with sound."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=RATE, options={"crf": "10", "preset": "ultrafast"})
        sound = container.add_stream("aac", rate=44100)
        pictures.width, pictures.height = 266, 326
        for number, frame in enumerate(frames_of(pixels)):
            even = np.ascontiguousarray(frame[:326])
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            tone = np.sin(np.arange(1764) * 0.06 + number)[None].astype(np.float32)
            samples = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            samples.sample_rate, samples.pts = 44100, 1764 * number
            container.mux(sound.encode(samples))
        container.mux(pictures.encode(None))
        container.mux(sound.encode(None))
    return path


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
