"""The pages' colours keep WCAG 2.2 AA in both themes: 4.5:1 for text, 3:1 for what is drawn."""

from __future__ import annotations

import re

import pytest

from tests.unit.maps.test_basemap import BASEMAP

STYLE = (BASEMAP.parent / "views" / "page.css").read_text("utf-8")
TEXTS = [
    ("text", "panel"),
    ("secondary", "panel"),
    ("secondary", "land"),
    ("secondary", "water"),
    ("mark-text", "mark"),
    ("cross-text", "cross"),
]
DRAWN = [
    (name, ground)
    for name in ("speed-0", "speed-1", "speed-2", "speed-3", "unknown", "mark", "cross")
    for ground in ("panel", "land", "water")
] + [("focus", "panel")]


def colours(theme: int) -> dict[str, str]:
    """By name, of the first or the second `:root`."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", blocks[theme]))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = "".join(2 * c for c in colour[1:]) if len(colour) == 4 else colour[1:]
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, 4.5), (DRAWN, 3.0)], ids=["texts", "drawn"])
def test_contrast(theme: int, pairs: list[tuple[str, str]], least: float) -> None:
    found = colours(theme)
    weak = [
        (one, other, round(ratio, 2))
        for one, other in pairs
        if (ratio := contrast(found[one], found[other])) < least
    ]
    assert weak == []


def test_both_themes_name_the_same_colours() -> None:
    assert colours(0).keys() == colours(1).keys()
