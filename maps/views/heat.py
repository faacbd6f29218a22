"""The page of a heat map: where a vehicle, or a department's vehicles, spent their time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.distance import degree_lengths_m
from maps.text import Html, joined, tag, text
from maps.views.data import HeatFacts
from maps.views.drawing import Drawing, Heat, Mark
from maps.views.page import Table, View, both_names, render, who
from maps.views.speech import Speech

#: Cells that are drawn, the hottest ones.
MOST_CELLS: Final = 2000
#: Cells that are named.
_NAMED: Final = 10

Indexes = npt.NDArray[np.intp]


def heat_view(facts: HeatFacts) -> str:
    """One HTML file of a heat map; raises AssetsMissing."""
    speech = Speech(facts.asked.language, facts.asked.zone)
    order = np.lexsort((facts.lon, facts.lat, -facts.spent_s))
    drawn, named = order[:MOST_CELLS], order[:_NAMED]
    vehicle = facts.vehicle
    view = View(
        asked=facts.asked,
        title=speech.say("heat.title"),
        subject=text(speech.name(facts.department, ""))
        if vehicle is None
        else who(vehicle, speech),
        facts=list(_facts(facts, speech)),
        drawing=Drawing(heat=_heat(facts, drawn), marks=list(_marks(facts, named, speech))),
        legend=list(_legend(facts, speech)),
        graph=None,
        tables=[_cells(facts, named, speech)],
        notes=list(_notes(facts, cut=facts.cut or len(order) > MOST_CELLS, speech=speech)),
    )
    return render(view, speech)


def _heat(facts: HeatFacts, drawn: Indexes) -> Heat | None:
    if not len(drawn):
        return None
    # A depot holds hundreds of times what a street does; roots keep the streets in sight.
    share = np.sqrt(facts.spent_s[drawn] / max(float(facts.spent_s[drawn].max()), 1.0))
    return Heat(np.column_stack([facts.lon, facts.lat])[drawn], share, facts.cell_deg)


def _marks(facts: HeatFacts, named: Indexes, speech: Speech) -> Iterator[Mark]:
    for number, at in enumerate(named.tolist(), start=1):
        told = text(speech.duration(float(facts.spent_s[at])))
        yield Mark(float(facts.lon[at]), float(facts.lat[at]), "hot", text(number), told)


def _facts(facts: HeatFacts, speech: Speech) -> Iterator[tuple[str, Html]]:
    if facts.vehicle is not None:
        yield speech.say("vehicle"), text(facts.vehicle.vehicle)
        yield speech.say("name"), both_names(facts.vehicle.name, facts.vehicle.vehicle, speech)
        if facts.vehicle.plate:
            yield speech.say("plate"), text(facts.vehicle.plate)
    yield speech.say("department"), both_names(facts.department, "", speech)
    if facts.vehicle is None:
        yield speech.say("heat.vehicles"), text(f"{facts.vehicles:,}")
    yield speech.say("heat.time"), text(speech.duration(facts.total_s))
    yield speech.say("fixes"), text(f"{facts.fixes:,}")
    yield speech.say("heat.cell"), text(_side(facts, speech))


def _side(facts: HeatFacts, speech: Speech) -> str:
    lat = float(facts.lat.mean()) if len(facts.lat) else 0.0
    return speech.distance(facts.cell_deg * float(degree_lengths_m(lat)[1]))


def _legend(facts: HeatFacts, speech: Speech) -> Iterator[Html]:
    if len(facts.spent_s):
        yield joined([tag("i", class_="key cells"), text(speech.say("legend.heat"))])
        number = tag("b", text("1"), class_="mark hot")
        yield joined([number, text(speech.say("legend.hot"))])


def _cells(facts: HeatFacts, named: Indexes, speech: Speech) -> Table:
    total_s = facts.total_s or 1.0
    return Table(
        title=speech.say("heat.cells"),
        head=[speech.say(f"column.{name}") for name in ("number", "place", "duration", "share")],
        rows=[
            [
                tag("b", text(number), class_="mark hot"),
                text(speech.place(float(facts.lon[at]), float(facts.lat[at]))),
                text(speech.duration(float(facts.spent_s[at]))),
                text(f"{facts.spent_s[at] / total_s:.1%}"),
            ]
            for number, at in enumerate(named.tolist(), start=1)
        ],
        none=speech.say("heat.none"),
        figures=frozenset({2, 3}),
    )


def _notes(facts: HeatFacts, *, cut: bool, speech: Speech) -> Iterator[str]:
    yield speech.say("note.heat")
    if cut:
        yield speech.say("note.heat_cut")
    yield speech.say("note.basemap")
