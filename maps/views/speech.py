"""One language's words, and figures as its readers write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Final

from geo.fix import from_unix_ms
from geo.units import mps_to_kmh
from maps.views.data import Language, Names

_WORDS: Final = Path(__file__).parents[1] / "words"
_TAGS: Final[Mapping[Language, str]] = {"en": "en", "zh-Hant": "zh-Hant-HK"}
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MINUTE_S: Final = 60
_KILOMETRE_M: Final = 1000.0


@cache
def _catalogue(language: Language) -> Mapping[str, str]:
    found: dict[str, str] = json.loads((_WORDS / f"{language}.json").read_text("utf-8"))
    return found


class Speech:
    """What is said in one language, and times in one zone. All answers are plain strings."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        self.language = language
        #: For the page's `lang`.
        self.lang_tag = _TAGS[language]
        self.other: Language = "zh-Hant" if language == "en" else "en"
        self.other_tag = _TAGS[self.other]
        self._zone = zone
        self._words = _catalogue(language)

    def say(self, key: str, **values: object) -> str:
        """The words of `view.KEY`, each `{name}` in them replaced; KeyError if there are none.

        Not `str.format`: a value may hold braces.
        """
        said = self._words[f"view.{key}"]
        for name, value in values.items():
            said = said.replace(f"{{{name}}}", str(value))
        return said

    def count(self, key: str, number: int) -> str:
        """`KEY.one` or `KEY.other` with the number in it, or `KEY.none` where there is one."""
        if number == 0 and f"view.{key}.none" in self._words:
            return self.say(f"{key}.none")
        return self.say(f"{key}.{'one' if number == 1 else 'other'}", n=f"{number:,}")

    def name(self, names: Names, otherwise: str) -> str:
        """A name in this language, else in the other one, else what is given."""
        return names.get(self.language) or names.get(self.other) or otherwise

    def moment(self, when: datetime) -> str:
        """`23 Nov 2026 14:05:09`, `2026年11月23日 14:05:09`."""
        return f"{self.day(when)} {self.clock(when)}"

    def day(self, when: datetime) -> str:
        """The date alone."""
        here = when.astimezone(self._zone)
        if self.language == "zh-Hant":
            return f"{here.year}年{here.month}月{here.day}日"
        return f"{here.day} {_MONTHS[here.month - 1]} {here.year}"

    def clock(self, when: datetime, *, seconds: bool = True) -> str:
        """The time of day, 24 hours."""
        return when.astimezone(self._zone).strftime("%H:%M:%S" if seconds else "%H:%M")

    def clock_ms(self, time_ms: int) -> str:
        """The time of day of milliseconds since 1970, to the minute."""
        return self.clock(from_unix_ms(time_ms), seconds=False)

    def zone(self, when: datetime) -> str:
        """How far the zone is from UTC then: `UTC+08:00`."""
        offset = when.astimezone(self._zone).strftime("%z")
        return f"UTC{offset[:3]}:{offset[3:]}"

    def duration(self, seconds: float) -> str:
        """`45 s`, `12 min`, `3 h 05 min`."""
        whole = round(seconds)
        if whole < _MINUTE_S:
            return self.say("duration.s", s=whole)
        hours, minutes = divmod(round(whole / _MINUTE_S), 60)
        if hours == 0:
            return self.say("duration.min", min=minutes)
        return self.say("duration.h", h=f"{hours:,}", min=f"{minutes:02}")

    def distance(self, metres: float) -> str:
        """`12.3 km`, `450 m`."""
        if metres < _KILOMETRE_M:
            return self.say("distance.m", n=f"{metres:.0f}")
        return self.say("distance.km", n=f"{metres / _KILOMETRE_M:,.1f}".removesuffix(".0"))

    def speed(self, mps: float) -> str:
        """`54 km/h`."""
        return self.say("speed", n=f"{mps_to_kmh(mps):.0f}")

    @staticmethod
    def place(lon: float, lat: float) -> str:
        """Latitude first, as people read it; a metre is the fifth digit."""
        return f"{lat:.5f}, {lon:.5f}"

    @staticmethod
    def iso(when: datetime) -> str:
        """For machines: `datetime` of a `time` element."""
        return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
