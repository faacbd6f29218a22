"""One page in one file: what stands around every view, and what keeps it from asking for more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from maps.text import Html, joined, ours, tag, text
from maps.views import assets
from maps.views.data import Asked, Names, VehicleFacts
from maps.views.drawing import Drawing
from maps.views.sketch import sketch
from maps.views.speech import Speech

#: Rows of one table: a page is for reading; who wants all asks for CSV.
MOST_ROWS: Final = 500
_LIBRARIES: Final = ("leaflet.js",)
_HEAT_LIBRARY: Final = "leaflet-heat.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its name. Cells are Html; the first column names the row."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Html]]
    #: Said where there are no rows.
    none: str
    #: Columns that hold figures, which stand to the right.
    figures: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is on a page, from the top to the bottom."""

    asked: Asked
    #: What kind of page it is, and about what.
    title: str
    subject: Html
    #: Name and value.
    facts: Sequence[tuple[str, Html]]
    drawing: Drawing
    #: Under the map: what its signs mean.
    legend: Sequence[Html]
    graph: Html | None
    tables: Sequence[Table]
    #: Sentences on what is not shown and how true it is.
    notes: Sequence[str]


def render(view: View, speech: Speech) -> str:
    """The whole page as HTML; raises AssetsMissing. The same page gives the same text."""
    # Half a second and 80 MB, for who makes a page and not for each service.
    from maps.views.leaflet import draw  # noqa: PLC0415  folium brings pandas

    drawn = draw(view.drawing, speech)
    libraries = [*_LIBRARIES, *([_HEAT_LIBRARY] if view.drawing.heat is not None else [])]
    scripts = [
        *(assets.script(name) for name in libraries),
        ours(f"const LAND={assets.land().geojson};\n{drawn.script}"),
    ]
    body = tag(
        "body",
        _header(view, speech),
        tag(
            "main",
            tag("div", _figure(view, drawn.html, speech), _facts(view, speech), class_="beside"),
            *([_graph(view.graph, speech)] if view.graph is not None else []),
            *(_table(table, speech) for table in view.tables),
            _notes(view, speech),
        ),
        _footer(view, speech),
        *(tag("script", script) for script in scripts),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(scripts)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", view.subject, text(f" · {view.title} · {speech.say('product')}")),
        tag("style", assets.style()),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang=speech.lang_tag)}\n"


def _policy(scripts: Iterable[Html]) -> str:
    """Nothing is fetched, and no script runs but these, word for word."""
    hashes = (
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _header(view: View, speech: Speech) -> Html:
    asked = view.asked
    return tag(
        "header",
        tag("p", text(f"{speech.say('product')} · {view.title}"), class_="kind"),
        tag("h1", view.subject),
        tag(
            "p",
            time_of(asked.since, speech),
            text(" – "),
            time_of(asked.until, speech),
            text(f" ({speech.zone(asked.since)})"),
        ),
    )


def _figure(view: View, chart: Html, speech: Speech) -> Html:
    name = text(speech.say("map.name", what=view.title))
    return tag(
        "figure",
        tag("div", chart, class_="screen", role="region", aria_label=speech.say("map.name_short")),
        tag("div", sketch(view.drawing, speech, name), class_="paper"),
        tag(
            "figcaption",
            tag("ul", *(tag("li", each) for each in view.legend), class_="legend"),
            tag("p", text(speech.say("map.basemap", attribution=assets.land().attribution))),
        ),
    )


def _facts(view: View, speech: Speech) -> Html:
    rows = (tag("div", tag("dt", text(name)), tag("dd", value)) for name, value in view.facts)
    title = tag("h2", text(speech.say("facts")))
    return tag("section", title, tag("dl", *rows), class_="facts")


def _graph(graph: Html, speech: Speech) -> Html:
    return tag("section", tag("h2", text(speech.say("graph.title"))), graph, class_="speeds")


def _table(table: Table, speech: Speech) -> Html:
    title = tag("h2", text(table.title))
    if not table.rows:
        return tag("section", title, tag("p", text(table.none)))
    head = (
        tag("th", text(name), scope="col", class_=_figure_class(table, column))
        for column, name in enumerate(table.head)
    )
    left = len(table.rows) - MOST_ROWS
    return tag(
        "section",
        title,
        tag(
            "div",
            tag(
                "table",
                tag("thead", tag("tr", *head)),
                tag("tbody", *(_row(table, row) for row in table.rows[:MOST_ROWS])),
            ),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_label=table.title,
        ),
        *([tag("p", text(speech.count("rows_left", left)))] if left > 0 else []),
    )


def _row(table: Table, row: Sequence[Html]) -> Html:
    cells = (
        tag("td", cell, class_=_figure_class(table, column))
        for column, cell in enumerate(row[1:], start=1)
    )
    return tag("tr", tag("th", row[0], scope="row"), *cells)


def _figure_class(table: Table, column: int) -> str | None:
    return "figure" if column in table.figures else None


def _notes(view: View, speech: Speech) -> Html:
    title = tag("h2", text(speech.say("notes")))
    return tag(
        "section", title, tag("ul", *(tag("li", text(note)) for note in view.notes)), class_="notes"
    )


def _footer(view: View, speech: Speech) -> Html:
    made = speech.say("made_at", time=speech.moment(view.asked.made_at))
    return tag("footer", tag("p", text(made)), tag("p", text(speech.say("zone_note"))))


def time_of(when: datetime, speech: Speech) -> Html:
    """A moment, also for machines."""
    return tag("time", text(speech.moment(when)), datetime=speech.iso(when))


def clock_of(when: datetime, day: datetime, speech: Speech) -> Html:
    """The time of day, with the date where it is not that of `day`."""
    said = speech.clock(when)
    same = speech.day(when) == speech.day(day)
    return tag(
        "time", text(said if same else f"{speech.day(when)} {said}"), datetime=speech.iso(when)
    )


def both_names(names: Names, otherwise: str, speech: Speech) -> Html:
    """A name in the page's language, and small the one in the other language."""
    own, other = speech.name(names, otherwise), names.get(speech.other)
    if not other or other == own:
        return text(own)
    return joined([text(own), text(" "), tag("small", text(other), lang=speech.other_tag)])


def who(vehicle: VehicleFacts, speech: Speech) -> Html:
    """A vehicle in a heading: ref, name and plate."""
    plate = [text(" · "), text(vehicle.plate)] if vehicle.plate else []
    named = text(speech.name(vehicle.name, ""))
    return joined([text(vehicle.vehicle), *([text(" · "), named] if named else []), *plate])
