#!/usr/bin/env python
"""Takes the pictures of every screen, of its states and of the pages that stand alone.

`scripts/test --screens [FOLDER] [--only REGEX]`: each in both languages, light and dark, wide and
narrow, from a demonstration of its own; without a folder into screens/. `scripts/test --screens
--readme` takes the README's two into docs/images.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import httpx
from playwright.sync_api import Page, ViewportSize

from scripts.screen_states import ROLES, ROOT, STATES, VEHICLE, furnish
from tests.acceptance.browser import Theme, Visit, visiting
from tests.integration.processes import passing_folder
from tests.integration.service import Service, running_service, served

SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1440, "height": 900},
    "narrow": {"width": 390, "height": 844},
}
WIDE = ("wide",)
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGUAGES = {"en": "en", "zh": "zh-Hant"}
README_PICTURES: tuple[tuple[str, Theme], ...] = (("en", "light"), ("zh", "dark"))
ALERTS_WANTED = 5
VEHICLES = 600
#: Of the demonstration's vehicles; parameters follow.
VIEWS = {
    "track": f"track/{VEHICLE}?",
    "near": "near?place=114.1722,22.2978&radius_m=1500&",
    "heat": "heat/HKPF?",
}
#: And what there is once all of it shows.
PORTAL = {
    "developers": ("/developers/", "#problem-table tbody tr"),
    "reference": ("/developers/reference", "details"),
}
#: The first sheet of A4 without its margins, at 96 dots an inch.
PAPER: ViewportSize = {"width": 680, "height": 1001}
#: What the map needs to draw what it was told.
SETTLED_MS = 350
#: The console calls the line lost after 25 s of silence, and offline half a minute later.
LOST_WITHIN_S, OFFLINE_WITHIN_S = 60, 60
#: The console's own switches, or its keys where a screen has none.
DRESS = """([language, theme]) => {
  const html = document.documentElement;
  const press = (name, key) => {
    const button = document.querySelector(`[data-testid="${name}"]`);
    if (button) button.click();
    else document.querySelector("main").dispatchEvent(
      new KeyboardEvent("keydown", {key, bubbles: true}));
  };
  if (!html.lang.startsWith(language)) press(`language-${language}`, "l");
  if (html.dataset.theme !== theme) press("theme", "D");
}"""

Dress = Callable[[Page, str, Theme], object]


def as_console(page: Page, language: str, theme: Theme) -> None:
    """The console in a language and a theme, without a new visit."""
    page.evaluate(DRESS, [LANGUAGES[language], theme])


def as_page(page: Page, language: str, theme: Theme) -> None:
    """A page with switches of its own, or that follows the system's theme."""
    page.emulate_media(color_scheme=theme)
    if page.locator("#theme").count() and page.locator("html").get_attribute("data-theme") != theme:
        page.locator("#theme").click()
    wanted = "zh-Hant-HK" if language == "zh" else "en"
    if page.locator("html").get_attribute("lang") != wanted:
        page.locator("#language").click()


def take(
    page: Page, folder: Path, name: str, dress: Dress = as_console, sizes: Sequence[str] = (*SIZES,)
) -> None:
    """A state in all its looks."""
    for size in sizes:
        page.set_viewport_size(SIZES[size])
        for language, theme in product(LANGUAGES, THEMES):
            dress(page, language, theme)
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=folder / f"{name}-{language}-{theme}-{size}.png")
    page.set_viewport_size(SIZES["wide"])


def enter(visit: Visit, key: str) -> None:
    """Come in by a key, which a demonstration's page does not ask for."""
    visit.page.request.post(f"{visit.origin}/v1/session", data={"key": key})
    visit.page.goto(visit.origin)
    visit.page.get_by_test_id("connection").wait_for()


@contextmanager
def seen(service: Service, key: str) -> Iterator[Visit]:
    """The live screen of somebody, with vehicles and alerts on it."""
    with visiting(service.web_url) as visit:
        enter(visit, key)
        visit.until("drawn vehicles", lambda: visit.diagnostics("drawn") >= VEHICLES, 60)
        visit.until(
            "alerts", lambda: visit.page.get_by_test_id("alert").count() >= ALERTS_WANTED, 120
        )
        yield visit


def take_states(service: Service, key: str, folder: Path, wanted: re.Pattern[str]) -> None:
    """Every screen, as it is and in each of its states."""
    chosen = {name: state for name, state in STATES.items() if wanted.search(name)}
    if not chosen:
        return
    with seen(service, key) as visit:
        page = visit.page
        for name, state in chosen.items():
            page.goto("about:blank")  # nothing is left of the state before
            page.goto(f"{service.web_url}/{state.at}")
            as_console(page, "en", "light")
            page.locator(".screen:not([hidden]) main").wait_for()
            page.wait_for_load_state("networkidle")
            state.bring(page)
            take(page, folder, name)


def take_sign_in(service: Service, folder: Path) -> None:
    """Before somebody is in: of a demonstration, and where names and keys are asked for."""
    with visiting(service.web_url) as visit:
        visit.page.goto(service.web_url)
        visit.page.get_by_test_id("sign-in").wait_for()
        take(visit.page, folder, "sign-in-demo")
    with running_service() as plain, visiting(plain.web_url) as visit:
        page = visit.page
        page.goto(plain.web_url)
        page.get_by_test_id("sign-in").wait_for()
        take(page, folder, "sign-in")
        page.get_by_test_id("with-key").click()
        page.get_by_test_id("key").fill("mp_nobody")
        page.get_by_test_id("key-button").click()
        page.get_by_test_id("refusal").wait_for()
        take(page, folder, "sign-in-refused")


