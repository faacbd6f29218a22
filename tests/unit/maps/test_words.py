"""The two catalogues of words say the same things, each in its language."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

WORDS: Final = Path(__file__).parents[3] / "maps" / "words"
#: What is called the same in both.
SAME: Final = {
    *("product", "view.product", "fences.paste.hint"),
    *("rules.channel.webhook", "rules.channel.mqtt"),
}


@pytest.fixture(scope="module")
def catalogues() -> tuple[dict[str, str], dict[str, str]]:
    english, chinese = (
        json.loads((WORDS / f"{tag}.json").read_text(encoding="utf-8")) for tag in ("en", "zh-Hant")
    )
    return english, chinese


def test_no_word_is_missing(catalogues: tuple[dict[str, str], dict[str, str]]) -> None:
    english, chinese = catalogues
    assert set(english) == set(chinese)
    assert all(text.strip() for each in catalogues for text in each.values())


def test_no_word_is_the_same_in_both_by_mistake(
    catalogues: tuple[dict[str, str], dict[str, str]],
) -> None:
    english, chinese = catalogues
    assert {key for key in english if english[key] == chinese[key]} == SAME


def test_both_are_filled_with_the_same_values(
    catalogues: tuple[dict[str, str], dict[str, str]],
) -> None:
    english, chinese = catalogues
    for key, text in english.items():
        asked, given = (set(re.findall(r"\{(\w+)\}", each)) for each in (text, chinese[key]))
        assert given <= asked or key.endswith((".one", ".other")), key
