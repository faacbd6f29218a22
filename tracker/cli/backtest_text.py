"""The answer to a backtest for a terminal: figures, bars, and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.cli.shared import moment

if TYPE_CHECKING:
    from tracker.backtest import Answer
    from tracker.backtest.answer import Side
    from tracker.backtest.difference import Difference

BAR: Final = "█"
BAR_WIDTH: Final = 40
#: Rows of a table; the other formats have all.
MOST: Final = 20


def lines(found: Answer) -> Iterator[str]:
    """All that is said of it."""
    yield f"{found.department}, {moment(found.since)} to {moment(found.until)}, simulated"
    for side in found.sides:
        yield ""
        yield from _side(side, found.time_zone)
    if found.difference is not None:
        yield ""
        yield from _difference(found.difference, [side.name for side in found.sides])


def _side(side: Side, zone: str) -> Iterator[str]:
    figures = side.figures
    kinds = ", ".join(f"{kind} {count}" for kind, count in figures.events_by_kind.items())
    held = f", {figures.suppressed} held back by cool-downs" if figures.suppressed else ""
    yield side.name
    yield f"  events  {figures.events}{f' ({kinds})' if kinds else ''}"
    yield f"  alerts  {figures.alerts}, {figures.alerts_a_day:g} a day{held}"
    if not figures.events:
        return
    what, by_day, by_hour = "alerts", figures.alerts_by_day, figures.alerts_by_hour
    if not figures.alerts:
        what, by_day, by_hour = "events", figures.events_by_day, figures.events_by_hour
    yield f"\n  {what} by day ({zone})"
    yield from _bars(by_day)
    yield f"\n  {what} by hour ({zone})"
    yield from _bars({f"{hour:02}": count for hour, count in enumerate(by_hour)})
    yield "\n  worst vehicles"
    yield from _table(("vehicle", "alerts", "events"), figures.vehicles)
    if side.alerts:
        yield "\n  alerts"
        rows = [{**row, "when": moment(row["at"])} for row in side.alerts]
        yield from _table(("when", "vehicle", "fence", "kind", "rule", "suppressed"), rows)


def _difference(found: Difference, names: Sequence[str]) -> Iterator[str]:
    yield f"A {names[0]}, B {names[1]}"
    yield f"  both    {len(found.both)}"
    yield f"  only A  {len(found.only_a)}"
    yield f"  only B  {len(found.only_b)}"
    for key, counts in (("day", found.by_day), ("vehicle", found.by_vehicle)):
        yield f"\n  by {key}"
        yield from _table(
            (key, "both", "only A", "only B"),
            [
                {key: name, "both": n["both"], "only A": n["only_a"], "only B": n["only_b"]}
                for name, n in counts.items()
            ],
        )
    for name, rows in (("only A", found.only_a), ("only B", found.only_b)):
        if rows:
            yield f"\n  {name}"
            told = [{**row, "when": moment(row["at"])} for row in rows]
            yield from _table(("when", "vehicle", "fence", "kind"), told)


def _bars(counts: Mapping[str, int]) -> Iterator[str]:
    """A line each; the most is the whole width."""
    most = max(counts.values(), default=0) or 1
    digits = len(str(most))
    for name, count in counts.items():
        bar = BAR * max(round(count / most * BAR_WIDTH), 1 if count else 0)
        yield f"    {name}  {count:>{digits}}  {bar}".rstrip()


def _table(heads: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The first rows, numbers to the right."""
    shown = [[str(row[head]) for head in heads] for row in rows[:MOST]]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    for row in (heads, *shown):
        cells = (
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, _numbers(heads, rows), strict=True)
        )
        yield ("    " + "  ".join(cells)).rstrip()
    if len(rows) > MOST:
        yield f"    and {len(rows) - MOST} more: --format csv has all"


def _numbers(heads: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[bool]:
    return [bool(rows) and isinstance(rows[0][head], int) for head in heads]
