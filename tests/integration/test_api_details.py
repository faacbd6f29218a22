"""What every exchange has: trace ids, problems, compression, limits, tags, quotas."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zstandard

from api.errors import _BY_STATUS, PROBLEMS
from api.settings import ApiSettings
from tests.integration.api_world import DEADLINE_S, Served, World, served
from tests.integration.service import verb

KNOWN = (*PROBLEMS.values(), *_BY_STATUS.values())
TITLES = {title for each in KNOWN for title in each.title.values()}
TRACE = re.compile(r"[0-9a-f]{32}")
ROOT = Path(__file__).parents[2]
#: What anybody may ask; without a provider `/v1/oidc/` has nothing.
OPEN = {"/healthz", "/v1/sign-in", "/v1/session", "/v1/oidc/start", "/v1/oidc/callback"}
#: Whoever has a link needs nothing else.
NO_ALERT = "00000000-0000-0000-0000-000000000000"
OPEN |= {"/v1/shares/{share}", "/openapi.json", "/v1/asyncapi.json"}
OPEN |= {f"/open/gtfs-rt/vehicle-positions.{form}" for form in ("pb", "json")}


def is_problem(answer: httpx.Response) -> bool:
    """With a trace id, one in the header too, and a title in the language that was asked for."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert body["status"] == answer.status_code
    assert TRACE.fullmatch(body["trace_id"])
    assert answer.headers["milepost-trace-id"] == body["trace_id"]
    assert body["title"] in TITLES
    assert not body["title"].isascii(), "asked for in Chinese"
    assert "content-security-policy" in answer.headers
    return True


async def test_every_route_refuses_by_problems(world: World, api: Served) -> None:
    """A walk of the document: nobody, an odd method, an odd parameter, no body, no JSON."""
    chinese = {"Accept-Language": "zh-HK"}
    async with (
        api.client(**chinese) as nobody,
        api.client(world.tokens["A"], **chinese) as caller,
    ):
        paths = (await caller.get("/openapi.json")).json()["paths"]
        seen = set()
        for path, methods in paths.items():
            # An alert's id is a UUID, or the path is none.
            filled = re.sub(r"\{[^}]+\}", "0", path.replace("{alert_id}", NO_ALERT))
            odd = await caller.request("TRACE", filled)
            assert odd.status_code == 405, path
            assert is_problem(odd)
            for method in methods:
                if path not in OPEN:
                    answer = await nobody.request(method, filled)
                    assert answer.status_code in (401, 422), (method, path)
                    assert is_problem(answer)
                asked = {"from": "0", "limit": "x", "crs": "x", "day": "x", "f": "x"} | {
                    "after": "x"
                }
                if method in ("post", "put"):
                    answer = await caller.request(method, filled, content=b"{")
                    text = await caller.request(
                        method, filled, content=b"<a/>", headers={"Content-Type": "text/xml"}
                    )
                    assert text.status_code == 415, path
                    assert is_problem(text)
                else:
                    answer = await caller.request(method, filled, params=asked)
                seen.add(answer.status_code)
                assert answer.status_code < 400 or is_problem(answer), (method, path)
        assert {404, 422} <= seen
        assert is_problem(await caller.get("/nowhere"))


async def test_what_is_no_http_is_a_problem_in_both_languages(api: Served) -> None:
    for sent in (b"GET /\x00 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", api.port), DEADLINE_S) as raw:
            raw.sendall(sent + b"\r\n\r\n")
            said = b""
            while piece := raw.recv(65536):
                said += piece
        head, _, body = said.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400"), said
        assert b"application/problem+json" in head
        problem = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
        assert problem["title"] == "The request cannot be read / 無法讀取請求"


