#!/usr/bin/env python
"""Takes the pictures of every screen, of its states and of the pages that stand alone.

`scripts/test --screens [FOLDER]`: each in both languages, light and dark, wide and narrow, from a
demonstration of its own; without a folder into screens/. `scripts/test --screens --readme` takes
the README's two into docs/images.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from tests.acceptance.browser import Theme, Visit, visiting
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served

ROOT = Path(__file__).parents[1]
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGUAGES = {"en": "en", "zh": "zh-Hant"}
README_PICTURES: tuple[tuple[str, Theme], ...] = (("en", "light"), ("zh", "dark"))
ALERTS_WANTED = 5
VEHICLES = 600
#: As the table of screens has them.
SCREENS = re.findall(r'\bname: "(\w+)"', (ROOT / "maps/console/src/screens.ts").read_text("utf-8"))
#: Of the demonstration's vehicles; parameters follow.
PAGES = {
    "track": "track/HYD/EP-001?",
    "near": "near?place=114.1722,22.2978&radius_m=1500&",
    "heat": "heat/HKPF?",
}
#: The first sheet of A4 without its margins, at 96 dots an inch.
PAPER: ViewportSize = {"width": 680, "height": 1001}
#: The console calls the line lost after 25 s of silence, and offline half a minute later.
LOST_WITHIN_S, OFFLINE_WITHIN_S = 60, 60


def nothing_found(page: Page) -> None:
    """A search without a match."""
    page.get_by_test_id("search").fill("no such vehicle")
    page.get_by_test_id("vehicles-none").wait_for()


def one_chosen(page: Page) -> None:
    """The vehicle of the newest alert, with its details."""
    page.get_by_test_id("alert").first.click()
    page.get_by_test_id("details-duty").wait_for()


def asked_for_help(page: Page) -> None:
    """All the keys."""
    page.get_by_test_id("help").click()
    page.get_by_test_id("help-dialog").wait_for()


def four_followed(page: Page) -> None:
    """Each on a map of its own."""
    page.get_by_test_id("vehicle-list").focus()
    for _ in range(4):
        page.keyboard.press("j")
        page.keyboard.press("f")
    page.get_by_test_id("follow-mark").nth(3).wait_for()


#: What the live screen may be in, beside as it is.
STATES: dict[str, Callable[[Page], None]] = {
    "chosen": one_chosen,
    "empty": nothing_found,
}
WIDE_STATES: dict[str, Callable[[Page], None]] = {
    "help": asked_for_help,
    "followed": four_followed,
}


@contextmanager
def seen(
    service: Service, language: str, theme: Theme, size: str = "wide", who: str = "all"
) -> Iterator[Visit]:
    """The live screen of somebody, with vehicles and alerts on it."""
    width, height = SIZES[size]
    with visiting(service.web_url, width=width, height=height, theme=theme) as visit:
        visit.page.goto(service.web_url)
        visit.page.get_by_test_id(f"language-{LANGUAGES[language]}").first.click()
        visit.sign_in(who)
        visit.until("drawn vehicles", lambda: visit.diagnostics("drawn") >= VEHICLES, 60)
        visit.until(
            "alerts", lambda: visit.page.get_by_test_id("alert").count() >= ALERTS_WANTED, 120
        )
        yield visit


def take_screens(service: Service, folder: Path, language: str, theme: Theme, size: str) -> None:
    """The sign-in page, every screen, and the states of the live one."""
    end = f"{language}-{theme}-{size}.png"
    width, height = SIZES[size]
    with visiting(service.web_url, width=width, height=height, theme=theme) as visit:
        visit.page.goto(service.web_url)
        visit.page.get_by_test_id(f"language-{LANGUAGES[language]}").first.click()
        visit.page.get_by_test_id("sign-in").wait_for()
        visit.page.screenshot(path=folder / f"sign-in-{end}")
    with seen(service, language, theme, size) as visit:
        page = visit.page
        for name in SCREENS:
            page.goto(f"{service.web_url}/#/{name}")
            page.locator(".screen:not([hidden]) main").wait_for()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(1000)
            page.screenshot(path=folder / f"{name}-{end}")
        for name, bring in (STATES | (WIDE_STATES if size == "wide" else {})).items():
            page.goto(f"{service.web_url}/#/live")
            bring(page)
            page.wait_for_timeout(700)
            page.screenshot(path=folder / f"live-{name}-{end}")
            page.keyboard.press("Escape")


def take_failures(service: Service, folder: Path, language: str, theme: Theme) -> None:
    """What shows while nothing has come yet, and where the service fails."""
    for name, status in (("loading", None), ("error", 500)):
        with visiting(service.web_url, theme=theme) as visit:
            page = visit.page
            page.goto(service.web_url)
            page.get_by_test_id(f"language-{LANGUAGES[language]}").first.click()
            if status is None:
                page.route("**/v1/vehicles", lambda _: None)
            else:
                page.route("**/v1/vehicles", lambda route: route.fulfill(status=500))
            visit.sign_in("all")
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"live-{name}-{language}-{theme}-wide.png")


def take_lost(service: Service, folder: Path) -> None:
    """The live screen while the service does not answer: at first, and for long."""
    with ExitStack() as open_ones:
        visits = {
            (language, theme): open_ones.enter_context(seen(service, language, theme))
            for language, theme in product(LANGUAGES, THEMES)
        }
        serve = service.session.pid("serve")
        os.kill(serve, signal.SIGSTOP)
        try:
            for state, within_s in (
                ("reconnecting", LOST_WITHIN_S),
                ("offline", OFFLINE_WITHIN_S),
            ):
                for (language, theme), visit in visits.items():
                    visit.page.locator(f'[data-state="{state}"]').wait_for(timeout=within_s * 1000)
                    path = folder / f"live-{state}-{language}-{theme}-wide.png"
                    visit.page.screenshot(path=path)
        finally:
            os.kill(serve, signal.SIGCONT)


def take_pages(service: Service, folder: Path, language: str, theme: Theme) -> None:
    """The pages that stand alone, of what the demonstration drove so far, also on paper."""
    with visiting(service.web_url, theme=theme) as visit:
        visit.sign_in("all")
        page = visit.page
        for kind, path in PAGES.items():
            asked = f"{path}purpose=screenshots&lang={LANGUAGES[language]}"
            page.goto(f"{service.web_url}/v1/views/{asked}")
            page.locator(".leaflet-container .land").first.wait_for(state="attached")
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(
                    path=folder / f"{kind}-{language}-{theme}-{size}.png", full_page=True
                )
            if theme == "light":
                page.emulate_media(media="print")
                page.set_viewport_size(PAPER)
                page.screenshot(path=folder / f"{kind}-{language}-paper.png")
                page.pdf(path=folder / f"{kind}-{language}.pdf", prefer_css_page_size=True)
                page.emulate_media(media="screen")


def take_readme(service: Service, folder: Path) -> None:
    """The live map for the README, in the dark with one vehicle chosen."""
    for language, theme in README_PICTURES:
        with seen(service, language, theme) as visit:
            if theme == "dark":
                one_chosen(visit.page)
            visit.page.wait_for_timeout(3000)
            visit.page.screenshot(path=folder / f"live-{language}-{theme}.png")


def main() -> int:
    """Start the demonstration and take the pictures."""
    parser = argparse.ArgumentParser(prog="scripts/test --screens", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "screens")
    parser.add_argument("--readme", action="store_true", help="only the README's two")
    options = parser.parse_args()
    folder = ROOT / "docs" / "images" if options.readme else options.folder
    folder.mkdir(parents=True, exist_ok=True)
    with passing_folder() as data, served(data, ["--demo"]) as service:
        if options.readme:
            take_readme(service, folder)
        else:
            for language, theme, size in product(LANGUAGES, THEMES, SIZES):
                take_screens(service, folder, language, theme, size)
            for language, theme in product(LANGUAGES, THEMES):
                take_failures(service, folder, language, theme)
                take_pages(service, folder, language, theme)
            take_lost(service, folder)
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures are in {folder}: look at them.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
