"""Chromium for the tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
DESK, PHONE = (1280, 900), (390, 844)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser whose camera shows a test picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, *CAMERA])
        yield browser
        browser.close()


def open_page(
    browser: Browser, address: str, size: tuple[int, int] = DESK, scheme: str = "light", patience: int = 30_000
) -> Page:
    """A page on which photos become cartoons, when it has drawn its first; its errors fail the test."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page.set_default_timeout(patience)
    expect.set_options(timeout=patience)  # a busy machine takes more than the five seconds that it waits otherwise
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    settle(page)
    return page


def settle(page: Page) -> None:
    """Wait until a photo is worked off."""
    page.wait_for_selector("#result:not([hidden]), #trouble:not([hidden])")
    page.wait_for_selector("body:not(.busy)")


def source(page: Page) -> str | None:
    """The sticker that is shown."""
    return page.locator("#sticker").get_attribute("src")


def has_nothing_wrong(page: Page) -> bool:
    """Whether axe finds nothing, and nothing is cut off at the side."""
    settle(page)  # what is faded meanwhile has less contrast
    found = [(each["id"], each["impact"]) for each in Axe().run(page).response["violations"]]
    assert found == [], found
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
