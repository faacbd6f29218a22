"""The page of a track or a trip: where a vehicle went, where it stood, what it crossed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np

from geo.fix import from_unix_ms
from maps.text import Html, joined, tag, text
from maps.views.data import Crossing, Gap, Line, Stop, TrackFacts
from maps.views.drawing import MOST_MARKS, Drawing, Mark
from maps.views.graph import graph
from maps.views.page import Table, View, both_names, clock_of, render, time_of, who
from maps.views.speech import Speech
from maps.views.way import CLASS_KMH, Way, place_at, way


class _Crossed(NamedTuple):
    """A crossing with where it was, if that is known."""

    crossing: Crossing
    place: tuple[float, float] | None


def track_view(facts: TrackFacts) -> str:
    """One HTML file of a track; raises AssetsMissing.

    Its size does not grow with the track beyond 2,000 points, 200 symbols and 500 rows a table.
    """
    return render(_page(facts), _speech(facts))


def _speech(facts: TrackFacts) -> Speech:
    return Speech(facts.asked.language, facts.asked.zone)


def _page(facts: TrackFacts) -> View:
    speech = _speech(facts)
    crossed = [
        _Crossed(each, place_at(facts.line, each.time) if each.time is not None else None)
        for each in facts.crossings
    ]
    drawn = way(facts.line, facts.gaps, list(_moments(facts)))
    marks = list(_marks(facts, crossed, speech))
    shown = marks[:MOST_MARKS]
    known = bool(np.any(~np.isnan(facts.line.speed_mps)))
    return View(
        asked=facts.asked,
        title=speech.say("track.title"),
        subject=who(facts.vehicle, speech),
        facts=list(_facts(facts, speech)),
        drawing=Drawing(strokes=drawn.strokes, marks=shown),
        legend=list(_legend(facts, drawn, speech)),
        graph=graph(facts.line, facts.stops, facts.gaps, speech) if known else None,
        tables=[
            _stops(facts, speech),
            _crossings(facts, crossed, speech),
            *([_gaps(facts, speech)] if facts.gaps else []),
        ],
        notes=list(_notes(facts, drawn, len(marks) - len(shown), speech)),
    )


def _moments(facts: TrackFacts) -> Iterator[datetime]:
    """What the thinning must leave: the ends of stops, and crossings."""
    for stop in facts.stops:
        yield stop.since
        if stop.until is not None:
            yield stop.until
    for crossing in facts.crossings:
        yield crossing.time or crossing.not_after


def _marks(facts: TrackFacts, crossed: Sequence[_Crossed], speech: Speech) -> Iterator[Mark]:
    """The most important first: those are drawn last, on top, and kept when there are too many."""
    line = facts.line
    if not len(line.time_ms):
        return
    yield _end_mark(line, 0, "start", speech)
    yield _end_mark(line, -1, "end", speech)
    yield from _stop_marks(facts.stops, speech)
    for number, (crossing, place) in enumerate(crossed, start=1):
        if place is not None:
            yield Mark(*place, "cross", text(number), _crossing_told(crossing, speech))


def _end_mark(line: Line, at: int, look: Literal["start", "end"], speech: Speech) -> Mark:
    when = speech.moment(from_unix_ms(int(line.time_ms[at])))
    label = text(speech.say(f"mark.{look}.letter"))
    told = text(f"{speech.say(f'mark.{look}')} · {when}")
    return Mark(float(line.lon[at]), float(line.lat[at]), look, label, told)


def _stop_marks(stops: Sequence[Stop], speech: Speech) -> list[Mark]:
    """The longest first."""
    numbered = sorted(enumerate(stops, start=1), key=lambda each: -_stood_s(each[1]))
    return [
        Mark(stop.lon, stop.lat, "stop", text(number), _stop_told(number, stop, speech))
        for number, stop in numbered
    ]


def _stood_s(stop: Stop) -> float:
    """One that lasts is the longest."""
    return float("inf") if stop.until is None else (stop.until - stop.since).total_seconds()


def _stop_told(number: int, stop: Stop, speech: Speech) -> Html:
    until = speech.say("stop.lasts") if stop.until is None else speech.clock(stop.until)
    said = f"{speech.say('stop.number', n=number)} · {speech.moment(stop.since)} – {until}"
    return text(f"{said} · {stop.label}" if stop.label else said)


def _crossing_told(crossing: Crossing, speech: Speech) -> Html:
    what = speech.say(f"crossing.{crossing.kind}")
    name = speech.name(crossing.fence_name, crossing.fence)
    when = speech.moment(crossing.time or crossing.not_after)
    return text(f"{what} · {name} · {when}")


def _facts(facts: TrackFacts, speech: Speech) -> Iterator[tuple[str, Html]]:
    vehicle, line = facts.vehicle, facts.line
    yield speech.say("vehicle"), text(vehicle.vehicle)
    yield speech.say("name"), both_names(vehicle.name, vehicle.vehicle, speech)
    if vehicle.plate:
        yield speech.say("plate"), text(vehicle.plate)
    yield speech.say("department"), both_names(vehicle.department, "", speech)
    if facts.driver:
        yield speech.say("driver"), text(facts.driver)
    if not len(line.time_ms):
        yield speech.say("fixes"), text(0)
        return
    yield speech.say("first_fix"), time_of(from_unix_ms(int(line.time_ms[0])), speech)
    yield speech.say("last_fix"), time_of(from_unix_ms(int(line.time_ms[-1])), speech)
    yield speech.say("distance"), text(speech.distance(facts.distance_m))
    if np.any(~np.isnan(line.speed_mps)):
        yield speech.say("fastest"), text(speech.speed(float(np.nanmax(line.speed_mps))))
    yield speech.say("stops"), text(_stopped(facts, speech))
    yield speech.say("crossings"), text(f"{len(facts.crossings):,}")
    yield speech.say("fixes"), text(f"{len(line.time_ms):,}")


def _stopped(facts: TrackFacts, speech: Speech) -> str:
    """How many stops, and how long they were within what was asked for."""
    last = from_unix_ms(int(facts.line.time_ms[-1]))
    total_s = sum(((stop.until or last) - stop.since).total_seconds() for stop in facts.stops)
    count = f"{len(facts.stops):,}"
    return f"{count} ({speech.duration(total_s)})" if facts.stops else count


def _legend(facts: TrackFacts, drawn: Way, speech: Speech) -> Iterator[Html]:
    classes = {f"speed-{n}": _class_said(n, speech) for n in range(len(CLASS_KMH) + 1)}
    for look in drawn.looks:
        said = classes.get(look) or speech.say("speed.unknown")
        yield joined([tag("i", class_=f"key {look}"), text(said)])
    if facts.gaps:
        yield joined([tag("i", class_="key gap"), text(speech.say("legend.gap"))])
    for look in ("start", "end") if len(facts.line.time_ms) else ():
        letter = tag("b", text(speech.say(f"mark.{look}.letter")), class_=f"mark {look}")
        yield joined([letter, text(speech.say(f"mark.{look}"))])
    for look, has in (("stop", bool(facts.stops)), ("cross", bool(facts.crossings))):
        if has:
            number = tag("b", text("1"), class_=f"mark {look}")
            yield joined([number, text(speech.say(f"legend.{look}"))])


def _class_said(number: int, speech: Speech) -> str:
    low = CLASS_KMH[number - 1] if number else 0
    if number == len(CLASS_KMH):
        return speech.say("speed.from", low=low)
    return speech.say("speed.between", low=low, high=CLASS_KMH[number])


def _stops(facts: TrackFacts, speech: Speech) -> Table:
    labels = any(stop.label for stop in facts.stops)
    columns = ["number", "from", "until", "duration", "place", *(["label"] if labels else [])]
    day = facts.asked.since
    rows = []
    for number, stop in enumerate(facts.stops, start=1):
        lasts = text(speech.say("stop.lasts"))
        row = [
            tag("b", text(number), class_="mark stop"),
            clock_of(stop.since, day, speech),
            lasts if stop.until is None else clock_of(stop.until, day, speech),
            text("–" if stop.until is None else speech.duration(_stood_s(stop))),
            text(speech.place(stop.lon, stop.lat)),
        ]
        rows.append([*row, text(stop.label or "")] if labels else row)
    return Table(
        title=speech.say("stops"),
        head=[speech.say(f"column.{name}") for name in columns],
        rows=rows,
        none=speech.say("stops.none"),
        figures=frozenset({3}),
    )


def _crossings(facts: TrackFacts, crossed: Sequence[_Crossed], speech: Speech) -> Table:
    day = facts.asked.since
    rows = [
        [
            tag("b", text(number), class_="mark cross"),
            _crossing_time(crossing, day, speech),
            text(speech.say(f"crossing.{crossing.kind}")),
            joined(
                [
                    both_names(crossing.fence_name, crossing.fence, speech),
                    tag("small", text(crossing.fence), class_="ref"),
                ]
            ),
            text(speech.place(*place) if place is not None else speech.say("unknown")),
        ]
        for number, (crossing, place) in enumerate(crossed, start=1)
    ]
    columns = ("number", "time", "what", "fence", "place")
    return Table(
        title=speech.say("crossings"),
        head=[speech.say(f"column.{name}") for name in columns],
        rows=rows,
        none=speech.say("crossings.none"),
    )


def _crossing_time(crossing: Crossing, day: datetime, speech: Speech) -> Html:
    if crossing.time is not None:
        return clock_of(crossing.time, day, speech)
    until = clock_of(crossing.not_after, day, speech)
    if crossing.not_before is None:
        return joined([text(speech.say("crossing.by")), text(" "), until])
    return joined([clock_of(crossing.not_before, day, speech), text(" – "), until])


def _gaps(facts: TrackFacts, speech: Speech) -> Table:
    day = facts.asked.since
    return Table(
        title=speech.say("gaps"),
        head=[speech.say(f"column.{name}") for name in ("from", "until", "duration")],
        rows=[
            [
                clock_of(gap.since, day, speech),
                clock_of(gap.until, day, speech),
                text(speech.duration(_silent_s(gap))),
            ]
            for gap in facts.gaps
        ],
        none="",
        figures=frozenset({2}),
    )


def _silent_s(gap: Gap) -> float:
    return (gap.until - gap.since).total_seconds()


def _notes(facts: TrackFacts, drawn: Way, hidden: int, speech: Speech) -> Iterator[str]:
    line: Line = facts.line
    count = len(line.time_ms)
    if not count:
        yield speech.say("note.no_fixes")
    elif drawn.points < count:
        key = "note.thinned" if math.isfinite(drawn.tolerance_m) else "note.coarse"
        yield speech.say(
            key,
            fixes=f"{count:,}",
            points=f"{drawn.points:,}",
            metres=f"{np.ceil(drawn.tolerance_m):.0f}",
        )
    else:
        yield speech.say("note.all_drawn", fixes=f"{count:,}")
    if facts.cut_at is not None:
        yield speech.say("note.cut", time=speech.moment(facts.cut_at))
    yield speech.count("note.implausible", facts.implausible)
    yield speech.count("note.gaps", len(facts.gaps))
    if hidden > 0:
        yield speech.count("note.hidden", hidden)
    for key in ("note.between", "note.distance", "note.basemap"):
        yield speech.say(key)
