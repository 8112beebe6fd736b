"""The page in a real browser: keys, taps, reloads and a lost network."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from apps.rate.questions import Mode
from apps.rate.ratings import read_ratings

CHROMIUM = shutil.which("chromium")
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESK, PHONE = (1280, 800), (360, 740)
Open = Callable[..., Page]
ServeFunction = Callable[[Mode], str]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

RUN_SHOWN = """image => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1, 1];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[2];
}"""
"""The blue of a picture, which is 1, 2 or 3 for the runs."""

CONTRASTS = """() => {
    const luminance = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(value => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        const colour = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
        return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour;
    };
    const texts = [...document.querySelectorAll("body *")].filter(element => element.checkVisibility()
        && [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    return texts.map(element => {
        const pair = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => b - a);
        return [element.textContent.trim(), (pair[0] + 0.05) / (pair[1] + 0.05)];
    });
}"""
"""Contrast of every text that can be seen, as WCAG defines it."""


def settle(page: Page) -> None:
    """Wait until the page takes the next answer."""
    page.wait_for_selector("body:not([aria-busy])")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens the page; what the browser's console says of errors fails the test in the end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(address: str, size: tuple[int, int] = DESK, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(address)
        settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    planted = ("ERR_INTERNET_DISCONNECTED", "status of 503")
    assert [text for text in complaints if not any(word in text for word in planted)] == []


def run_shown(page: Page, image: str) -> int:
    return int(page.locator(image).evaluate(RUN_SHOWN))


def has_no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        settle(page)


def score_to_the_end(page: Page) -> None:
    """Give run 1 ones, run 2 twos and run 3 threes; a point more on the last scale."""
    while not page.locator("#end").is_visible():
        run = str(run_shown(page, "#cartoon img"))
        press(page, run, run, str(int(run) + 1))


def test_scores_by_keyboard_alone_with_a_reload_in_the_middle(
    serve: ServeFunction, open_page: Open, database: Path
) -> None:
    page = open_page(serve(Mode.SCORES))
    assert page.locator("html").get_attribute("lang") == "en"
    press(page, "Tab")
    page.keyboard.type("Ada 123")
    press(page, "Enter")
    expect(page.locator("#question-title")).to_have_text("Identity")
    assert page.locator("#name").input_value() == "Ada 123"  # keys of a name rate nothing
    run = run_shown(page, "#cartoon img")
    press(page, "5", "5")
    expect(page.locator("#step")).to_have_text("Question 3 of 3")
    before = page.locator("#cartoon img").get_attribute("src")

    page.reload()
    expect(page.locator("#step")).to_have_text("Question 3 of 3")
    assert page.locator("#cartoon img").get_attribute("src") == before
    press(page, "9", "x")  # no answers
    expect(page.locator("#step")).to_have_text("Question 3 of 3")
    press(page, str(run + 1))
    expect(page.locator("#count")).to_have_text("1 of 12 done")

    press(page, "Backspace", "Backspace", "Backspace")  # to the first question, to mend what was pressed
    expect(page.locator("#question-title")).to_have_text("Identity")
    expect(page.locator("#scores [aria-pressed=true]")).to_have_text(re.compile("^5"))
    press(page, str(run), str(run))
    page.get_by_role("button", name="Forward").click()
    settle(page)
    expect(page.locator("#step")).to_have_text("Question 1 of 3")
    score_to_the_end(page)
    expect(page.locator("#summary")).to_have_text("You have rated all 12 cartoons.")
    page.reload()
    expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()

    ratings = read_ratings(database)
    assert (ratings.raters, ratings.count) == (1, 12 * 3)
    for scale, extra in (("identity", 0), ("realistic", 0), ("as_profile", 1)):
        assert ratings.scores[scale][0] == pytest.approx(np.array([[1, 2, 3]] * 4) + extra)


def test_pairs_by_taps_on_a_phone(serve: ServeFunction, open_page: Open, database: Path) -> None:
    """The higher run is better, but runs 1 and 2 do not differ."""
    page = open_page(serve(Mode.PAIRS), PHONE)
    assert has_no_sideways_scroll(page)
    page.get_by_role("button", name="Agree and start").tap()
    settle(page)
    while not page.locator("#end").is_visible():
        assert has_no_sideways_scroll(page)
        left, right = (run_shown(page, f".choice[data-value='{side}'] img") for side in (-1, 1))
        name = "No difference" if left + right == 3 else "Cartoon A" if left > right else "Cartoon B"
        button = page.get_by_role("button", name=name)
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= PHONE[1]  # without scrolling
        button.tap()
        settle(page)
    assert has_no_sideways_scroll(page)
    choices = read_ratings(database).choices[0]
    assert (choices[:, 0, 1] == 0).all()
    assert (choices[:, 0, 2] == 1).all()
    assert (choices[:, 1, 2] == 1).all()


def test_pairs_by_keyboard(serve: ServeFunction, open_page: Open, database: Path) -> None:
    page = open_page(serve(Mode.PAIRS))
    press(page, "Tab", "Tab", "Enter")
    keys = ["a", "ArrowLeft", "b", "ArrowRight", "0", "ArrowDown"]
    for key in keys:
        press(page, key)
    press(page, "Backspace")
    expect(page.locator("#tie")).to_have_attribute("aria-pressed", "true")
    for expected in (0, 1, 1, -1, -1):
        press(page, "Backspace")
        pressed = page.locator("[data-mode=pairs][aria-pressed=true]")
        assert pressed.get_attribute("data-value") == str(expected)
    expect(page.get_by_role("button", name="Back", exact=True)).to_be_hidden()
    assert read_ratings(database).count == len(keys)


def test_without_network_an_answer_is_kept_and_sent_later(
    serve: ServeFunction, open_page: Open, database: Path
) -> None:
    page = open_page(serve(Mode.SCORES))
    page.get_by_role("button", name="Agree and start").click()
    settle(page)
    page.context.set_offline(True)
    page.keyboard.press("4")
    expect(page.get_by_role("alert")).to_contain_text("Your answer is kept")
    assert read_ratings(database).count == 0
    page.context.set_offline(False)
    settle(page)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#step")).to_have_text("Question 2 of 3")
    assert read_ratings(database).count == 1

    page.context.set_offline(True)
    page.keyboard.press("5")
    expect(page.get_by_role("alert")).to_be_visible()
    page.context.set_offline(False)
    page.reload()  # whether or not the page was quicker
    settle(page)
    expect(page.locator("#step")).to_have_text("Question 3 of 3")
    assert read_ratings(database).count == 2


def test_an_answer_outlives_a_reload_while_the_server_is_away(
    serve: ServeFunction, open_page: Open, database: Path
) -> None:
    page = open_page(serve(Mode.SCORES))
    page.get_by_role("button", name="Agree and start").click()
    settle(page)
    page.context.route("**/api/ratings", lambda route: route.fulfill(status=503))
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    page.context.unroute("**/api/ratings")
    page.reload()
    expect(page.locator("#step")).to_have_text("Question 2 of 3")
    assert np.nansum(read_ratings(database).scores["identity"]) == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(serve: ServeFunction, open_page: Open, scheme: str) -> None:
    page = open_page(serve(Mode.SCORES), PHONE, scheme)
    seen = page.evaluate(CONTRASTS)
    page.get_by_role("button", name="Agree and start").tap()
    settle(page)
    press(page, "3", "Backspace")
    seen += page.evaluate(CONTRASTS)
    texts = [text for text, _ in seen]
    assert {"Agree and start", "partly", "Forward", "0 of 12 done"} <= set(texts)
    assert [text for text, contrast in seen if contrast < 4.5] == []
