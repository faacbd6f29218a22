"""Schemas of OGC API – Moving Features and MF-JSON, as far as we write them."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

#: From the standard's own schemas: openapi/ogcapi-movingfeatures-1.bundled.yaml, 22-003r3.
_TIMES: Final[Schema] = {
    "type": "array",
    "uniqueItems": True,
    "minItems": 1,
    "items": {"type": "string", "format": "date-time"},
}
_NAMED: Final[Schema] = {
    "type": "object",
    "required": ["type", "properties"],
    "properties": {
        "type": {"enum": ["Name"]},
        "properties": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {"name": {"type": "string"}},
        },
    },
}
_CURVES: Final[Schema] = {"enum": ["Discrete", "Step", "Linear", "Quadratic", "Cubic"]}
_POINT: Final[Schema] = {
    "type": "object",
    "required": ["type", "coordinates", "datetimes"],
    "properties": {
        "type": {"enum": ["MovingPoint"]},
        "coordinates": {
            "type": "array",
            "items": {"type": "array", "minItems": 2, "items": {"type": "number"}},
        },
        "datetimes": _TIMES,
        "interpolation": _CURVES,
        "crs": _NAMED,
        "trs": _NAMED,
    },
}
_MOVING: Final[Schema] = {
    "oneOf": [
        _POINT,
        {
            "type": "object",
            "required": ["type", "prisms"],
            "properties": {
                "type": {"enum": ["MovingGeometryCollection"]},
                "prisms": {"type": "array", "items": _POINT},
                "crs": _NAMED,
                "trs": _NAMED,
            },
        },
    ]
}
_LINKS: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {"href": {"type": "string", "format": "uri"}},
    },
}
_PAGE: Final[Schema] = {
    "links": _LINKS,
    "timeStamp": {"type": "string", "format": "date-time"},
    "numberMatched": {"type": "integer", "minimum": 0},
    "numberReturned": {"type": "integer", "minimum": 0},
}
_LIFE: Final[Schema] = {"type": "array", "minItems": 2, "maxItems": 2, "uniqueItems": True}
_FEATURE: Final[Schema] = {
    "type": "object",
    "required": ["id", "type", "geometry"],
    "properties": {
        "type": {"enum": ["Feature"]},
        "temporalGeometry": _MOVING,
        "crs": _NAMED,
        "trs": _NAMED,
        "time": _LIFE,
        "geometry": {"type": "object", "required": ["type"]},
        "properties": {"type": "object"},
        "links": _LINKS,
    },
}
FEATURES: Final[Schema] = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": _FEATURE},
        "crs": _NAMED,
        "trs": _NAMED,
        **_PAGE,
    },
}
PRISM: Final[Schema] = {**_FEATURE, "required": ["type", "temporalGeometry"]}
TRAJECTORY: Final[Schema] = {
    "type": "object",
    "required": ["type", "geometry", "properties"],
    "properties": {
        "geometry": {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {"type": {"enum": ["LineString"]}, "coordinates": {"minItems": 2}},
        },
        "properties": {"type": "object", "required": ["datetimes"],
                       "properties": {"datetimes": {**_TIMES, "minItems": 2}}},
    },
}  # fmt: skip
SEQUENCE: Final[Schema] = {
    "type": "object",
    "required": ["type", "geometrySequence"],
    "properties": {
        "type": {"enum": ["TemporalGeometrySequence"]},
        "geometrySequence": {
            "type": "array",
            "items": {**_POINT, "required": [*_POINT["required"], "id", "interpolation"]},
        },
        **_PAGE,
    },
}
_FORM: Final[Schema] = {
    "oneOf": [
        {"type": "string", "minLength": 3, "maxLength": 3},
        {"type": "string", "format": "uri", "minLength": 4},
    ]
}
_STEPS: Final[Schema] = {"enum": ["Discrete", "Step", "Linear", "Regression"]}
_VALUES: Final[Schema] = {"type": "array", "items": {"type": "number"}}
PROPERTY: Final[Schema] = {
    "type": "object",
    "required": ["name", "type"],
    "properties": {
        "name": {"type": "string"},
        "type": {"enum": ["TReal"]},
        "form": _FORM,
        "valueSequence": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["datetimes", "values", "interpolation"],
                "properties": {"datetimes": _TIMES, "values": _VALUES, "interpolation": _STEPS},
            },
        },
        "links": _LINKS,
    },
}
_PARAMETRIC: Final[Schema] = {
    "type": "object",
    "required": ["datetimes"],
    "properties": {"datetimes": _TIMES},
    "additionalProperties": {
        "type": "object",
        "required": ["type", "values"],
        "properties": {
            "type": {"enum": ["Measure"]},
            "values": _VALUES,
            "interpolation": _STEPS,
            "form": _FORM,
        },
    },
}
PROPERTIES: Final[Schema] = {
    "type": "object",
    "required": ["temporalProperties"],
    "properties": {
        "temporalProperties": {
            "oneOf": [
                {"type": "array", "minItems": 1, "items": _PARAMETRIC},
                {"type": "array", "minItems": 1, "items": PROPERTY},
            ]
        },
        **_PAGE,
    },
}
