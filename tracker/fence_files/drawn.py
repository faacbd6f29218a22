"""One fence as a file has it, and which of its attributes say what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from geo.errors import GeoError
from tracker.errors import BadInput
from tracker.fence_edits import NewFence

_MOST_REF: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A feature of a file: its shape in degrees, or why it has none."""

    #: For people: `yards.geojson, feature 3`.
    where: str
    #: What a fence without any name is called by.
    number: str
    attributes: Mapping[str, Any]
    #: As `build_shape` takes it.
    shape: Mapping[str, Any] | GeoError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which attributes say what: each the first of these that is there, whatever its case."""

    ref: Sequence[str] = ("ref", "fence", "code", "id", "fence_id")
    name_en: Sequence[str] = ("name_en", "name", "nameen", "english", "title")
    name_zh_hant: Sequence[str] = (
        *("name_zh_hant", "name_zh", "name_tc", "name_ch", "nametc", "chinese", "名稱"),
    )
    description_en: Sequence[str] = ("description_en", "description", "desc", "cmt", "remarks")
    description_zh_hant: Sequence[str] = ("description_zh_hant", "desc_zh", "desc_tc", "描述")
    valid_from: Sequence[str] = ("valid_from",)
    valid_until: Sequence[str] = ("valid_until", "valid_to")


def fence_of(drawn: Drawn, department: str, fields: Fields) -> NewFence:
    """The fence that a feature is; raises BadInput, or the GeoError of its shape."""
    if isinstance(drawn.shape, GeoError):
        raise drawn.shape
    said = {
        key.lower(): value for key, value in drawn.attributes.items() if value not in (None, "")
    }
    for both in ("name", "description"):
        if isinstance(said.get(both), Mapping):
            two = said.pop(both)
            said[f"{both}_en"], said[f"{both}_zh_hant"] = two.get("en", ""), two.get("zh-Hant", "")
    values: dict[str, Any] = {"department": department, "definition": dict(drawn.shape)}
    for field in Fields.__dataclass_fields__:
        found = next((said[key] for key in _lower(getattr(fields, field)) if key in said), None)
        if found is not None:
            values[field] = found if isinstance(found, datetime) else str(found).strip()
    values["ref"] = _ref(values.get("ref"), values.get("name_en"), drawn.number)
    try:
        return NewFence.model_validate(values)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"({'; '.join(faults)})") from None


def _lower(names: Sequence[str]) -> list[str]:
    return [name.lower() for name in names]


def _ref(said: str | None, name: str | None, number: str) -> str:
    """The ref that is said, also as a full ref; else one made of the name, or of the number."""
    if said:
        return said.rpartition("/")[2]
    made = re.sub(r"[^A-Za-z0-9._-]+", "-", name or "").strip("-._")[:_MOST_REF]
    return made or re.sub(r"[^A-Za-z0-9._-]+", "-", number).strip("-._")[-_MOST_REF:]
