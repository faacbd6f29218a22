"""axe-core, the judge of what a page is to those who cannot see it or use a mouse."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_SCRIPT = (
    Path(__file__).parents[2] / "maps" / "console" / "node_modules" / "axe-core" / "axe.min.js"
)
#: WCAG 2.2 A and AA, and what axe-core holds for good practice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
_GRAVE = ("serious ", "critical ")


@cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")


def faults(page: Page, *, of_colours: bool = False) -> list[str]:
    """The faults of the page as it shows now: how grave, what, where, and the cure; only those of
    its colours, where nothing else can have changed."""
    page.evaluate(_script())  # as the debugger does it: no script tag, so the page's policy stands
    only = (
        {"type": "rule", "values": _OF_COLOURS} if of_colours else {"type": "tag", "values": _RULES}
    )
    found: dict[str, Any] = page.evaluate("only => axe.run(document, {runOnly: only})", only)
    return [
        f"{fault['impact']} {fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def grave_faults(page: Page, *, of_colours: bool = False) -> list[str]:
    """Those that are serious or critical."""
    return [each for each in faults(page, of_colours=of_colours) if each.startswith(_GRAVE)]


def faults_in_all_looks(
    page: Page, switch_language: Callable[[], object], switch_theme: Callable[[], object]
) -> list[str]:
    """The grave faults in both languages and both themes, which the page is left in as it was.

    Which words there are does not depend on the theme: in the second one only colours are judged.
    """
    found: list[str] = []
    for switch, of_colours in (
        (switch_theme, False),
        (switch_language, True),
        (switch_theme, False),
        (switch_language, True),
    ):
        look = page.evaluate(
            "[document.documentElement.lang, document.documentElement.dataset.theme]"
        )
        found += [f"{look}: {each}" for each in grave_faults(page, of_colours=of_colours)]
        switch()
    return found
