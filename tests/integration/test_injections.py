"""SQL where a value is meant, in every string that any operation takes: a value like others."""

from __future__ import annotations

import asyncio
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


def _quoted(value: str) -> str:
    return str(httpx.URL("http://h", params={"v": value}).query, "ascii")[2:].replace("+", "%20")


async def checksums(world: World) -> list[str]:
    return [await world.sql(_COUNTED.replace("{table}", table)) for table in TABLES]


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
