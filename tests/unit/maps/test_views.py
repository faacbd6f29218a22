"""The pages: what they say, how large they get, and that they name nothing outside themselves."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import numpy as np
import pytest

from maps.views import Language, Stop, heat_view, line_of, near_view, track_view
from maps.views import assets as view_assets
from maps.views.data import Line
from maps.views.drawing import MOST_MARKS
from maps.views.way import MOST_POINTS, place_at, way
from tests.unit.maps.test_basemap import BASEMAP
from tests.unit.maps.view_samples import BEGIN, after, heat, line, near, pages, track

LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")
WORDS = BASEMAP.parent / "words"
#: What the pages may carry on top of the libraries and the land.
MOST_BYTES = 300_000


def inlined_bytes() -> int:
    """Libraries, styles and the land, as every page of a track has them."""
    parts = (view_assets.script("leaflet.js"), view_assets.style(), view_assets.land().geojson)
    return sum(len(part.encode()) for part in parts)


class Said(HTMLParser):
    """The text of a page without its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._silent = 0
        self.text = ""
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Into what nobody reads."""
        self._silent += tag in ("script", "style")
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        """And out of it."""
        self._silent -= tag in ("script", "style")
        self.text += " "

    def handle_data(self, data: str) -> None:
        """What is read."""
        self.text += "" if self._silent else data


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", Said(page).text)


@pytest.mark.parametrize(
    ("language", "facts"),
    [
        (
            "en",
            [
                *("Ambulance 1 救護車一號", "AM 1234", "Fire Services Department 消防處"),
                *("26 Nov 2026 08:00:00", "UTC+08:00", "98.8 km", "09:15:00", "20 min"),
                *("Tsim Sha Tsui fire station 尖沙咀消防局", "Entered", "2 positions are left out"),
                *("no other one is more than 5 m from the line", "Shoreline: GSHHG"),
            ],
        ),
        (
            "zh-Hant",
            [
                *("救護車一號 Ambulance 1", "消防處 Fire Services Department", "車牌號碼"),
                *("2026年11月26日 08:00:00", "98.8 公里", "20分鐘", "尖沙咀消防局", "進入"),
                *("2 個位置未有採用", "與路線相距均不超過 5 米"),
            ],
        ),
    ],
)
def test_a_track_says_its_facts_in_words(language: Language, facts: list[str]) -> None:
    said = words_of(track_view(track(language)))
    assert [fact for fact in facts if fact not in said] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["track", "near", "heat"])
def test_a_page_speaks_its_language_and_no_key_is_left(language: Language, kind: str) -> None:
    page = pages(language)[kind]
    assert f'<html lang="{"en" if language == "en" else "zh-Hant-HK"}">' in page
    assert "view." not in words_of(page)
    assert not re.search(r"\{\w+\}", words_of(page))


def test_every_word_exists_in_both_languages_with_the_same_values() -> None:
    read = {name: json.loads((WORDS / f"{name}.json").read_text("utf-8")) for name in LANGUAGES}
    views = {
        name: {k: sorted(re.findall(r"\{\w+\}", v)) for k, v in words.items() if k[:5] == "view."}
        for name, words in read.items()
    }
    assert views["en"] == views["zh-Hant"]
    assert all(value.strip() for words in read.values() for value in words.values())


@pytest.mark.parametrize("kind", ["track", "near", "heat"])
def test_the_same_facts_make_the_same_page(kind: str) -> None:
    """So that a page can be made again and compared, byte for byte."""
    assert pages()[kind] == pages()[kind]


@pytest.mark.parametrize("kind", ["track", "near", "heat"])
def test_a_page_names_no_address(kind: str) -> None:
    """Outside the notices of the libraries' makers, and the names that SVG is known by."""
    page = re.sub(r"/\*.*?\*/", "", pages()[kind], flags=re.DOTALL)
    found = set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'`<]*", page))
    assert found <= {"http://www.w3.org/2000/svg"}
    named = Said(page).attributes
    assert not named & {"src", "srcset", "href", "xlink:href", "action", "data", "poster"}
    assert not [name for name in named if name.startswith("on")]
    assert "url(" not in page
    assert "sourceMappingURL" not in page


def test_a_long_track_adds_little_to_what_every_page_carries() -> None:
    page = track_view(track(count=10_000))
    assert len(page.encode()) - inlined_bytes() < MOST_BYTES


