"""The pages in a real browser: they ask for nothing, and run no word that comes from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, sync_playwright

from api.routes.views import CONTENT_SECURITY_POLICY
from maps.views import Language
from tests.acceptance.browser import Theme, launched
from tests.unit.maps.view_samples import pages

LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")
KINDS = ("track", "near", "heat")
ADDRESS = "http://pages.test/page.html"
#: Each would set `window.ran`, or break the page, where a text is taken for something else.
ATTACKS = (
    "<img src=x onerror=window.ran=1>",
    "</script><script>window.ran=1</script>",
    "${window.ran=1}",
    "`;window.ran=1;`",
    "`",
    "\\`${window.ran=1}",
    "'\"><svg onload=window.ran=1>",
    "';window.ran=1;//",
    "</title></style><script>window.ran=1</script>",
    "--><script>window.ran=1</script><!--",
    "&lt;img src=x onerror=window.ran=1&gt;",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{# gone #}",
    "<a href=javascript:window.ran=1>AM 1</a>",
    "<iframe srcdoc='<script>parent.ran=1</script>'>",
    "=cmd()|' /C calc'!A0",
)
#: All of them at once, as one name of a vehicle may be.
ALL = " ".join(ATTACKS)


@dataclass
class Opened:
    """A page as it was opened, and what it did."""

    page: Page
    html: str = ""
    #: The header that it is served with.
    policy: str | None = None
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def open(self, html: str) -> None:
        """Go to a page, at an address where nothing else is."""
        self.requests.clear()
        self.errors.clear()
        self.html = html
        self.page.goto(ADDRESS)
        self.page.locator(".leaflet-container .land").first.wait_for(state="attached")

    def ran(self) -> bool:
        """Whether a word from outside was run."""
        return bool(self.page.evaluate("'ran' in window")) or bool(self.dialogs)

    def shown(self) -> str:
        """All that can be read, with single blanks."""
        return flat(self.page.locator("body").inner_text())


def flat(said: str) -> str:
    """With single blanks, as a page shows it."""
    return re.sub(r"\s+", " ", said)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


def opened(browser: Browser, html: str = "", theme: Theme = "light", width: int = 1280) -> Opened:
    """A window, on a page if one is given."""
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
    said = Opened(context.new_page())

    def answer(route: Route) -> None:
        said.requests.append(route.request.url)
        if route.request.url == ADDRESS:
            headers = {"Content-Security-Policy": said.policy} if said.policy else {}
            kind = {"Content-Type": "text/html; charset=utf-8"}
            route.fulfill(body=said.html, headers={**headers, **kind})
        else:
            route.abort()

    def dismiss(dialog: Dialog) -> None:
        said.dialogs.append(dialog.message)
        dialog.dismiss()

    context.route("**/*", answer)
    said.page.on("pageerror", lambda error: said.errors.append(str(error)))
    said.page.on("console", lambda message: said.errors.append(message.text))
    said.page.on("dialog", dismiss)
    if html:
        said.open(html)
    return said


def without_policy(html: str) -> str:
    """The page without what else keeps scripts from running, so that the escaping stands alone."""
    bare, found = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    assert found == 1
    return bare


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, kind: str) -> None:
    said = opened(browser)
    for language in LANGUAGES:
        said.open(without_policy(pages(language)[kind]))
        # The heat's canvas is read back once more than Chromium likes.
        assert [error for error in said.errors if "willReadFrequently" not in error] == []
        assert said.requests == [ADDRESS]
        assert said.page.locator(".leaflet-container .mark").count() > 0
    said.page.context.close()


@pytest.mark.parametrize("attack", [*ATTACKS, ALL])
def test_no_word_is_run_and_each_is_shown(browser: Browser, attack: str) -> None:
    said = opened(browser)
    for kind, html in pages("en", attack).items():
        said.open(without_policy(html))
        marks = said.page.locator(".leaflet-marker-icon.mark")
        for number in range(min(marks.count(), 5)):
            marks.nth(number).dispatch_event("mouseover")
        assert said.page.locator(".leaflet-tooltip").count() > 0
        assert not said.ran(), kind
        assert said.errors == [] or kind == "heat"
        assert said.requests == [ADDRESS]
        assert said.shown().count(flat(attack)) >= 3, kind
        assert flat(attack) in flat(said.page.title()), kind
        if kind == "near":
            told = said.page.locator(".leaflet-tooltip").first.inner_text()
            assert flat(attack) in flat(told)
    said.page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_policy_alone_keeps_strange_scripts_from_running(browser: Browser, kind: str) -> None:
    """Were the escaping wrong, these would still not run: the page names its scripts by hash."""
    html = pages()[kind].replace("</h1>", "<img src=x onerror='window.ran=1'></h1>")
    html = html.replace("</main>", "<script>window.ran=1</script></main>")
    said = opened(browser, html)
    assert not said.ran()
    assert said.requests == [ADDRESS]
    assert said.page.locator(".leaflet-container .land").count() > 0
    said.page.context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_map_shows_what_it_is_about_at_once(browser: Browser, width: int) -> None:
    """Not after a flight, which a printer or a picture does not wait for."""
    said = opened(browser, pages()["near"], width=width)
    ring = said.page.locator(".leaflet-container .ring").bounding_box()
    chart = said.page.locator(".leaflet-container").bounding_box()
    assert ring is not None
    assert chart is not None
    assert ring["x"] >= chart["x"]
    assert ring["y"] >= chart["y"]
    assert max(ring["width"] / chart["width"], ring["height"] / chart["height"]) > 0.6
    said.page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_served_page_works_in_its_sandbox(browser: Browser, kind: str) -> None:
    """As the API serves it: with scripts, without an origin, so without the console's cookie."""
    said = opened(browser)
    said.policy = CONTENT_SECURITY_POLICY
    said.open(pages()[kind])
    assert said.page.locator(".leaflet-container .mark").count() > 0
    assert said.page.evaluate("self.origin") == "null"
    assert [error for error in said.errors if "willReadFrequently" not in error] == []
    said.page.context.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [320, 390])
def test_a_narrow_screen_needs_no_scrolling_sideways(
    browser: Browser, kind: str, width: int
) -> None:
    said = opened(browser, pages()[kind], width=width)
    assert said.page.evaluate("document.documentElement.scrollWidth") <= width
    said.page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_paper_shows_the_sketch_and_dark_screens_print_light(browser: Browser, kind: str) -> None:
    said = opened(browser, pages()[kind], "dark")
    assert said.page.locator(".paper").is_hidden()
    said.page.emulate_media(media="print")
    assert said.page.locator(".paper").is_visible()
    assert said.page.locator(".screen").is_hidden()
    background = said.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert said.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    said.page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_without_scripts_the_page_shows_its_map_too(browser: Browser, kind: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(pages()[kind])
    assert page.locator("svg.sketch .land").is_visible()
    assert page.locator("h1").inner_text()
    context.close()
