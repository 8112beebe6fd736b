"""The JavaScript of the chain beside the runtime's Python, function by function; needs no network and no npm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from cartoonizer import background, boxes, geometry
from cartoonizer.integral import IntegralImage
from tests.apps.page.conftest import ServeFolder
from tests.cartoonizer.serve.chromium import needs_chromium

pytestmark = needs_chromium
MODULES = Path("apps/page/modules").resolve()
RANDOM = np.random.default_rng(0)

CALL = """async ([file, name, given]) => {
    const module = await import(`/${file}.js`);
    const image = (each) => each?.channels ? { ...each, data: Uint8ClampedArray.from(each.data) } : each;
    const plain = (each) => ArrayBuffer.isView(each) ? Array.from(each)
        : Array.isArray(each) ? each.map(plain)
        : each !== null && typeof each === "object"
            ? Object.fromEntries(Object.entries(each).map(([key, value]) => [key, plain(value)])) : each;
    if (file === "integral") {
        const [of, method, ...rest] = given;
        return plain(new module.IntegralImage(image(of))[method](...rest));
    }
    return plain(module[name](...given.map(image)));
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, serve_folder: ServeFolder) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{serve_folder(MODULES)}/pixels.js")
    yield page
    page.close()


def call(page: Page, name: str, *given: Any) -> Any:
    file, _, function = name.partition(".")
    return page.evaluate(CALL, [file, function, [sent(each) for each in given]])


def sent(value: Any) -> Any:
    """Images, which are arrays of bytes, and other arrays as JavaScript takes them."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype != np.uint8:
        return value.tolist()
    height, width = value.shape[:2]
    channels = value.shape[2] if value.ndim == 3 else 1
    return {"data": value.ravel().tolist(), "width": width, "height": height, "channels": channels}


def image_of(found: Any) -> NDArray[np.uint8]:
    shape = (found["height"], found["width"]) + ((found["channels"],) if found["channels"] > 1 else ())
    return np.array(found["data"], dtype=np.uint8).reshape(shape)


def drawn(height: int, width: int, blur: float = 1.5) -> NDArray[np.uint8]:
    noise = RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), blur), dtype=np.uint8)


def matte(side: int) -> NDArray[np.uint8]:
    """Blobs with soft edges."""
    spots = cv2.GaussianBlur(RANDOM.random((side, side)).astype(np.float32), (0, 0), 6)
    return np.asarray(np.clip((spots - spots.mean()) * 60 + 0.5, 0, 1) * 255, dtype=np.uint8)


@pytest.mark.parametrize("size", [(256, 64), (256, 128), (200, 64), (64, 64)])
def test_reductions(page: Page, size: tuple[int, int]) -> None:
    for image in (drawn(size[0], size[0]), matte(size[0])):
        expected = geometry.resized(image, size[1])
        assert (image_of(call(page, "geometry.resized", image, size[1])) == expected).all()


def test_enlargements_differ_by_one_at_most(page: Page) -> None:
    image = drawn(64, 64)
    found = image_of(call(page, "geometry.resized", image, 97))
    assert np.abs(found.astype(int) - geometry.resized(image, 97)).max() <= 1


def test_a_photo_is_reduced_for_the_search(page: Page) -> None:
    photo = drawn(173, 311)
    expected, scale = geometry.reduced_to(photo, 100)
    found = call(page, "geometry.reducedTo", photo, 100)
    assert (image_of(found["small"]) == expected).all()
    assert found["scale"] == scale.tolist()
    assert call(page, "geometry.reducedTo", photo, 400)["scale"] == [1, 1]


@pytest.mark.parametrize("scale", [0.4, 1.7])
def test_frames(page: Page, scale: float) -> None:
    """Turned, and partly beyond the photo; reduced and enlarged."""
    photo = drawn(150, 120)
    matrix = np.array([[scale, 0.3 * scale, -9.0], [-0.3 * scale, scale, 12.5]])
    expected = geometry.cut_out(photo, matrix, 96)
    found = call(page, "geometry.cutOut", photo, matrix, 96)
    for name in ("pixels", "inside"):
        difference = np.abs(image_of(found[name]).astype(int) - getattr(expected, name))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 1e-3


def test_maps(page: Page) -> None:
    source, target = (RANDOM.uniform(0, 200, (5, 2)).astype(np.float32) for _ in range(2))
    matrix = geometry.fit_similarity(source, target)
    np.testing.assert_allclose(call(page, "geometry.fitSimilarity", source, target), matrix, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(call(page, "geometry.inverse", matrix), geometry.inverse(matrix), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(call(page, "geometry.inEighths", source), geometry.in_eighths(source))
    for degrees in (45, -90, 180):
        expected, size = geometry.turn((40, 70), degrees)
        found = call(page, "geometry.turn", 70, 40, degrees)
        np.testing.assert_allclose(found["matrix"], expected, atol=1e-9)
        assert tuple(found["size"]) == size


def test_running_sums(page: Page) -> None:
    image = drawn(61, 83)
    sums = IntegralImage(image)
    level = np.array(call(page, "integral.", image, "level", 19, 27), np.float32)
    np.testing.assert_array_equal(level.reshape(1, 3, 19, 27), sums.level(19, 27))
    windows = np.array([[-7, 3, 20, 30], [60, 40, 100, 80], [5, 5, 6, 6]], np.float32)
    crops = np.array(call(page, "integral.", image, "crops", windows, 12), np.float32)
    np.testing.assert_array_equal(crops.reshape(3, 3, 12, 12), sums.crops(windows, 12))
    for window, inside in zip(windows, sums.contains(windows), strict=True):
        assert call(page, "integral.", image, "contains", window) == inside
    assert not call(page, "integral.", image, "contains", np.array([90.0, 0, 99, 9]))


def test_boxes(page: Page) -> None:
    corners = RANDOM.uniform(0, 100, (60, 2)).astype(np.float32)
    found = np.concatenate([corners, corners + RANDOM.uniform(5, 60, (60, 2)).astype(np.float32)], axis=1)
    scores = RANDOM.integers(0, 30, 60).astype(np.float32)  # with equal ones
    offsets = RANDOM.normal(0, 0.2, (60, 4)).astype(np.float32)
    for of_smaller in (False, True):
        kept = boxes.suppress(found, scores, 0.5, of_smaller)
        assert call(page, "boxes.suppress", found, scores, 0.5, of_smaller) == kept.tolist()
    moved = boxes.calibrate(found, offsets)
    squares = boxes.whole_squares(moved)
    for place in range(60):
        assert call(page, "boxes.calibrate", found[place], offsets[place]) == moved[place].tolist()
        assert call(page, "boxes.wholeSquare", moved[place]) == squares[place].tolist()


def test_backgrounds(page: Page) -> None:
    image, mask = drawn(64, 64), matte(128)
    assert (image_of(call(page, "background.tidied", mask)) == background.tidied(mask)).all()
    assert (image_of(call(page, "background.tidied", 0 * mask)) == 255).all()
    region = np.array(call(page, "background.headRegion", mask)).reshape(mask.shape)
    assert (region == background.head_region(mask)).all()
    assert np.array(call(page, "background.headRegion", 0 * mask)).all()
    found = image_of(call(page, "background.onWhite", image, mask)).astype(int)
    assert np.abs(found - background.on_white(image, mask)).max() <= 1
