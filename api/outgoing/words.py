"""What is said of a telling in words, in both languages of the government."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import maps
from tracker.outbox import Telling

Language = Literal["en", "zh-Hant"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-Hant")
#: In which clocks of this government are read.
_ZONE: Final = ZoneInfo("Asia/Hong_Kong")
#: Kinds of which a fence only says where.
_ANYWHERE: Final = frozenset({"silent", "duress", "sensor", "proximity"})
_ORDER: Final = ("critical", "warning", "info")


@cache
def _words(language: Language) -> Mapping[str, str]:
    path = Path(maps.__file__).parent / "words" / f"{language}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words


def say(language: Language, key: str, **facts: object) -> str:
    """A text of maps/words with its facts put in; the key itself where there is none."""
    return _words(language).get(key, key).format_map(facts)


def severity_of(telling: Telling) -> str:
    """The gravest of its alerts; `info` where it has none."""
    found = {alert["severity"] for alert in telling.body.get("alerts", ())}
    return next((each for each in _ORDER if each in found), "info")


def headline(telling: Telling, language: Language) -> str:
    """What happened, in a line: vehicle, what it did, where; and what became of it."""
    body = telling.body
    if body.get("kind") == "test":
        return say(language, "told.test")
    kind = str(body.get("kind"))
    key = f"told.kind.{kind}"
    known = key if key in _words(language) else "told.kind.other"
    named = {each: _named(body, each, language) for each in ("vehicle", "fence", "other")}
    line = say(language, known, kind=kind, **named)
    if kind in _ANYWHERE and body.get("fence"):
        line = say(language, "told.at", what=line, fence=named["fence"])
    news = _news(telling, language)
    return f"{line} – {news}" if news else line


def _news(telling: Telling, language: Language) -> str:
    """What is new about it, where that is not the event itself."""
    body = telling.body
    if change := body.get("change"):
        key = f"told.change.{change['what']}"
        reason = change.get("reason")
        if reason is not None:
            key = f"told.closed.{reason}"
        return say(language, key, by=change.get("by") or "Milepost", to=change.get("to") or "–")
    if body.get("status") == "withdrawn":
        return say(language, "told.withdrawn")
    return say(language, "told.amended") if body.get("amends") else ""


def lines(telling: Telling, language: Language) -> list[str]:
    """The facts, one a line."""
    body = telling.body
    said = [headline(telling, language)]
    at = body.get("time") or body.get("not_after")
    if at:
        key = "told.time" if body.get("time") else "told.time_by"
        said.append(say(language, key, time=clock(datetime.fromisoformat(at))))
    for alert in body.get("alerts", ()):
        rule = _title(alert["rule"], alert["rule_name"], language)
        severity = say(language, f"severity.{alert['severity']}")
        said.append(say(language, "told.rule", rule=rule, severity=severity))
    said += _measured(body, language)
    change = body.get("change") or {}
    if change.get("note"):
        said.append(say(language, "told.note", note=change["note"]))
    if body.get("late"):
        said.append(say(language, "alert.late"))
    return said


def _measured(body: Mapping[str, Any], language: Language) -> Iterator[str]:
    """What an input said, and how near two vehicles came."""
    sensor = body.get("sensor")
    if body.get("kind") == "sensor" and sensor:
        yield say(language, "told.sensor", input=sensor["input"], range=_range(body))
    if body.get("distance_m") is not None:
        yield say(language, "told.distance", metres=round(body["distance_m"]))


def _range(body: Mapping[str, Any]) -> str:
    """The extremes of an input that is a number; of others a dash."""
    found = [body[key] for key in ("lowest", "highest") if body.get(key) is not None]
    return " – ".join(dict.fromkeys(f"{each:g}" for each in found)) or "–"


def clock(at: datetime) -> str:
    """A time as people there read it."""
    return f"{at.astimezone(_ZONE):%Y-%m-%d %H:%M:%S} (UTC+8)"


def _named(body: Mapping[str, Any], what: str, language: Language) -> str:
    return _title(str(body.get(what)), body.get(f"{what}_name") or {}, language)


def _title(ref: str, names: Mapping[str, str], language: Language) -> str:
    """A thing by its name, with the ref where that says more."""
    name = names.get(language)
    return ref if not name or name in ref else f"{name} ({ref})"
