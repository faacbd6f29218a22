"""SQL where a value is meant, in every string that any operation takes: a value like others."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from tests.integration.api_world import Served, World

CORPUS: Final = (
    "' OR '1'='1",
    "'; DROP TABLE vehicle; --",
    "A/AMB-1' UNION SELECT set_config('app.depts','1,2',true) --",
    "1); SELECT pg_sleep(30); --",
    "$$;SELECT 1;$$",
    "\\'; COMMIT; --",
    "%27%20OR%201=1",
    "{{7*7}}${7*7}",
    "\u0000",
    "\ud55c' --",
)
#: They end nothing by themselves, or end the caller's session.
APART: Final = {"/v1/events", "/v1/session"}
_COUNTED: Final = (
    "SELECT md5(string_agg(t, '|')) FROM (SELECT (SELECT string_agg(x::text, '|' ORDER BY x::text)"
    " FROM {table} AS x) AS t) AS whole"
)
TABLES: Final = (
    *("department", "vehicle", "device", "device_assignment", "fence", "fence_version", "rule"),
    *("alert", "event", "alert_change", "fix", "latest", "subscription", "location_grant"),
    *("vehicle_group", "fence_group", "share_link", "backtest", "role_assignment", "local_user"),
)
#: Every table, and whether its rows say whose they are.
_TABLES: Final = (
    "SELECT json_object_agg(table_name, owned) FROM (SELECT table_name,"
    " bool_or(column_name = 'department_id') AS owned FROM information_schema.columns"
    " WHERE table_schema = 'public' GROUP BY 1) AS t"
)
_OF_B: Final = (
    "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"
    " WHERE department_id = (SELECT id FROM department WHERE ref = 'B')"
)
SAMPLES: Final = {"date-time": "2026-11-27T08:00:00Z", "date": "2026-11-27"}
#: What A has, by the names of members; of paths by the thing.
MEMBERS: Final = {"application": "A-USE", "contractor": None, "name": {"en": "A", "zh-Hant": "A"}}
REFS: Final = {"/devices/": "A-BOX-AMB-1", "/fences/": "A-SQUARE", "/rules/": "A-RULE"}
AT_ONCE: Final = 8


def requests_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each operation with one hostile text in each of its strings in turn: method, path, query."""
    turn = 0
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            if path in APART:
                continue
            given = [each for each in said.get("parameters", ()) if each["in"] in ("path", "query")]
            for hostile in given:
                for text in (CORPUS[turn % len(CORPUS)], CORPUS[(turn + 3) % len(CORPUS)]):
                    filled, query = path, {}
                    for each in given:
                        value = text if each is hostile else "A"
                        if each["in"] == "path":
                            filled = filled.replace(f"{{{each['name']}}}", _quoted(value))
                        elif each is hostile:
                            query[each["name"]] = value
                    yield method, filled, query
                turn += 1


def bodies_of(
    document: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[tuple[str, str, Any]]:
    """Each operation that takes JSON with one hostile text in each string of a body in turn:
    method, path, body. Paths name what there is, so that the text comes as far as it can."""
    turn = 0
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            content = said.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None or path in APART:
                continue
            # Its examples speak of FSD.
            whole = json.loads(json.dumps(sample(content["schema"], document)).replace("FSD", "A"))
            ref = next((ref for part, ref in REFS.items() if part in path), "AMB-1")
            filled = path
            for name, value in {**known, "ref": ref}.items():
                filled = filled.replace(f"{{{name}}}", value)
            filled = re.sub(r"\{\w+\}", "A", filled)
            for at in strings_in(whole):
                for text in (CORPUS[turn % len(CORPUS)], CORPUS[(turn + 3) % len(CORPUS)]):
                    yield method, filled, replaced(whole, at, text)
                turn += 1


def sample(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:  # noqa: ANN401  any JSON
    """A value of a schema, with everything in it that may be."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return sample(document["components"]["schemas"][name], document)
    if "examples" in schema:
        return schema["examples"][0]
    kinds = [each for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key, ())]
    if kinds:
        return sample(next(each for each in kinds if each.get("type") != "null"), document)
    if schema.get("type") == "object":
        own = schema.get("properties", {"any": {"type": "string"}})
        return {
            name: MEMBERS[name] if name in MEMBERS else sample(each, document)
            for name, each in own.items()
        }
    if schema.get("type") == "array":
        fewest = max(1, schema.get("minItems", 1))
        return [sample(schema.get("items", {}), document) for _ in range(fewest)]
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1)}
    plain |= {"boolean": False, "string": SAMPLES.get(schema.get("format", ""), "A")}
    return schema.get("enum", [schema.get("const", plain.get(schema.get("type", ""), "A"))])[0]


def strings_in(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401  any JSON
    """Where strings are in it."""
    if isinstance(value, str):
        yield at
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in members:
            yield from strings_in(each, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], text: str) -> Any:  # noqa: ANN401  any JSON
    """The same with a text there."""
    if not at:
        return text
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[at[0]] = replaced(value[at[0]], at[1:], text)
    return changed


def _quoted(value: str) -> str:
    return str(httpx.URL("http://h", params={"v": value}).query, "ascii")[2:].replace("+", "%20")


async def checksums(world: World) -> list[str]:
    return [await world.sql(_COUNTED.replace("{table}", table)) for table in TABLES]


async def of_b(world: World) -> dict[str, str | None]:
    """Every table there is, and a checksum of what is of department B."""
    tables = await world.sql(_TABLES)
    return {
        table: await world.sql(_OF_B.replace("{table}", table)) if owned else None
        for table, owned in sorted(tables.items())
    }


async def test_hostile_texts_change_nothing_and_are_no_fault(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    document = (await as_a.get("/openapi.json")).json()
    before = await checksums(world)
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask(method: str, path: str, query: dict[str, str]) -> str | None:
        async with turn:
            answer = await as_a.request(method, path, params=query or None)
        if answer.status_code >= 500 and answer.json()["type"] != "/problems/provider-away":
            return f"{method} {path} {query}: {answer.text[:200]}"
        told = "B/" in answer.text or "B thing" in answer.text
        return f"{method} {path} {query} shows B" if told else None

    asked = list(requests_of(document))
    found = await asyncio.gather(*(ask(*each) for each in asked))
    assert [each for each in found if each] == []
    assert len(asked) > 300
    assert await checksums(world) == before


async def test_hostile_texts_in_bodies_are_texts(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    """A may write them where a text may stand; nothing of B changes, and no table goes."""
    await world.cross_square("A/AMB-1")
    document = (await as_a.get("/openapi.json")).json()
    alert = (await as_a.get("/v1/alerts")).json()["alerts"][0]["id"]
    known = {"department": "A", "alert_id": alert}
    before = await of_b(world)
    turn = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def ask(method: str, path: str, body: object) -> str | None:
        nonlocal done
        async with turn:
            answer = await as_a.request(method, path, json=body, headers={"If-Match": "*"})
        done += answer.status_code < 300
        if answer.status_code >= 500 and answer.json()["type"] != "/problems/provider-away":
            return f"{method} {path} {body}: {answer.text[:200]}"
        told = "B/" in answer.text or "B thing" in answer.text
        return f"{method} {path} {body} shows B" if told else None

    asked = list(bodies_of(document, known))
    found = await asyncio.gather(*(ask(*each) for each in asked))
    assert [each for each in found if each] == []
    assert len(asked) > 250
    assert done > 20, "as far as they can come"
    assert await of_b(world) == before
