"""Reading what requests say: languages and boxes."""

from __future__ import annotations

import pytest

from api.errors import PROBLEMS, BadParameter
from api.geojson import bounding_box
from api.language import language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "en"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-HK,en;q=0.5", "zh-Hant"),
        ("en;q=0.4, zh;q=0.8", "zh-Hant"),
        ("en-GB,zh", "en"),
        ("zh;q=0,en;q=0.1", "en"),
        ("zh;q=many", "en"),
    ],
)
def test_the_language_liked_best_is_chosen(header: str, language: str) -> None:
    assert language_of(header) == language


def test_every_problem_has_a_title_in_both_languages() -> None:
    for problem in PROBLEMS.values():
        assert problem.title["en"].isascii()
        assert not problem.title["zh-Hant"].isascii()


def test_a_box_is_read() -> None:
    assert bounding_box("113.8,22.1,114.5,22.6") == (113.8, 22.1, 114.5, 22.6)
    assert bounding_box("179,-20,-179,-10") == (179, -20, -179, -10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "0,1,0,nan",
        "nan,0,1,1",
        "0,0,inf,1",
        "0,2,1,1",
        "-181,0,0,1",
        "0,0,1,91",
    ],
)
def test_a_box_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="bbox"):
        bounding_box(text)
