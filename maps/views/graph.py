"""The speed over the time as an SVG: what the line's colours cannot say exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from geo.fix import unix_ms
from geo.units import mps_to_kmh
from maps.text import Html, tag, text
from maps.views.data import Floats, Gap, Line, Stop
from maps.views.speech import Speech

_WIDE: Final = 900.0
_HIGH: Final = 190.0
_LEFT: Final = 44.0
_RIGHT: Final = 12.0
_TOP: Final = 10.0
_BOTTOM: Final = 46.0
#: One value for so many columns of the picture at most: more than a printer tells apart.
_COLUMNS: Final = 420
#: Seconds between two marks of the time axis.
_STEPS_S: Final = (10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_MOST_TICKS: Final = 8
_KMH_STEPS: Final = (5, 10, 20, 25, 50, 100, 200)
_MOST_LINES: Final = 5
_KMH_OF_MPS: Final = mps_to_kmh(1.0)
#: Stops and gaps that are shown; the tables have as many.
_MOST_BARS: Final = 500
#: Numbers closer than this would lie on each other.
_NUMBER_WIDE: Final = 12.0


class _Axes(NamedTuple):
    begin_ms: int
    end_ms: int
    top_kmh: float

    def x(self, time_ms: float) -> float:
        share = (time_ms - self.begin_ms) / max(self.end_ms - self.begin_ms, 1)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (_WIDE - _LEFT - _RIGHT), 1)

    def y(self, kmh: float) -> float:
        return round(_HIGH - _BOTTOM - kmh / self.top_kmh * (_HIGH - _TOP - _BOTTOM), 1)


def graph(line: Line, stops: Sequence[Stop], gaps: Sequence[Gap], speech: Speech) -> Html:
    """The speed of a line that knows at least one; the highest one of each column is shown."""
    kmh = line.speed_mps * _KMH_OF_MPS
    axes = _axes(line, float(np.nanmax(kmh)))
    return tag(
        "svg",
        tag("title", text(speech.say("graph.title"))),
        *_grid(axes, speech),
        *_silence(axes, gaps[:_MOST_BARS]),
        *_standing(axes, stops[:_MOST_BARS]),
        tag("path", class_="curve", d=_curve(axes, line, kmh, gaps)),
        class_="graph",
        viewBox=f"0 0 {_WIDE:.0f} {_HIGH:.0f}",
        role="img",
    )


def _axes(line: Line, fastest_kmh: float) -> _Axes:
    step = _step(_KMH_STEPS, max(fastest_kmh, 10.0), _MOST_LINES)
    top = float(np.ceil(max(fastest_kmh, 10.0) / step) * step)
    return _Axes(int(line.time_ms[0]), int(line.time_ms[-1]), top)


def _step(steps: Sequence[int], span: float, most: int) -> int:
    return next((step for step in steps if span / step <= most), steps[-1])


def _grid(axes: _Axes, speech: Speech) -> Iterator[Html]:
    right, low = _WIDE - _RIGHT, _HIGH - _BOTTOM
    step = _step(_KMH_STEPS, axes.top_kmh, _MOST_LINES)
    for kmh in range(0, int(axes.top_kmh) + 1, step):
        y = axes.y(kmh)
        yield tag("line", x1=_LEFT, x2=right, y1=y, y2=y, class_="rule")
        yield tag("text", text(kmh), x=_LEFT - 6, y=y, dy="0.35em", text_anchor="end")
    step_ms = _step(_STEPS_S, (axes.end_ms - axes.begin_ms) / 1000, _MOST_TICKS) * 1000
    for time_ms in range(-(-axes.begin_ms // step_ms) * step_ms, axes.end_ms + 1, step_ms):
        x = axes.x(time_ms)
        yield tag("line", x1=x, x2=x, y1=_TOP, y2=low, class_="rule")
        yield tag("text", text(speech.clock_ms(time_ms)), x=x, y=_HIGH - 28, text_anchor="middle")


def _silence(axes: _Axes, gaps: Sequence[Gap]) -> Iterator[Html]:
    for gap in gaps:
        x, end = axes.x(unix_ms(gap.since)), axes.x(unix_ms(gap.until))
        yield tag(
            "rect", class_="silence", x=x, y=_TOP, width=max(round(end - x, 1), 1.0),
            height=_HIGH - _TOP - _BOTTOM,
        )  # fmt: skip


def _standing(axes: _Axes, stops: Sequence[Stop]) -> Iterator[Html]:
    """A bar under the axis for each stop, with its number where there is room for it."""
    free_from = 0.0
    for number, stop in enumerate(stops, start=1):
        x = axes.x(unix_ms(stop.since))
        end = axes.x(axes.end_ms if stop.until is None else unix_ms(stop.until))
        yield tag(
            "rect", class_="standing", x=x, y=_HIGH - _BOTTOM + 1, height=4,
            width=max(round(end - x, 1), 2.0),
        )  # fmt: skip
        middle = (x + end) / 2
        if middle - _NUMBER_WIDE / 2 >= free_from:
            free_from = middle + _NUMBER_WIDE / 2
            yield tag(
                "text", text(number), class_="number", x=round(middle, 1), y=_HIGH - 8,
                text_anchor="middle",
            )  # fmt: skip


def _curve(axes: _Axes, line: Line, kmh: Floats, gaps: Sequence[Gap]) -> str:
    """The highest speed of each column; broken where none is known, and at gaps."""
    known = np.flatnonzero(~np.isnan(kmh))
    span = max(axes.end_ms - axes.begin_ms, 1)
    column = (line.time_ms[known] - axes.begin_ms) * (_COLUMNS - 1) // span
    starts = np.flatnonzero(np.r_[True, np.diff(column) != 0])
    highest = np.maximum.reduceat(kmh[known], starts)
    times = line.time_ms[known[starts]]
    silences = np.sort(np.array([unix_ms(gap.since) for gap in gaps], dtype=np.int64))
    part = np.searchsorted(silences, times, side="left")
    said = []
    for index, (time_ms, value) in enumerate(zip(times.tolist(), highest.tolist(), strict=True)):
        begins = index == 0 or part[index] != part[index - 1]
        said.append(f"{'M' if begins else 'L'}{axes.x(time_ms):g},{axes.y(value):g}")
    return "".join(said)
