"""The first page, what it conforms to, and the description of the API."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.ogc.answers import answer, dumped, headers, html
from api.ogc.html import Content, anchor, element, listed, page, table
from api.ogc.links import HTML, JSON, OPENAPI, Place, link
from api.ogc.openapi30 import document_of
from api.ogc.routing import InPlace, reading
from api.ogc.words import word

_FEATURES: Final = "http://www.opengis.net/spec/ogcapi-features-"
_CQL2: Final = "http://www.opengis.net/spec/cql2/1.0/conf/"
#: Only what tests/integration/test_ogc*.py and test_moving_features.py hold us to.
CONFORMS_TO: Final = (
    *(f"{_FEATURES}1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{_FEATURES}2/1.0/conf/crs",
    *(
        f"{_FEATURES}3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        _CQL2 + name
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
        )
    ),
    # Its other two classes want clients to write.
    "http://www.opengis.net/spec/ogcapi-movingfeatures-1/1.0/conf/common",
)
_WAYS: Final = (
    ("service-desc", OPENAPI, "api", "/api", "json"),
    ("service-doc", HTML, "documentation", "/api", "html"),
    ("conformance", JSON, "conformance", "/conformance", None),
    ("data", JSON, "collections", "/collections", None),
)


@reading("")
async def landing(place: InPlace) -> Response:
    """Where everything else is."""
    place.only()
    language = place.language
    links = [
        *place.self_links(JSON),
        *(
            link(
                rel,
                kind,
                word(key, language),
                place.to(path, **({} if form is None else {"f": form})),
            )
            for rel, kind, key, path, form in _WAYS
        ),
    ]
    title, description = word("title", language), word("description", language)
    document = {"title": title, "description": description, "links": links}

    def shown() -> list[Content]:
        ways = (anchor(place.to(path), word(key, language)) for _, _, key, path, _ in _WAYS[1:])
        return [element("p", description), listed(ways)]

    return answer(place, document, title, shown)


@reading("/conformance")
async def conformance(place: InPlace) -> Response:
    """The conformance classes that are kept."""
    place.only()
    back = link("up", JSON, word("landing", place.language), place.to(""))
    document = {"conformsTo": list(CONFORMS_TO), "links": [*place.self_links(JSON), back]}

    def shown() -> list[Content]:
        return [listed(element("code", uri) for uri in CONFORMS_TO)]

    return answer(place, document, word("conformance", place.language), shown)


@reading("/api", content={OPENAPI: {"type": "object"}})
async def description(place: InPlace) -> Response:
    """This API in OpenAPI 3.0; the whole of Milepost is in /openapi.json."""
    place.only()
    document = document_of(place.root, place.language)
    if place.form == "html":
        return html(place, _documentation(place, document))
    return Response(dumped(document), media_type=OPENAPI, headers=headers(place))


def _documentation(place: Place, document: dict[str, dict[str, dict[str, dict[str, str]]]]) -> str:
    head = [word("path", place.language), word("parameters", place.language)]
    rows: list[list[Content]] = [
        [element("code", path), ", ".join(_names(methods["get"])), methods["get"]["summary"]]
        for path, methods in document["paths"].items()
    ]
    title = word("documentation", place.language)
    return page(place, title, place.self_links(OPENAPI), table([*head, ""], rows))


def _names(operation: object) -> list[str]:
    listed_there = operation.get("parameters", []) if isinstance(operation, dict) else []
    return [str(each["$ref"]).rpartition("/")[2] if "$ref" in each else str(each["name"])
            for each in listed_there]  # fmt: skip
