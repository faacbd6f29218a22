"""Which of the government's two languages a caller reads."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh-Hant"]


def language_of(accept_language: str) -> Language:
    """The language that an `Accept-Language` header likes best; English if it names neither."""
    best: Language = "en"
    best_weight = 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        named = _named(tag.strip().lower())
        if named is not None and weight > best_weight:
            best, best_weight = named, weight
    return best


def _named(tag: str) -> Language | None:
    primary = tag.split("-", maxsplit=1)[0]
    if primary == "zh":
        return "zh-Hant"
    return "en" if primary == "en" else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
