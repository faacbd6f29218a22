"""What the API says of itself is whole, clean and true to its own examples."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.routing import APIRoute
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import ROUTERS, create_app
from api.openapi.chinese import SUMMARIES
from api.openapi.door import described
from api.settings import ApiSettings
from tests.integration.oidc_world import NODE

HERE = Path(__file__).parents[2] / "web"
#: What is no API: the console, and pages for people with what they are made of.
PAGES = {"/", "/assets/{name}", "/share/", "/share/{name}", "/problems/{slug}"}
PAGES |= {"/developers" + rest for rest in ("", "/", "/{name}", "/problems.json")}
#: Pictures for the console's map.
PAGES |= {"/basemap/{z}/{x}/{y}", "/basemap/file.pmtiles"}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    app = create_app(ApiSettings(), "postgresql://nobody.asks")
    return {**described(app), "servers": [{"url": "/"}]}


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_it_is_openapi_and_redocly_finds_nothing(document: Json, tmp_path: Path) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    redocly = HERE / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603  the test's own command line
        [NODE, redocly, "lint", file, "--config", HERE / "redocly.yaml", "--format=stylish"],
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Your API description is valid" in done.stderr


def test_every_route_is_in_it_but_pages(document: Json) -> None:
    routes = {
        route.path_format
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(routes) > 80
    # The landing page is there with and without a slash.
    assert routes - {"/ogc/"} == document["paths"].keys() | PAGES


def test_operations_have_names_and_words_of_their_own(document: Json) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert SUMMARIES.keys() <= set(names), "of operations that there are"
    assert {"getPositions", "createFence", "replaceFence", "acknowledgeAlert"} <= set(names)
    tags = {each["name"] for each in document["tags"]}
    for name, operation in operations(document):
        assert operation["operationId"].isalnum(), name
        assert 3 <= len(operation["summary"]) <= 120, name
        chinese = operation.get("x-summary-zh-Hant", "")
        assert not chinese.isascii(), f"{name}: say in api/openapi/chinese.py what it does"
        assert set(operation["tags"]) <= tags, f"{name}: say in api/openapi/tags.py what it is"


def test_every_answer_in_json_says_of_what_it_is_made(document: Json) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            for kind, said in answer.get("content", {}).items():
                schema = said.get("schema")
                assert schema, (name, status, kind)
                if kind.endswith("json"):
                    assert schema.get("type") != "string", (name, status)


def test_every_problem_of_an_operation_is_one(document: Json) -> None:
    answers = document["components"]["responses"]
    for name, operation in operations(document):
        refused = {status for status in operation["responses"] if status >= "400"}
        assert {"413", "500", "503"} <= refused, name
        for status in refused:
            assert operation["responses"][status]["$ref"].endswith(f"Problem{status}"), name
    for each in answers.values():
        assert each["content"].keys() == {"application/problem+json"}


def test_what_must_be_sent_with_a_change_is_named(document: Json) -> None:
    def named(method: str, path: str) -> dict[str, bool]:
        parameters = document["paths"][path][method]["parameters"]
        return {each["name"]: each["required"] for each in parameters if each["in"] == "header"}

    assert named("put", "/v1/fences/{department}/{ref}") == {"If-Match": True}
    assert named("post", "/v1/fences") == {"Idempotency-Key": False}
    assert named("get", "/v1/vehicles") == {"If-None-Match": False}
    assert named("get", "/v1/vehicles/{department}/{ref}/track") == {"Milepost-Purpose": False}
    assert named("get", "/v1/events") == {"Last-Event-ID": False}


def test_examples_fit_their_schemas(document: Json) -> None:
    components = {"components": document["components"]}
    shown = 0
    for name, schema in document["components"]["schemas"].items():
        judge = jsonschema.Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}"} | components
        )
        for example in schema.get("examples", ()):
            judge.validate(example)
            shown += 1
    assert shown >= 20
