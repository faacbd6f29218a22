"""CQL2 as it comes, read behind a guard: the parser's time grows out of bounds with brackets."""

from __future__ import annotations

import json
import re
from typing import Final, Literal

import cql2

from tracker.reads import BadFilter

Language = Literal["cql2-text", "cql2-json"]
LANGUAGES: Final = ("cql2-text", "cql2-json")

LENGTH: Final = 2_000
#: Of brackets in each other, outside quotes. Twelve open ones cost 17 ms, 22 cost 8 s.
BRACKETS: Final = 8
#: NOTs and signs.
NEGATIONS: Final = 50
_NEGATION: Final = re.compile("not|[-+]", re.IGNORECASE)
_QUOTED: Final = re.compile("'[^']*'|\"[^\"]*\"")


def tree_of(text: str, language: Language) -> object:
    """The filter as a tree of CQL2 JSON, never None, else not yet checked; raises BadFilter."""
    if len(text) > LENGTH:
        raise BadFilter(f"it has more than {LENGTH} characters.")
    return _json(text) if language == "cql2-json" else _text(text)


def _json(text: str) -> object:
    try:
        found: object = json.loads(text, parse_constant=float)
    except (ValueError, RecursionError):
        raise BadFilter("it is no JSON.") from None
    if found is None:
        raise BadFilter("it is no condition.")
    return found


def _text(text: str) -> object:
    bare = _bare(text)
    _check_brackets(bare)
    if len(_NEGATION.findall(bare)) > NEGATIONS:
        raise BadFilter(f"it has more than {NEGATIONS} NOTs and signs.")
    try:
        return cql2.parse_text(text).to_json()
    except (cql2.ParseError, ValueError) as error:
        raise BadFilter(f"it is no CQL2 text. {_last_line(error)}") from None


def _bare(text: str) -> str:
    """What is outside quotes; a doubled quote ends one and begins another."""
    bare = _QUOTED.sub(" ", text)
    if "'" in bare or '"' in bare:
        raise BadFilter("a quote is not closed.")
    return bare


def _check_brackets(text: str) -> None:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth > BRACKETS:
            raise BadFilter(f"its brackets are nested more than {BRACKETS} deep.")
        if depth < 0:
            break
    if depth:
        raise BadFilter("its brackets do not match.")


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip(" =")[:200] if lines else ""
