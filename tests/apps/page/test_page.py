"""The page in a real browser: a file, several faces, choices, trouble, and its pixels beside the runtime's."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from apps.page.site import HEADERS
from cartoonizer import Cartoonizer
from cartoonizer.decode import decode
from tests.cartoonizer.serve.chromium import DESK, PHONE, has_nothing_wrong, needs_chromium, open_page, settle, source

pytestmark = needs_chromium
PATIENCE = 90_000
THREE = Path("cartoonizer/serve/page/examples/three.jpg")

DRAW = """async ([bytes, width, height]) => {
    const { Cartoonizer } = await import(new URL("chain.js", location).href);
    const { rgbOf } = await import(new URL("pixels.js", location).href);
    window.cartoonizer ??= await Cartoonizer.load();
    const data = Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0));
    const faces = await window.cartoonizer.find({ data, width, height, channels: 3 });
    const text = (values) => btoa(Array.from(values, (each) => String.fromCharCode(each)).join(""));
    return Promise.all(faces.map(async (face) => {
        const { data, width } = await window.cartoonizer.draw(face, face.own);
        const { landmarks, own, frame } = face;
        return { landmarks, own, side: width, rgba: text(data), frame: text(frame.data) };
    }));
}"""


def opened(browser: Browser, address: str, size: tuple[int, int] = DESK, scheme: str = "light") -> Page:
    return open_page(browser, address, size, scheme, PATIENCE)


def changed(page: Page, before: str | None) -> str | None:
    """The sticker that takes the place of another."""
    for _ in range(PATIENCE // 100):
        if (now := source(page)) != before:
            return now
        page.wait_for_timeout(100)
    pytest.fail("the sticker stays")


def test_a_photo_becomes_cartoons_and_stays_on_the_device(browser: Browser, address: str, portrait: Path) -> None:
    page = browser.new_page()
    requests: list[tuple[str, str]] = []
    page.on("request", lambda request: requests.append((request.method, request.url)))
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(address)
    settle(page)
    expect(page.locator("#status")).to_have_text("One face")
    before, loaded = source(page), len(requests)
    page.locator("#file").set_input_files(portrait)
    assert str(changed(page, before)).startswith("data:image/png")
    assert [request for request in requests[loaded:] if not request[1].startswith("data:")] == []
    assert {method for method, _ in requests} == {"GET"}
    assert all(url.startswith((address, "data:")) for _, url in requests)
    assert errors == []
    assert page.evaluate("window.crossOriginIsolated") is False  # nothing is asked of the host
    page.close()


def test_faces_choices_and_trouble(browser: Browser, address: str, tmp_path: Path) -> None:
    page = opened(browser, address)
    page.locator("#file").set_input_files(THREE)
    expect(page.locator("#status")).to_have_text("3 faces")
    settle(page)
    before = source(page)
    page.get_by_role("button", name="Face 2").click()
    pictures = {before, before := changed(page, before)}
    own = page.locator("input[name=hair]:checked").get_attribute("value")
    for colour in {"black", "brown", "blonde", "grey"} - {own}:
        page.locator(f"input[value={colour}]").check(force=True)
        pictures.add(before := changed(page, before))
    assert len(pictures) == 5
    with page.expect_download() as download:
        page.locator("#save-cartoon").click()
    assert download.value.suggested_filename == "cartoon.png"
    (tmp_path / "text.png").write_text("no picture")
    page.locator("#file").set_input_files(tmp_path / "text.png")
    expect(page.locator("#trouble")).to_have_text("This is no image that this browser can read.")
    page.locator("#camera").click()
    page.locator("video").evaluate("(video) => video.videoWidth || new Promise((done) => (video.onresize = done))")
    page.locator("#shoot").click()
    expect(page.locator("#trouble")).to_contain_text("No face was found")  # the test picture of the browser
    page.close()


def test_a_missing_net_is_told(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.route("**/model/onet.onnx*", lambda route: route.fulfill(body="cut off"))
    page.goto(address)
    expect(page.locator("#trouble")).to_have_text("The file model/onet.onnx of this page is missing or damaged.")
    page.close()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, address: str, size: tuple[int, int], scheme: str
) -> None:
    page = opened(browser, address, size, scheme)
    page.locator("[data-example=three]").click()
    expect(page.locator("#status")).to_have_text("3 faces")
    assert has_nothing_wrong(page)
    page.close()


def test_its_pixels_are_those_of_the_runtime(browser: Browser, address: str, portrait: Path) -> None:
    """Landmarks to a thousandth of a pixel; cartoons to 10 of 255, 0.05 on average: WebAssembly rounds otherwise."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    runtime = Cartoonizer(threads=1)
    photos = [THREE, Path("docs/astronaut.jpg"), *sorted(portrait.parent.iterdir())[:5]]
    compared = 0
    for photo in photos:
        pixels = decode(photo)
        expected = runtime(pixels)
        found = page.evaluate(DRAW, [base64.b64encode(pixels.tobytes()).decode(), pixels.shape[1], pixels.shape[0]])
        assert len(found) == len(expected), photo
        for one, other in zip(found, expected, strict=True):
            assert one["own"] == other.own
            assert np.abs(np.array(one["landmarks"]) - other.landmarks).max() < 1e-3
            frame = np.frombuffer(base64.b64decode(one["frame"]), np.uint8).reshape(other.frame.shape)
            assert np.abs(frame.astype(int) - other.frame).max() <= 1
            cartoon = np.frombuffer(base64.b64decode(one["rgba"]), np.uint8).reshape(one["side"], one["side"], 4)
            difference = np.abs(on_white(cartoon) - on_white(other.pixels))
            assert difference.max() <= 10
            assert difference.mean() < 0.05
            compared += 1
    assert compared >= 8
    page.close()


def on_white(
    rgba: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    alpha = rgba[..., 3:] / 255
    return np.asarray(rgba[..., :3] * alpha + 255 * (1 - alpha))


def test_hosts_that_follow_a_headers_file_get_the_policy_as_well(site_folder: Path) -> None:
    assert (site_folder / "_headers").read_text() == HEADERS
    assert "frame-ancestors 'none'" in HEADERS
