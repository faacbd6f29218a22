"""Requests that are too long are cut off, whichever they are, and cost no memory."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Final

import httpx
import pytest

from api.limits import BODY_LIMIT_BYTES, FILE_LIMIT_BYTES, FILE_PATHS, HEAD_LIMIT_BYTES
from tests.integration.api_world import DEADLINE_S, Served, World
from tests.integration.ogc_world import Service

GIGABYTE: Final = 1_000_000_000
PIECE: Final = b"x" * 65_536
#: What lies between us and the service unread, of sockets and of streams; besides, a socket's
#: buffer grows with what is read from it, to as much again.
UNDER_WAY_BYTES: Final = 8_000_000
#: A service that takes nothing for so long has stopped reading.
STOPPED_S: Final = 1.0
#: Of an answer: an event stream does not end.
MOST_READ: Final = 4_096
AT_ONCE: Final = 8
NO_ALERT: Final = "00000000-0000-0000-0000-000000000000"
MOST_MEMORY_KB: Final = 200_000


def pieces(*, chunked: bool) -> Iterator[bytes]:
    """A body of a gigabyte."""
    for _ in range(GIGABYTE // len(PIECE)):
        yield b"10000\r\n" + PIECE + b"\r\n" if chunked else PIECE


def exchanged(port: int, request: Iterable[bytes]) -> tuple[str, int]:
    """What came back, its beginning, and how much of a request had gone out when the service took
    no more. By a plain socket: asyncio forgets what came before a connection was reset."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(PIECE))
        raw.settimeout(STOPPED_S)
        sent, said = 0, b""
        with suppress(ConnectionError, TimeoutError):
            for piece in request:
                raw.sendall(piece)
                sent += len(piece)
        raw.settimeout(DEADLINE_S)
        with suppress(ConnectionError):
            while len(said) < MOST_READ and (piece := raw.recv(MOST_READ)):
                said += piece
    return said.decode("utf-8", "replace"), sent


async def test_a_gigabyte_is_cut_off_on_every_route(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    """By its stated length before a byte of it is read, else as soon as it is too long; where
    nobody wants a body, what comes after the answer is."""
    paths = (await as_a.get("/openapi.json")).json()["paths"]
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask(method: str, path: str, *, takes_body: bool, chunked: bool) -> None:
        filled = re.sub(r"\{[^}]+\}", "0", path.replace("{alert_id}", NO_ALERT))
        filled += "?department=A" if path in FILE_PATHS else ""
        head = (
            f"{method.upper()} {filled} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {world.tokens['A']}\r\nMilepost-Purpose: a test\r\n"
            + ("Transfer-Encoding: chunked" if chunked else f"Content-Length: {GIGABYTE}")
            + "\r\n\r\n"
        )
        async with turn:
            request = chain([head.encode()], pieces(chunked=chunked))
            said, sent = await asyncio.to_thread(exchanged, api.port, request)
        status = said.split()[1] if said else "closed"
        asked = (method, path, "chunked" if chunked else "stated", status, sent)
        most = FILE_LIMIT_BYTES if path in FILE_PATHS else BODY_LIMIT_BYTES
        assert sent < (2 * most if chunked else 0) + UNDER_WAY_BYTES, asked
        assert status == "413" or (chunked and not takes_body and status < "500"), asked

    asked = [
        ask(method, path, takes_body="requestBody" in said, chunked=chunked)
        for path, methods in paths.items()
        for method, said in methods.items()
        for chunked in (False, True)
    ]
    assert len(asked) > 340
    await asyncio.gather(*asked)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert grown_kb < MOST_MEMORY_KB
    assert (await as_a.get("/healthz")).status_code == 200


@pytest.mark.parametrize("size", [HEAD_LIMIT_BYTES + 1, 10 * HEAD_LIMIT_BYTES])
async def test_a_head_that_is_too_long_is_431_however_it_comes(
    ogc_service: Service, size: int
) -> None:
    """Whole and in pieces; beyond what is waited for nobody's language is known."""
    port = ogc_service.api.port
    head = f"GET /v1/vehicles?x={'a' * size} HTTP/1.1\r\nHost: x\r\nAccept-Language: zh-HK\r\n\r\n"
    for step in (len(head), 10_000):
        parts = (head[at : at + step].encode() for at in range(0, len(head), step))
        said, _ = await asyncio.to_thread(exchanged, port, parts)
        assert said.startswith("HTTP/1.1 431"), said[:300]
        assert "application/problem+json" in said
        assert "網址或標頭過長" in said


async def test_a_long_head_is_read_however_it_comes(ogc_service: Service) -> None:
    filling = "a" * (HEAD_LIMIT_BYTES // 2)
    head = f"GET /healthz?x={filling} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for step in (len(head), 10_000):
        parts = (head[at : at + step].encode() for at in range(0, len(head), step))
        said, _ = await asyncio.to_thread(exchanged, ogc_service.api.port, parts)
        assert said.startswith("HTTP/1.1 200"), said[:300]


async def test_what_is_no_chunk_behind_an_answer_ends_the_connection(
    ogc_service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ogc_service.api.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert b" 200 " in await asyncio.wait_for(reader.readline(), DEADLINE_S)
    await asyncio.wait_for(reader.readuntil(b"}"), DEADLINE_S)
    writer.write(b"no length\r\n")
    with suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), DEADLINE_S)
    writer.close()
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
