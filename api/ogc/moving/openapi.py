"""The paths of moving features in the OpenAPI 3.0 document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from api.ogc.links import GEOJSON, JSON
from api.ogc.moving.asked import MOST_LEAVES, SUB_TEMPORAL_VALUE, SUB_TRAJECTORY
from api.ogc.moving.collection import NAME, PATH
from api.ogc.moving.encoding import PROPERTIES
from api.ogc.openapi_parts import STRING, Json, asked, get, in_path, refs

_ITEM: Final = f"{PATH}/items/{{department}}/{{ref}}"
_GEOMETRY: Final = f"{_ITEM}/tgsequence/{{geometry}}"
_BOX: Final = ("bbox", "bbox-crs")
_PAGE: Final = ("limit", "after")
_NAMED: Final = re.compile(r"{(\w+)}")
_SCHEMAS: Final[Json] = {"property": {"type": "string", "enum": list(PROPERTIES)}}


def moving_paths() -> Json:
    """All of them: each is read and nothing else, for what moved was heard of devices."""
    part = ("datetime", SUB_TRAJECTORY)
    values = ("datetime", "leaf", SUB_TEMPORAL_VALUE)
    return {
        PATH: get(NAME, "collection", JSON, "collection", tag=NAME),
        **_read(f"{PATH}/items", "items", (*_BOX, *part, *_PAGE), "featureCollection"),
        **_read(_ITEM, "item", part, "feature"),
        **_read(f"{_ITEM}/tgsequence", "tgsequence", (*_BOX, *part, "leaf", *_PAGE)),
        **_read(f"{_GEOMETRY}/distance", "distance", values),
        **_read(f"{_GEOMETRY}/velocity", "velocity", values),
        **_read(f"{_GEOMETRY}/acceleration", "acceleration", values),
        **_read(f"{_ITEM}/tproperties", "tproperties", ("datetime", SUB_TEMPORAL_VALUE, *_PAGE)),
        **_read(f"{_ITEM}/tproperties/{{property}}", "tproperty", values),
    }


def moving_parameters() -> tuple[Json, ...]:
    """Those that no other collection has."""
    instants: Json = {
        "type": "array",
        "uniqueItems": True,
        "minItems": 1,
        "maxItems": MOST_LEAVES,
        "items": {"type": "string", "format": "date-time"},
    }
    commas: Json = {"style": "form", "explode": False}
    return (
        asked("leaf", instants, description="only at these instants", **commas),
        *(
            asked(name, {"type": "boolean"}, description="cut at `datetime`", **commas)
            for name in (SUB_TRAJECTORY, SUB_TEMPORAL_VALUE)
        ),
    )


def _read(path: str, name: str, parameters: Sequence[str], schema: str | None = None) -> Json:
    in_it = [in_path(each, _SCHEMAS.get(each, STRING)) for each in _NAMED.findall(path)]
    kind = JSON if schema is None else GEOJSON
    told = [*in_it, *refs(*parameters, "purpose")]
    return {path: get(f"{NAME}.{name}", name, kind, schema, parameters=told, tag=NAME)}
