"""Facts for pages: an ambulance's day, made up and the same each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from maps.views import (
    Asked,
    Crossing,
    Gap,
    HeatFacts,
    Language,
    Line,
    Names,
    NearFacts,
    Stop,
    TrackFacts,
    VehicleFacts,
    Visit,
    heat_view,
    near_view,
    track_view,
)

BEGIN = datetime(2026, 11, 26, tzinfo=UTC)
STEP_S = 3
#: (lon, lat) of a round through Kowloon and the New Territories.
_CORNERS = np.array(
    [
        (114.1722, 22.2975),
        (114.1694, 22.3193),
        (114.1747, 22.3364),
        (114.1170, 22.3690),
        (114.0450, 22.3780),
        (113.9760, 22.3916),
        (114.0340, 22.4446),
        (114.1250, 22.4935),
        (114.1887, 22.3820),
        (114.2259, 22.3120),
        (114.1722, 22.2975),
    ]
)


def after(fixes: float) -> datetime:
    """When so many fixes had been told."""
    return BEGIN + timedelta(seconds=STEP_S * fixes)


def asked(language: Language = "en") -> Asked:
    """Nine hours from midnight UTC."""
    return Asked(
        language=language,
        zone=ZoneInfo("Asia/Hong_Kong"),
        since=BEGIN,
        until=BEGIN + timedelta(hours=9),
        made_at=BEGIN + timedelta(days=1, seconds=7),
    )


def named(en: str, zh: str, word: str | None) -> Names:
    """A name in both languages, or the one word instead."""
    return {"en": en, "zh-Hant": zh} if word is None else {"en": word, "zh-Hant": word}


def vehicle(word: str | None = None) -> VehicleFacts:
    """An ambulance, or one all of whose texts are one word."""
    return VehicleFacts(
        vehicle=word or "FSD/AMB-1",
        name=named("Ambulance 1", "救護車一號", word),
        plate=word or "AM 1234",
        department=named("Fire Services Department", "消防處", word),
    )


def line(count: int = 10_000) -> Line:
    """A drive with a receiver's scatter, standing still for fixes 1,500 to 1,900 of 10,000."""
    random = np.random.default_rng(7)
    at = np.linspace(0, len(_CORNERS) - 1, count)
    corner = np.minimum(at.astype(int), len(_CORNERS) - 2)
    share = (at - corner)[:, None]
    places = _CORNERS[corner] * (1 - share) + _CORNERS[corner + 1] * share
    places += random.normal(0, 2e-5, places.shape).cumsum(axis=0) * 0.3
    number = np.arange(count)
    speed = np.clip(12 + 6 * np.sin(number / 97) + 4 * np.sin(number / 31), 0, 30)
    stands = slice(count * 15 // 100, count * 19 // 100)
    places[stands], speed[stands] = places[stands][:1], 0.0
    return Line(
        lon=places[:, 0],
        lat=places[:, 1],
        time_ms=int(BEGIN.timestamp() * 1000) + number * STEP_S * 1000,
        speed_mps=speed,
    )


def track(language: Language = "en", word: str | None = None, count: int = 10_000) -> TrackFacts:
    """A track with a stop, three crossings and a gap; every text in it may be one word."""
    way = line(count)
    part = count // 100
    silent = np.r_[0 : 50 * part, 53 * part : count]
    way = Line(
        lon=way.lon[silent],
        lat=way.lat[silent],
        time_ms=way.time_ms[silent],
        speed_mps=way.speed_mps[silent],
    )
    stop = Stop(
        lon=float(way.lon[15 * part]),
        lat=float(way.lat[15 * part]),
        since=after(15 * part),
        until=after(19 * part),
        label=word,
    )
    station = named("Tsim Sha Tsui fire station", "尖沙咀消防局", word)
    hospital = named("Queen Elizabeth Hospital", "伊利沙伯醫院", word)
    return TrackFacts(
        asked=asked(language),
        vehicle=vehicle(word),
        line=way,
        stops=[stop],
        crossings=[
            crossing("exit", "FSD/STATION", station, part, word),
            crossing("enter", "FSD/HOSPITAL", hospital, 15 * part, word),
            Crossing(
                kind="exit",
                fence=word or "FSD/HOSPITAL",
                fence_name=hospital,
                time=None,
                not_before=after(50 * part - 1),
                not_after=after(53 * part),
            ),
        ],
        gaps=[Gap(since=after(50 * part - 1), until=after(53 * part))],
        distance_m=98_765.4,
        implausible=2,
        driver=word,
    )


def crossing(kind: str, fence: str, name: Names, fixes: int, word: str | None) -> Crossing:
    """One at a time that is known."""
    assert kind in ("enter", "exit")
    return Crossing(
        kind="enter" if kind == "enter" else "exit",
        fence=word or fence,
        fence_name=name,
        time=after(fixes + 0.5),
        not_before=after(fixes),
        not_after=after(fixes + 1),
    )


def near(language: Language = "en", word: str | None = None, count: int = 7) -> NearFacts:
    """So many vehicles near the Star Ferry."""
    return NearFacts(
        asked=asked(language),
        lon=114.1687,
        lat=22.2936,
        radius_m=500.0,
        label=word or "Star Ferry",
        visits=[
            Visit(
                vehicle=vehicle(word),
                first_at=after(20 * number),
                last_at=after(20 * number + 80),
                closest_at=after(20 * number + 40),
                closest_m=20.0 + number,
                lon=114.1687 + 0.0006 * number % 0.004,
                lat=22.2936 + 0.0004 * number % 0.004,
                inside_s=240.0,
            )
            for number in range(1, count + 1)
        ],
    )


def heat(language: Language = "en", word: str | None = None, cells: int = 300) -> HeatFacts:
    """A department's day in cells of about 200 m."""
    way = line(cells)
    spent_s = np.linspace(9_000.0, 3.0, cells)
    return HeatFacts(
        asked=asked(language),
        vehicle=None if word is None else vehicle(word),
        department=named("Fire Services Department", "消防處", word),
        lon=way.lon,
        lat=way.lat,
        spent_s=spent_s,
        total_s=float(spent_s.sum()),
        cell_deg=0.002,
        vehicles=46,
        fixes=10_000,
    )


def pages(language: Language = "en", word: str | None = None) -> dict[str, str]:
    """Each kind of page by its name; every text in them may be one word."""
    return {
        "track": track_view(track(language, word)),
        "near": near_view(near(language, word)),
        "heat": heat_view(heat(language, word)),
    }
