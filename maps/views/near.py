"""The page of a place: which vehicles were near it, when, how near and how long."""

from __future__ import annotations

from collections.abc import Iterator

from maps.text import Html, joined, tag, text
from maps.views.data import NearFacts, VehicleFacts, Visit
from maps.views.drawing import MOST_MARKS, Drawing, Mark, Ring
from maps.views.page import Table, View, both_names, clock_of, render
from maps.views.speech import Speech


def near_view(facts: NearFacts) -> str:
    """One HTML file of the vehicles near a place; raises AssetsMissing."""
    speech = Speech(facts.asked.language, facts.asked.zone)
    marks = [
        *(_mark(number, visit, speech) for number, visit in enumerate(facts.visits, start=1)),
        Mark(facts.lon, facts.lat, "place", text("+"), text(_place(facts, speech))),
    ]
    hidden = len(marks) - MOST_MARKS
    view = View(
        asked=facts.asked,
        title=speech.say("near.title"),
        subject=text(
            speech.say(
                "near.subject", radius=speech.distance(facts.radius_m), place=_place(facts, speech)
            )
        ),
        facts=list(_facts(facts, speech)),
        drawing=Drawing(
            ring=Ring(facts.lon, facts.lat, facts.radius_m),
            marks=marks if hidden <= 0 else [*marks[: MOST_MARKS - 1], marks[-1]],
        ),
        legend=list(_legend(facts, speech)),
        graph=None,
        tables=[_visits(facts, speech)],
        notes=list(_notes(facts, hidden, speech)),
    )
    return render(view, speech)


def _place(facts: NearFacts, speech: Speech) -> str:
    return facts.label or speech.place(facts.lon, facts.lat)


def _mark(number: int, visit: Visit, speech: Speech) -> Mark:
    name = speech.name(visit.vehicle.name, "")
    parts = (
        visit.vehicle.vehicle,
        name,
        speech.distance(visit.closest_m),
        speech.moment(visit.closest_at),
    )
    told = text(" · ".join(part for part in parts if part))
    return Mark(visit.lon, visit.lat, "vehicle", text(number), told)


def _facts(facts: NearFacts, speech: Speech) -> Iterator[tuple[str, Html]]:
    place = text(speech.place(facts.lon, facts.lat))
    label = [tag("br"), text(facts.label)] if facts.label else []
    yield speech.say("near.place"), joined([place, *label])
    yield speech.say("near.radius"), text(speech.distance(facts.radius_m))
    yield speech.say("near.count"), text(f"{len(facts.visits):,}")


def _legend(facts: NearFacts, speech: Speech) -> Iterator[Html]:
    yield joined([tag("i", class_="key ring"), text(speech.say("legend.ring"))])
    if facts.visits:
        number = tag("b", text("1"), class_="mark vehicle")
        yield joined([number, text(speech.say("legend.vehicle"))])


def _visits(facts: NearFacts, speech: Speech) -> Table:
    columns = ("number", "vehicle", "first", "last", "inside", "closest", "closest_at")
    return Table(
        title=speech.say("near.visits"),
        head=[speech.say(f"column.{name}") for name in columns],
        rows=[
            _row(number, visit, facts, speech) for number, visit in enumerate(facts.visits, start=1)
        ],
        none=speech.say("near.none"),
        figures=frozenset({4, 5}),
    )


def _row(number: int, visit: Visit, facts: NearFacts, speech: Speech) -> list[Html]:
    day = facts.asked.since
    return [
        tag("b", text(number), class_="mark vehicle"),
        _vehicle(visit.vehicle, speech),
        clock_of(visit.first_at, day, speech),
        clock_of(visit.last_at, day, speech),
        text(speech.duration(visit.inside_s)),
        text(speech.distance(visit.closest_m)),
        clock_of(visit.closest_at, day, speech),
    ]


def _vehicle(vehicle: VehicleFacts, speech: Speech) -> Html:
    parts = (vehicle.vehicle, vehicle.plate, speech.name(vehicle.department, ""))
    ref = text(" · ".join(part for part in parts if part))
    name = both_names(vehicle.name, vehicle.vehicle, speech)
    return joined([name, tag("small", ref, class_="ref")])


def _notes(facts: NearFacts, hidden: int, speech: Speech) -> Iterator[str]:
    if facts.cut:
        yield speech.say("note.near_cut")
    if hidden > 0:
        yield speech.count("note.hidden", hidden)
    yield speech.say("note.near")
    yield speech.say("note.basemap")
