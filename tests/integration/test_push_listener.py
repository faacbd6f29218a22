"""The listener of pushes by itself: where it listens, with TLS, and how it bears bad clients."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ingest.clock import Clock
from ingest.errors import PushCertificate, PushOutside
from ingest.sources import http_server, push
from ingest.sources.http_server import Listener
from ingest.sources.push import PushSource
from tests.integration.service import free_port
from tracker.accounts import Accounts
from tracker.passwords import hashed

WITHIN_S = 20.0
ACCOUNTS = Accounts(hashes={"D/phone": hashed("right")})
PHONE = httpx.BasicAuth("D/phone", "right")
LOCATION = b'{"_type": "location", "tst": 1, "lat": 1, "lon": 1}'


@asynccontextmanager
async def listening(listener: Listener, *, storing: bool = True) -> AsyncIterator[PushSource]:
    """The source, and a commit that takes all at once, or nothing."""
    async with PushSource(listener, clock=Clock()) as source:
        source.know(lambda: ACCOUNTS)

        async def store() -> None:
            async for burst in source.arrivals():
                if storing:
                    source.acknowledge([each.handle for each in burst])

        storing_task = asyncio.create_task(store())
        async with asyncio.timeout(WITHIN_S):
            while not source.health()["connected"]:  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(0.01)
        yield source
        storing_task.cancel()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For this machine, its key.pem beside it."""
    subprocess.run(  # noqa: S603  the test's own command line
        [
            *("/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", f"{tmp_path}/key.pem", "-out", f"{tmp_path}/certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path / "certificate.pem"


async def test_with_a_certificate_it_speaks_tls_only(certificate: Path) -> None:
    key = certificate.with_name("key.pem")
    listener = Listener(port=free_port(), cert_file=certificate, key_file=key)
    address = f"{listener.url}/push/D/phone"
    trusted = ssl.create_default_context(cafile=str(certificate))
    async with listening(listener), httpx.AsyncClient(verify=trusted, auth=PHONE) as client:
        assert address.startswith("https:")
        assert (await client.post(address, content=LOCATION)).status_code == 200
        with pytest.raises(httpx.TransportError):
            await client.post(address.replace("https", "http"), content=LOCATION)


def test_beyond_this_machine_it_wants_tls_or_to_be_told_of_a_proxy(certificate: Path) -> None:
    outside = "0.0.0.0"  # noqa: S104  what is tested
    for host in (outside, "::", "192.0.2.1", "gov.example"):
        with pytest.raises(PushOutside, match="cert_file"):
            PushSource(Listener(host=host, port=1), clock=Clock())
    for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"):
        PushSource(Listener(host=host, port=1), clock=Clock())
    PushSource(Listener(host=outside, port=1, behind_proxy=True), clock=Clock())
    key = certificate.with_name("key.pem")
    PushSource(Listener(host=outside, port=1, cert_file=certificate, key_file=key), clock=Clock())
    for wrong in (certificate, certificate.with_name("none.pem")):
        with pytest.raises(PushCertificate):
            PushSource(Listener(port=1, cert_file=certificate, key_file=wrong), clock=Clock())


async def test_a_port_in_use_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "RETRY_FIRST_S", 0.01)
    listener = Listener(port=free_port())
    async with listening(listener) as first:
        second = PushSource(listener, clock=Clock())
        second.know(lambda: ACCOUNTS)
        async with second:
            async with asyncio.timeout(WITHIN_S):
                while second.health()["problem"] is None:  # noqa: ASYNC110  no event tells of it
                    await asyncio.sleep(0.01)
            assert second.health()["connected"] is False
        assert first.health()["connected"] is True


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "BODY_WITHIN_S", 0.2)
    listener = Listener(port=free_port())

    head = httpx.Request("POST", listener.url, headers={"Host": "here"})
    signed_in = next(PHONE.auth_flow(head)).headers["Authorization"]
    async with listening(listener), asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_connection(listener.host, listener.port)
        writer.write(
            b"POST /push/D/phone HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n"
            b"Authorization: " + signed_in.encode() + b"\r\n\r\n{"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_who_says_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "IDLE_S", 0.1)
    monkeypatch.setattr(http_server, "CONNECTIONS_MOST", 3)
    listener = Listener(port=free_port())
    async with listening(listener), asyncio.timeout(WITHIN_S):
        connections = [
            await asyncio.open_connection(listener.host, listener.port) for _ in range(5)
        ]
        connections[0][1].write(b"POST /push/D/phone HTTP/1.1\r\nHost: slow")
        for reader, writer in connections:
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                assert True, "one too many is reset"
            writer.close()
        async with httpx.AsyncClient(auth=PHONE) as client:
            answer = await client.post(f"{listener.url}/push/D/phone", content=LOCATION)
            assert answer.status_code == 200


async def test_a_stop_answers_what_is_not_stored() -> None:
    listener = Listener(port=free_port())
    async with httpx.AsyncClient(auth=PHONE) as client:
        async with listening(listener, storing=False) as source:
            pushing = asyncio.create_task(
                client.post(f"{listener.url}/push/D/phone", content=LOCATION)
            )
            async with asyncio.timeout(WITHIN_S):
                while not source.health()["waiting"]:  # noqa: ASYNC110  no event tells of it
                    await asyncio.sleep(0.01)
        answer = await pushing
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


async def test_before_the_registry_is_known_nobody_is_told_a_lie() -> None:
    listener = Listener(port=free_port())
    async with listening(listener) as source, httpx.AsyncClient(auth=PHONE) as client:
        source.know(lambda: None)
        answer = await client.post(f"{listener.url}/push/D/phone", content=LOCATION)
        assert answer.status_code == 503
