"""What `text` lets through means the same letters wherever folium and the page write it."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.text import joined, tag, text

#: Characters that end or open something in HTML, an attribute, a string or a template.
MEANING = set("<>\"'`$\\{}")


@given(st.text())
def test_nothing_in_it_means_anything(said: str) -> None:
    assert not MEANING & set(text(said))


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_letters_are_shown_as_they_are(said: str) -> None:
    assert unescape(text(said)) == said


@given(st.text())
def test_a_page_of_it_can_be_written(said: str) -> None:
    assert "\x00" not in text(said)
    text(said).encode()


@pytest.mark.parametrize("said", ["AM\u202e4321", "a\u2066b", "a\x00b", "\ud800"])
def test_what_is_no_letter_is_seen_to_be_none(said: str) -> None:
    assert "\ufffd" in text(said)


def test_numbers_are_text_too() -> None:
    assert text(17) == "17"


def test_a_tag_escapes_its_attributes() -> None:
    said = tag("td", text("<b>"), tag("br"), class_='x" onclick="y', aria_label=None)
    assert said == '<td class="x&quot; onclick=&quot;y">&lt;b&gt;<br></td>'


def test_shapes_of_a_picture_end() -> None:
    """In a picture inside HTML an element without an end swallows those after it."""
    assert joined([tag("rect", x=1), tag("rect")]) == '<rect x="1"></rect><rect></rect>'
