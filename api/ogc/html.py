"""Pages for people. They are trees of elements, so that every text in them is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree

from api.ogc.links import Link, Place
from api.ogc.words import word

Element = ElementTree.Element
Content = Element | str | None

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{border:1px solid #8888;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "code{overflow-wrap:anywhere}"
)
#: No character of HTML.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def element(tag: str, *content: Content, **attributes: str) -> Element:
    """An element; texts are cleaned of what HTML has no character for."""
    made = Element(tag, {name: _clean(value) for name, value in attributes.items()})
    last: Element | None = None
    for each in content:
        if isinstance(each, Element):
            made.append(each)
            last = each
        elif each is not None:
            text = _clean(each)
            if last is None:
                made.text = (made.text or "") + text
            else:
                last.tail = (last.tail or "") + text
    return made


def anchor(href: str, text: str) -> Element:
    """A link in a page."""
    return element("a", text, href=href)


def listed(items: Iterable[Content]) -> Element:
    """A list of points."""
    return element("ul", *(element("li", each) for each in items))


def table(head: Sequence[str], rows: Iterable[Sequence[Content]]) -> Element:
    """A table with one row of headings."""
    return element(
        "table",
        element("thead", element("tr", *(element("th", text, scope="col") for text in head))),
        element("tbody", *(element("tr", *(element("td", each) for each in row)) for row in rows)),
    )


def page(place: Place, title: str, links: Sequence[Link], *content: Content) -> str:
    """A whole page: what it is, its content, and where one can go from there."""
    alternate = [
        element("link", rel=each["rel"], type=each["type"], href=each["href"])
        for each in links
        if each["rel"] in ("self", "alternate", "next")
    ]
    ways = listed(anchor(each["href"], f"{each['title']} ({each['rel']})") for each in links)
    tree = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", f"{title} · Milepost"),
            element("style", _STYLE),
            *alternate,
        ),
        element(
            "body",
            element("nav", anchor(place.root, "Milepost · OGC API")),
            element("h1", title),
            *content,
            element("h2", word("links", place.language)),
            ways,
        ),
        lang=place.language,
    )
    return "<!doctype html>" + ElementTree.tostring(tree, encoding="unicode", method="html")


def _clean(text: str) -> str:
    return _CONTROLS.sub("\ufffd", text)