def test_a_page_does_not_grow_without_bound() -> None:
    """A year of stops and a million fixes' worth of turns are still one page."""
    noisy = line(40_000)
    noisy = replace(noisy, lon=noisy.lon + np.resize([0.0, 0.0004], 40_000))
    stop = Stop(lon=114.1, lat=22.3, since=BEGIN, until=after(100))
    facts = replace(track(), line=noisy, stops=[stop] * 1000, gaps=[])
    page = track_view(facts)
    assert len(page.encode()) - inlined_bytes() < 2 * MOST_BYTES
    assert page.count("L.marker(") <= MOST_MARKS + 1
    assert "500 more rows are not shown." in words_of(page)
    assert "804 signs are left off the map" in words_of(page)


def test_a_long_track_is_made_quickly() -> None:
    """Under 300 ms of CPU on a quiet machine; here against work of the same kind beside it."""
    facts = track(count=10_000)
    track_view(facts)
    began = time.process_time()
    for _ in range(5):
        json.dumps(np.random.default_rng(1).random((20_000, 2)).tolist())
    rival_s = time.process_time() - began
    began = time.process_time()
    track_view(facts)
    assert time.process_time() - began < 3 * rival_s + 0.05


def test_coordinates_have_five_digits_at_most() -> None:
    page = track_view(track())
    script = page[page.rindex("<script>") :]
    assert not re.search(r"11[34]\.\d{6}", script)
    assert re.search(r"11[34]\.\d{5}\b", script)


def test_what_is_drawn_of_a_line() -> None:
    facts = track()
    drawn = way(facts.line, facts.gaps, [facts.stops[0].since])
    assert drawn.points <= MOST_POINTS
    assert drawn.tolerance_m == 5.0
    by_look = {stroke.look: stroke.lines for stroke in drawn.strokes}
    assert len(by_look["gap"]) == 1
    assert len(by_look["casing"]) == 2
    # Each piece of the way has one class, and is in it once.
    pieces = sum(
        len(each) - 1 for look, lines in by_look.items() if look[:5] == "speed" for each in lines
    )
    assert pieces == sum(len(each) - 1 for each in by_look["casing"])


def test_a_speed_on_the_border_belongs_to_the_faster_class() -> None:
    kmh = np.array([0.0, 29.9, 30.0, 70.0, np.nan])
    number = np.arange(5, dtype=np.float64)
    made = Line(
        lon=114.0 + number * 0.01, lat=22.3 + number * number * 0.01, time_ms=np.arange(5) * 1000,
        speed_mps=kmh / 3.6 + 1e-12,
    )  # fmt: skip
    strokes = way(made, [], []).strokes
    assert [(s.look, round(s.lines[0][0][0] - 114, 2)) for s in strokes if s.look != "casing"] == [
        ("speed-0", 0.0),
        ("speed-1", 0.01),
        ("speed-3", 0.02),
        ("speed-unknown", 0.03),
    ]


def test_a_crossing_lies_on_the_line() -> None:
    made = line_of([114.0, 114.1], [22.0, 22.2], [BEGIN, BEGIN + timedelta(seconds=10)], [None, 3])
    assert place_at(made, BEGIN + timedelta(seconds=5)) == pytest.approx((114.05, 22.1))
    assert place_at(made, BEGIN - timedelta(seconds=1)) is None


def test_a_track_without_fixes_says_so() -> None:
    empty = line_of([], [], [], [])
    facts = replace(track(), line=empty, stops=[], crossings=[], gaps=[])
    said = words_of(track_view(facts))
    assert "There are no positions of this vehicle in this period." in said
    assert "No stop in this period." in said


def test_a_track_of_one_fix_is_a_dot() -> None:
    facts = replace(track(), line=line(1), stops=[], gaps=[])
    assert "A" in words_of(track_view(facts))


def test_what_was_not_read_is_said() -> None:
    said = words_of(track_view(replace(track(), cut_at=after(9000))))
    assert "nothing from 26 Nov 2026 15:30:00 on is on it" in said


def test_vehicles_near_a_place() -> None:
    said = words_of(near_view(near()))
    for fact in ("Within 500 m of Star Ferry", "22.29360, 114.16870", "FSD/AMB-1", "21 m", "4 min"):
        assert fact in said
    assert "No vehicle was there" in words_of(near_view(near(count=0)))
    many = near_view(near(count=300))
    assert many.count("L.marker(") <= MOST_MARKS + 1
    assert "101 signs are left off the map" in words_of(many)


def test_a_heat_map_names_the_hottest_cells() -> None:
    said = words_of(heat_view(heat()))
    assert "2 h 30 min" in said
    assert re.search(r"0\.7%", said)
    assert "No positions in this period." in words_of(heat_view(heat(cells=0)))


def test_the_paper_has_a_map_of_its_own() -> None:
    """A browser does not lay Leaflet's map out anew for paper."""
    for kind, page in pages().items():
        sketch = page[page.index('<svg class="sketch"') : page.index("<figcaption>")]
        assert sketch.count("<path") >= 2, kind
        assert "district" in sketch or kind == "near"
