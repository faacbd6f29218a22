#!/usr/bin/env python
"""Takes the pictures of the live map and of the pages.

`.venv/bin/python scripts/screenshots.py [FOLDER]`.

Every screen in both languages, light and dark, wide and narrow, from a demonstration of its own.
Without a folder only the README's two pictures are taken, into docs/images.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import ViewportSize

from tests.acceptance.browser import Theme, visiting
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served

README_IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGUAGES = {"en": "en", "zh": "zh-Hant"}
README_PICTURES = {("wide", "light", "en"), ("wide", "dark", "zh")}
ALERTS_WANTED = 5
VEHICLES = 600
#: Of the demonstration's vehicles; parameters follow.
PAGES = {
    "track": "track/HYD/EP-001?",
    "near": "near?place=114.1722,22.2978&radius_m=1500&",
    "heat": "heat/HKPF?",
}
#: The first sheet of A4 without its margins, at 96 dots an inch.
PAPER: ViewportSize = {"width": 680, "height": 1001}


def take(service: Service, folder: Path, size: str, theme: Theme, language: str) -> None:
    """The sign-in page and the live map, in the dark with one vehicle chosen."""
    width, height = SIZES[size]
    with visiting(service.web_url, width=width, height=height, theme=theme) as visit:
        page = visit.page
        page.goto(service.web_url)
        page.get_by_test_id(f"language-{LANGUAGES[language]}").first.click()
        page.get_by_test_id("sign-in").wait_for()
        page.screenshot(path=folder / f"sign-in-{language}-{theme}-{size}.png")
        page.get_by_test_id("department-all").click()
        page.get_by_test_id("connection").wait_for()
        visit.until("drawn vehicles", lambda: visit.diagnostics("drawn") >= VEHICLES, 60)
        visit.until("alerts", lambda: page.get_by_test_id("alert").count() >= ALERTS_WANTED, 90)
        if theme == "dark" and size == "wide":
            page.get_by_test_id("alert").first.click()
        page.wait_for_timeout(3000)
        page.screenshot(
            path=folder / f"live-{language}-{theme}{'' if size == 'wide' else '-narrow'}.png"
        )


def take_pages(service: Service, folder: Path, theme: Theme, language: str) -> None:
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


def main() -> int:
    """Start the demonstration and take the pictures."""
    every = len(sys.argv) > 1
    folder = Path(sys.argv[1]) if every else README_IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with passing_folder() as data, served(data, ["--demo"]) as service:
        for size, theme, language in product(SIZES, THEMES, LANGUAGES):
            if every or (size, theme, language) in README_PICTURES:
                take(service, folder, size, theme, language)
        for theme, language in product(THEMES, LANGUAGES) if every else ():
            take_pages(service, folder, theme, language)
    for extra in () if every else folder.glob("sign-in-*.png"):
        extra.unlink()
    sys.stdout.write(f"The pictures are in {folder}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
