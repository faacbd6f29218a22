"""No outside word enters a page but through `maps.text`, and proof that each rule can fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import maps
from tests.unit.test_budget import syntax_tree

MAPS = Path(maps.__file__).parent
#: Only these may call something that makes markup of a plain string.
MAY_TRUST = {"text.py", "views/assets.py", "views/leaflet.py", "views/page.py"}
#: Where folium takes a text from, by argument.
SINKS = {
    *("popup", "tooltip", "html", "name", "text", "title", "caption", "labels", "aliases"),
    *("fields", "attr", "content"),
}
#: A list in a template whose parts are Html.
MADE_OF_TEXT = {"names"}
#: What makes Html of anything.
SAFE = {"text", "tag", "joined"}

Tree = tuple[str, ast.Module]
Rule = Callable[[Tree], Iterator[str]]


def trees() -> list[Tree]:
    return [
        (path.relative_to(MAPS).as_posix(), syntax_tree(path))
        for path in sorted(MAPS.rglob("*.py"))
    ]


def called(node: ast.expr) -> str:
    """The last part of what is called: `Tooltip` of `folium.Tooltip(…)`."""
    if not isinstance(node, ast.Call):
        return ""
    target = node.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def html_names(tree: ast.Module) -> set[str]:
    """Fields and arguments that are declared as Html."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "Html":
            found.add(ast.unparse(node.target))
        if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation) == "Html":
            found.add(node.arg)
    return found


def is_safe(node: ast.expr, html: set[str]) -> bool:
    """True of what is Html already, or no text."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Attribute):
        return node.attr in html
    if isinstance(node, ast.Name):
        return node.id in html
    if called(node) in ("Tooltip", "Popup", "DivIcon"):
        assert isinstance(node, ast.Call)
        return all(is_safe(each, html) for each in node.args)
    return called(node) in SAFE


def folium_elsewhere(tree: Tree) -> Iterator[str]:
    name, module = tree
    for node in ast.walk(module):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if name != "views/leaflet.py" and any(re.match(r"(folium|branca)\b", n) for n in names):
            yield f"{name}:{node.lineno}: folium is known to views/leaflet.py alone"  # type: ignore[attr-defined]  # imports have lines


def plain_text_in_folium(tree: Tree) -> Iterator[str]:
    name, module = tree
    html = html_names(syntax_tree(MAPS / "views" / "drawing.py")) | html_names(module)
    if name != "views/leaflet.py" and "folium" not in ast.dump(module):
        return
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        given = [k.value for k in node.keywords if k.arg in SINKS]
        given += node.args if called(node) in ("Tooltip", "Popup", "DivIcon", "Element") else []
        given += node.args[1:2] if called(node) in ("Marker", "FeatureGroup") else []
        for value in given:
            if not is_safe(value, html):
                yield f"{name}:{node.lineno}: {ast.unparse(value)} is not text()"


def markup_by_hand(tree: Tree) -> Iterator[str]:
    """A string with tags takes in nothing but Html."""
    name, module = tree
    for node in ast.walk(module):
        if name == "text.py" or not isinstance(node, ast.JoinedStr):
            continue
        constants = [str(p.value) for p in node.values if isinstance(p, ast.Constant)]
        values = [p.value for p in node.values if isinstance(p, ast.FormattedValue)]
        if "<" in "".join(constants) and not all(called(value) in SAFE for value in values):
            yield f"{name}:{node.lineno}: {ast.unparse(node)}"


def trusted_by_others(tree: Tree) -> Iterator[str]:
    name, module = tree
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and called(node) in ("Html", "ours", "Markup", "cast"):
            if name not in MAY_TRUST or (called(node) != "ours" and name != "text.py"):
                yield f"{name}:{node.lineno}: {ast.unparse(node)}"


def open_templates(tree: Tree) -> Iterator[str]:
    """In a template of folium's kind every value is JSON or a name of folium's own.

    JSON alone is no guard, for branca reads it as a template again: what it holds is text() too.
    """
    name, module = tree
    for node in ast.walk(module):
        if not isinstance(node, ast.Constant) or "{% macro" not in str(node.value):
            continue
        for value in re.findall(r"{{(.*?)}}", str(node.value)):
            json = re.fullmatch(r"\s*this\.(\w+)\|tojson\s*", value)
            if json and f"self.{json[1]} = text(" in ast.unparse(module):
                continue
            if json and json[1] in MADE_OF_TEXT:
                continue
            if not re.fullmatch(r"\s*this(\._parent)?\.get_name\(\)\s*", value):
                yield f"{name}:{node.lineno}: {value.strip()}"


RULES: dict[Rule, str] = {
    folium_elsewhere: "import folium",
    plain_text_in_folium: "folium.Marker([1, 2], tooltip=folium.Tooltip(vehicle.name))",
    markup_by_hand: 'f"<td>{name}</td>"',
    trusted_by_others: "Html(name)",
    open_templates: '"{% macro script(this) %} `{{ this.name }}` {% endmacro %}"',
}


@pytest.mark.parametrize("rule", RULES)
def test_the_folder_keeps_the_rule(rule: Rule) -> None:
    assert [fault for tree in trees() for fault in rule(tree)] == []


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_can_be_broken(rule: Rule) -> None:
    assert list(rule(("views/track.py", ast.parse(RULES[rule]))))


@pytest.mark.parametrize(
    "said",
    [
        "folium.Marker([1, 2], popup=name)",
        "folium.Marker([1, 2], str(name))",
        "folium.DivIcon(html=f'{name}')",
        "folium.FeatureGroup(name=mark.name)",
        "folium.Popup(escape(name))",
        "Element(name)",
    ],
)
def test_every_way_into_folium_is_watched(said: str) -> None:
    assert list(plain_text_in_folium(("views/leaflet.py", ast.parse(said))))