def take_failures(service: Service, key: str, folder: Path) -> None:
    """What shows while nothing has come yet, and where the service fails."""
    for name, status in (("loading", None), ("error", 500)):
        with visiting(service.web_url) as visit:
            page = visit.page
            if status is None:
                page.route("**/v1/vehicles", lambda _: None)
            else:
                page.route("**/v1/vehicles", lambda route: route.fulfill(status=500))
            enter(visit, key)
            take(page, folder, f"live-{name}")


def take_lost(service: Service, key: str, folder: Path) -> None:
    """The live screen while the service does not answer: at first, and for long."""
    with seen(service, key) as visit:
        serve = service.session.pid("serve")
        os.kill(serve, signal.SIGSTOP)
        try:
            for state, within_s in (
                ("reconnecting", LOST_WITHIN_S),
                ("offline", OFFLINE_WITHIN_S),
            ):
                visit.page.locator(f'[data-state="{state}"]').wait_for(timeout=within_s * 1000)
                take(visit.page, folder, f"live-{state}", sizes=WIDE)
        finally:
            os.kill(serve, signal.SIGCONT)


def take_views(service: Service, key: str, folder: Path) -> None:
    """The pages of the past, of what the demonstration drove so far, also on paper."""
    with visiting(service.web_url) as visit:
        enter(visit, key)
        page = visit.page
        for (kind, path), language, theme in product(VIEWS.items(), LANGUAGES, THEMES):
            page.emulate_media(color_scheme=theme)
            asked = f"{path}purpose=screenshots&lang={LANGUAGES[language]}"
            page.goto(f"{service.web_url}/v1/views/{asked}")
            page.locator(".leaflet-container .land").first.wait_for(state="attached")
            for size, viewport in SIZES.items():
                page.set_viewport_size(viewport)
                path_of = folder / f"{kind}-{language}-{theme}-{size}.png"
                page.screenshot(path=path_of, full_page=True)
            if theme == "light":
                on_paper(page, folder, f"{kind}-{language}")


def on_paper(page: Page, folder: Path, name: str) -> None:
    """The page as a printer has it: the first sheet as a picture, all as a PDF."""
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.screenshot(path=folder / f"{name}-paper.png")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True)
    page.emulate_media(media="screen")
    page.set_viewport_size(SIZES["wide"])


def take_printed(service: Service, key: str, folder: Path) -> None:
    """The screens that are printed."""
    with seen(service, key) as visit:
        page = visit.page
        for name in ("live", "alerts", "playback-trips"):
            page.goto(f"{service.web_url}/{STATES[name].at}")
            page.wait_for_load_state("networkidle")
            STATES[name].bring(page)
            for language in LANGUAGES:
                as_console(page, language, "dark")
                on_paper(page, folder, f"{name}-{language}")


def take_pages(service: Service, key: str, folder: Path) -> None:
    """What somebody without an account sees: a share link, and the developers' portal."""
    signed = {"Authorization": f"Bearer {key}"}
    with visiting(service.web_url) as visit, httpx.Client(headers=signed) as caller:
        page = visit.page
        for name, (path, shows) in PORTAL.items():
            page.goto(f"{service.web_url}{path}")
            page.locator(shows).first.wait_for()
            take(page, folder, name, as_page)
        asked = {"vehicle": VEHICLE, "hours": 1, "purpose": "hospital gate"}
        made = caller.post(f"{service.web_url}/v1/shares", json=asked).raise_for_status().json()
        page.goto(f"{service.web_url}{made['path']}")
        visit.until("a place", lambda: page.locator("#status").inner_text() != "", 20)
        take(page, folder, "share", as_page)
        caller.delete(f"{service.web_url}/v1/shares/{made['id']}").raise_for_status()
        page.reload()
        page.locator(".ended").wait_for()
        take(page, folder, "share-ended", as_page)


def take_readme(service: Service, folder: Path) -> None:
    """The live map for the README, in the dark with one vehicle chosen."""
    for language, theme in README_PICTURES:
        with visiting(service.web_url, theme=theme) as visit:
            page = visit.page
            page.goto(service.web_url)
            page.get_by_test_id(f"language-{LANGUAGES[language]}").first.click()
            visit.sign_in("all")
            visit.until("drawn vehicles", lambda: visit.diagnostics("drawn") >= VEHICLES, 60)
            page.get_by_test_id("alert").nth(ALERTS_WANTED).wait_for(timeout=120_000)
            if theme == "dark":
                STATES["live-chosen"].bring(page)
            page.wait_for_timeout(3000)
            page.screenshot(path=folder / f"live-{language}-{theme}.png")


def main() -> int:
    """Start the demonstration and take the pictures."""
    parser = argparse.ArgumentParser(prog="scripts/test --screens", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "screens")
    parser.add_argument("--readme", action="store_true", help="only the README's two")
    parser.add_argument("--only", type=re.compile, default="", help="of names that match this")
    options = parser.parse_args()
    folder = ROOT / "docs" / "images" if options.readme else options.folder
    folder.mkdir(parents=True, exist_ok=True)
    with passing_folder() as data, served(data, ["--demo"]) as service:
        if options.readme:
            take_readme(service, folder)
        else:
            take_all(service, folder, options.only)
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures are in {folder}: look at them.\n")
    return 0


def take_all(service: Service, folder: Path, wanted: re.Pattern[str]) -> None:
    """All whose name is wanted."""
    key = service.key(*ROLES, label="Chan Tai-man")
    furnish(service, key)
    take_states(service, key, folder, wanted)
    if wanted.search("sign-in"):
        take_sign_in(service, folder)
    for name, of in {
        "views": take_views,
        "pages": take_pages,
        "printed": take_printed,
        "failures": take_failures,
        "lost": take_lost,
    }.items():
        if wanted.search(name):
            of(service, key, folder)


if __name__ == "__main__":
    sys.exit(main())
