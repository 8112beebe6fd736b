"""The page in a real browser: examples, a file, several faces, choices, trouble, and what axe finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.cartoonizer.serve.chromium import (
    DESK,
    PHONE,
    chromium,
    has_nothing_wrong,
    needs_chromium,
    open_page,
    settle,
    source,
)
from tests.cartoonizer.serve.conftest import Serve

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_the_page_is_never_empty_and_colours_answer_at_once(browser: Browser, serve: Serve) -> None:
    page = open_page(browser, serve())
    expect(page.locator("#status")).to_have_text("One face")
    pictures = {}
    for colour in ("black", "brown", "blonde", "grey"):
        page.locator(f"input[value={colour}]").check(force=True)
        pictures[colour] = source(page)
    assert len(set(pictures.values())) == 4
    assert all(str(picture).startswith("data:image/png") for picture in pictures.values())
    with page.expect_download() as download:
        page.locator("#save-sticker").click()
    assert download.value.suggested_filename == "sticker.png"
    page.close()


def test_a_file_with_several_faces_can_be_given(browser: Browser, serve: Serve) -> None:
    page = open_page(browser, serve(body=2_000_000))
    group = Path("cartoonizer/serve/page/examples/three.jpg").resolve()
    page.locator("#file").set_input_files(group)
    expect(page.locator("#status")).to_have_text("3 faces")
    first = source(page)
    page.get_by_role("button", name="Face 2").click()
    assert source(page) != first
    expect(page.get_by_role("button", name="Face 2")).to_have_attribute("aria-pressed", "true")
    page.close()


def test_it_works_by_keyboard(browser: Browser, serve: Serve) -> None:
    page = open_page(browser, serve())
    before = source(page)
    page.locator("input[name=hair]:checked").focus()
    page.keyboard.press("ArrowRight")
    assert source(page) != before
    page.locator("[data-example=curls]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-example=curls][aria-pressed=true]")
    settle(page)
    expect(page.locator("#status")).to_have_text("One face")
    page.close()


def test_the_camera_takes_a_photo(browser: Browser, serve: Serve) -> None:
    page = open_page(browser, serve())
    page.locator("#camera").click()
    expect(page.locator("#booth")).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
    page.locator("#shoot").click()
    expect(page.locator("#trouble")).to_contain_text("No face was found")  # the test picture of the browser
    page.close()


def test_trouble_is_told(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    page = open_page(browser, serve())
    (tmp_path / "text.png").write_text("no picture")
    page.locator("#file").set_input_files(tmp_path / "text.png")
    expect(page.locator("#trouble")).to_contain_text("not a supported image")
    page.close()
    page = open_page(browser, serve(token="secret"))
    expect(page.locator("#trouble")).to_contain_text("token is required")
    page.close()
    page = open_page(browser, serve(token="secret") + "/#secret")
    expect(page.locator("#status")).to_have_text("One face")
    page.close()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, serve: Serve, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(browser, serve(body=2_000_000), size, scheme)
    page.locator("[data-example=three]").click()
    expect(page.locator("#status")).to_have_text("3 faces")
    assert has_nothing_wrong(page)
    page.close()
