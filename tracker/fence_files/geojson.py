"""GeoJSON (RFC 7946), a feature at a time: of a collection, of lines, or one alone.

A circle or corridor, which GeoJSON has no word for, is a property beside its outline.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from geo.errors import GeoError, MalformedShapeError, UnknownReferenceError
from geo.places import definition_from_grid
from tracker.errors import BadInput
from tracker.fence_files.drawn import Drawn

LINES: Final = (".geojsonl", ".geojsons", ".ndjson", ".jsonl")
_DECODER: Final = json.JSONDecoder()
_SPACE: Final = " \t\n\r"
_DEGREES: Final = ("CRS84", "EPSG:4326")


def read(path: Path, crs: str | None) -> Iterator[Drawn]:
    """Each feature; raises BadInput where the file is no GeoJSON, UnknownReferenceError."""
    if crs not in (None, "EPSG:2326", *_DEGREES):
        raise UnknownReferenceError(f"{crs} in GeoJSON")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"({path}: {error})") from None
    in_grid = crs == "EPSG:2326"
    try:
        features = _of_lines(text) if path.suffix.lower() in LINES else _of_document(text)
        for number, feature in enumerate(features, start=1):
            yield _drawn(path, number, feature, in_grid=in_grid)
    except (json.JSONDecodeError, IndexError) as error:
        raise BadInput(f"({path}: {error})") from None
    except RecursionError:
        raise BadInput(f"({path}: lists in lists without end)") from None


def _of_lines(text: str) -> Iterator[Any]:
    for line in text.split("\n"):
        if line.strip("\x1e" + _SPACE):
            yield json.loads(line.strip("\x1e" + _SPACE))


def _of_document(text: str) -> Iterator[Any]:
    """The features of a collection one by one, so that memory holds one; else the whole."""
    at = _past(text, 0, "{")
    head: dict[str, Any] = {}
    is_collection = False
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _past(text, at, ":")
        if key == "features" and text[at] == "[":
            is_collection = True
            at = yield from _elements(text, at)
        else:
            head[key], at = _DECODER.raw_decode(text, at)
        at = _past_value(text, at, "}")
    if not is_collection:
        yield head


def _elements(text: str, at: int) -> Generator[Any, None, int]:
    """The elements of the list that begins here; where it ends."""
    at = _past(text, at, "[")
    while text[at] != "]":
        value, at = _DECODER.raw_decode(text, at)
        yield value
        at = _past_value(text, at, "]")
    return at + 1


def _past_value(text: str, at: int, closing: str) -> int:
    """Where the next value begins, or the closing bracket is."""
    at = _past_space(text, at)
    return at if text[at] == closing else _past(text, at, ",")


def _past(text: str, at: int, mark: str) -> int:
    at = _past_space(text, at)
    if text[at] != mark:
        raise json.JSONDecodeError(f"no {mark}", text, at)
    return _past_space(text, at + 1)


def _past_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _drawn(path: Path, number: int, feature: Any, *, in_grid: bool) -> Drawn:  # noqa: ANN401  any JSON
    where, called = f"{path.name}, feature {number}", f"{path.stem}-{number}"
    if isinstance(feature, Mapping) and feature.get("type") != "Feature":
        feature = {"geometry": feature}
    if not isinstance(feature, Mapping):
        shape: Mapping[str, Any] | GeoError = MalformedShapeError("no object")
        return Drawn(where=where, number=called, attributes={}, shape=shape)
    attributes = dict(feature.get("properties") or {})
    if feature.get("id") is not None:
        attributes.setdefault("id", feature["id"])
    given = {k: attributes.pop(k) for k in ("circle", "corridor") if attributes.get(k) is not None}
    shape = given or {"geometry": feature.get("geometry")}
    if in_grid:
        try:
            shape = definition_from_grid(shape)
        except GeoError as error:
            shape = error
    return Drawn(where=where, number=called, attributes=attributes, shape=shape)


def write(file: BinaryIO, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of `tracker.reads.fences` as a collection that `read` understands wholly."""
    file.write(b'{"type":"FeatureCollection","features":[')
    for number, row in enumerate(rows):
        feature = {"type": "Feature", "geometry": row["geometry"], "properties": properties(row)}
        text = json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
        file.write(("\n" if number == 0 else ",\n").encode() + text.encode())
    file.write(b"\n]}\n")


def properties(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a fence beside its shape."""
    drawn = {
        key: row["definition"][key] for key in ("circle", "corridor") if key in row["definition"]
    }
    times = {
        key: row[key].isoformat() for key in ("valid_from", "valid_until") if row[key] is not None
    }
    said = {"ref": row["ref"], "name": row["name"], **drawn, **times}
    return said | ({"description": row["description"]} if row["description"] else {})