async def test_a_fault_of_ours_is_told_with_its_trace(
    world: World, api: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tracker.reads.rules", broken)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "Accept-Language": "zh"}
    async with api.client(world.tokens["A"], **parent) as client:
        answer = await client.get("/v1/rules")
    assert answer.status_code == 500
    assert is_problem(answer)
    assert answer.json()["trace_id"] == trace
    assert any(trace in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "said",
    ["", "00-xyz-1-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{'1' * 32}-{'1' * 16}-01"],
)
async def test_a_trace_that_cannot_be_is_replaced(api: Served, said: str) -> None:
    async with api.client() as client:
        answer = await client.get("/healthz", headers={"traceparent": said})
    assert TRACE.fullmatch(answer.headers["milepost-trace-id"])
    assert answer.headers["milepost-trace-id"] not in ("0" * 32, "1" * 32)


@pytest.mark.parametrize(("encoding", "unpacked"), [
    ("gzip", gzip.decompress),
    ("zstd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
])  # fmt: skip
async def test_answers_are_compressed_as_asked(
    world: World, api: Served, encoding: str, unpacked: object
) -> None:
    assert callable(unpacked)
    await world.cross_square("A/AMB-1")
    day = "from=2026-11-01T00:00:00Z&to=2027-01-01T00:00:00Z"
    for path in ("/v1/alerts", f"/v1/vehicles/A/AMB-1/track?{day}&format=csv", "/openapi.json"):
        async with api.client(world.tokens["A"]) as client:
            plain = await client.get(path, headers={"Accept-Encoding": "identity"})
            assert plain.status_code == 200, plain.text
            assert "content-encoding" not in plain.headers
            async with client.stream("GET", path, headers={"Accept-Encoding": encoding}) as packed:
                raw = b"".join([piece async for piece in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == encoding, path
        assert "accept-encoding" in packed.headers["vary"].lower()
        assert unpacked(raw) == plain.content


async def test_what_stands_still_is_not_sent_twice(world: World, as_a: httpx.AsyncClient) -> None:
    for path in ("/v1/vehicles", "/v1/fences", "/v1/rules"):
        first = await as_a.get(path)
        assert first.headers["cache-control"] == "private, no-cache"
        assert "authorization" in first.headers["vary"].lower()
        known = {"If-None-Match": first.headers["etag"]}
        again = await as_a.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    vehicles = {"If-None-Match": (await as_a.get("/v1/vehicles")).headers["etag"]}
    await world.sql("UPDATE vehicle SET plate = 'NEW' WHERE ref = 'AMB-1'")
    changed = await as_a.get("/v1/vehicles", headers=vehicles)
    assert changed.status_code == 200
    positions = await as_a.get("/v1/positions")
    assert positions.headers["cache-control"] == "private, no-store"
    assert "cookie" in positions.headers["vary"].lower()


@pytest.fixture
def poor(world: World) -> Iterator[tuple[Served, Served]]:
    """Two processes of the API that share small quotas."""
    settings = ApiSettings(key_requests=20, key_history=3, department_history=4)
    dsn = world.database.dsn("milepost_api")
    with served(dsn, settings=settings) as one, served(dsn, settings=settings) as two:
        yield one, two


async def test_quotas_hold_over_processes(world: World, poor: tuple[Served, Served]) -> None:
    one, two = poor
    other = await world.give_key("other", "administrator@A")
    path = "/v1/vehicles/A/AMB-1/track"
    async with (
        one.client(world.tokens["A"], **{"Accept-Language": "zh-HK"}) as first,
        two.client(world.tokens["A"]) as second,
        two.client(other) as third,
        one.client(world.tokens["B"]) as of_b,
    ):
        codes = [(await client.get(path)).status_code for client in (first, second, first)]
        assert codes == [200, 200, 200]
        refused = await first.get(path)
        assert refused.status_code == 429
        assert is_problem(refused)
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.headers["ratelimit"].startswith('"history";r=0;t=')
        assert refused.headers["ratelimit-policy"] == '"history";q=3;w=60'
        assert (await second.get(path)).status_code == 429
        assert (await second.get("/v1/vehicles")).status_code == 200, "another budget"
        assert (await third.get(path)).status_code == 200, "the department has one left"
        assert (await third.get(path)).status_code == 429, "and then none"
        assert (await of_b.get("/v1/vehicles/B/AMB-1/track")).status_code == 200
        asked = 1
        while (await of_b.get("/v1/vehicles")).status_code != 429:
            asked += 1
            assert asked < 200
        assert asked >= 20
        used = (await third.get("/v1/usage")).json()["rows"]
    rows = {(row["label"], row["kind"]): (row["asked"], row["refused"]) for row in used}
    assert rows["other", "history"] == (2, 1)
    assert ("B", "history") not in rows, "of another department"
    environment = world.database.environment()
    told = json.loads(verb(environment, "usage", "--json").stdout)
    assert {"A", "other"} <= {row["label"] for row in told}


def test_every_problem_is_documented() -> None:
    page = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    for problem in KNOWN:
        row = next((line for line in page.splitlines() if f"`{problem.slug}`" in line), None)
        assert row is not None, f"docs/problems.md lacks {problem.slug}"
        assert str(problem.status) in row
        assert problem.title["en"] in row
        assert problem.title["zh-Hant"] in row
