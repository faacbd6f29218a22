"""The guard before the parser: what it lets through takes no time, whatever it is."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

from api.ogc.filters import BRACKETS, LENGTH, tree_of
from tracker.reads import BadFilter

#: Of a child process that reads thousands of texts: far more than it takes.
DEADLINE_S: Final = 120
#: Conditions made at random, then spoilt with brackets, quotes and noise. Each must take < 0.5 s.
FUZZ: Final = """
import random, time
from api.ogc.filters import tree_of
from tracker.reads import BadFilter
R = random.Random(7)
WHOLE = ["a = 1", "b LIKE 'x%'", "c IS NOT NULL", "d IN (1,2)", "NOT (a = -1)", "CASEI(b) = 'x'",
         "S_INTERSECTS(g, POLYGON((0 0,1 0,1 1,0 0)))", "T_AFTER(t, INTERVAL('..', '2026-01-01'))",
         "f(a, b) = 1", "a + 1 * 2 = b", "e BETWEEN 1 AND 2", "t > DATE('2026-01-01')"]
NOISE = ["(", ")", "((", "))", "NOT ", "-", "+", "'", '"', " AND ", " OR ", ",", "f(", "^",
         "CASEI(", "INTERVAL(", "POLYGON((", "BBOX(", " IN (", " BETWEEN ", "TIMESTAMP('",
         "*", "..", "[", "{", "\\0", "\u8eca", ";", "GEOMETRYCOLLECTION("]
def condition(depth):
    if depth == 0:
        return R.choice(WHOLE)
    inner = [condition(depth - 1) for _ in range(R.randint(1, 3))]
    return R.choice(["(", "NOT (", "(("]).ljust(1) + R.choice([" AND ", " OR "]).join(inner)
def closed(text):
    return text + ")" * (text.count("(") - text.count(")"))
slowest, read = 0.0, 0
for number in range(3000):
    text = closed(condition(R.randint(0, 4)))
    for _ in range(R.choice([0, 1, 3, 30])):
        at = R.randrange(len(text) + 1)
        text = text[:at] + R.choice(NOISE) * R.choice([1, 1, 5]) + text[at:]
    text = closed(text) if number % 2 else text
    began = time.process_time()
    try:
        tree_of(text[:2000], "cql2-text")
        read += 1
    except BadFilter:
        pass
    slowest = max(slowest, time.process_time() - began)
    assert slowest < 0.5, (slowest, text)
assert 200 < read < 2900, read
"""


def test_whatever_passes_the_guard_is_read_at_once() -> None:
    """In a child, for what the guard is there for burns the CPU or ends the process."""
    done = subprocess.run(  # noqa: S603  our own words
        [sys.executable, "-c", FUZZ],
        timeout=DEADLINE_S,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "text",
    [
        "(" * (BRACKETS + 1) + "a = 1" + ")" * (BRACKETS + 1),
        "(a = 1",
        "a = 1)",
        ")a = 1(",
        "a = 'x",
        'a" = 1',
        "NOT " * 51 + "a",
        "a = " + "-" * 51 + "1",
        "a" * (LENGTH + 1),
    ],
)
def test_the_guard_refuses(text: str) -> None:
    with pytest.raises(BadFilter):
        tree_of(text, "cql2-text")


def test_what_is_in_quotes_is_text() -> None:
    said = "((((((((((((" + "-" * 60 + "NOT" * 60
    found = tree_of(f"a = '{said}''s' AND \"b(((((((((((\" = 1", "cql2-text")
    assert found == {
        "op": "and",
        "args": [
            {"op": "=", "args": [{"property": "a"}, f"{said}'s"]},
            {"op": "=", "args": [{"property": "b((((((((((("}, 1.0]},
        ],
    }
