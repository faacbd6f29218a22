"""Requests over TLS: the certificate must be that of the name, whatever address was checked."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from api.outgoing.errors import TryLater
from api.outgoing.guard import Guard
from api.outgoing.http import Poster
from tests.integration.receivers import Receiver, receiving


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For `localhost` alone, its key.pem beside it."""
    subprocess.run(  # noqa: S603  the test's own command line
        [
            *("/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", f"{tmp_path}/key.pem", "-out", f"{tmp_path}/certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path / "certificate.pem"


def secured(receiver: Receiver, certificate: Path) -> None:
    """Let it speak TLS from now on."""
    receiver.stop()
    receiver.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    receiver.tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    receiver.start()


async def test_only_the_names_own_certificate_will_do(certificate: Path) -> None:
    guard = Guard(["127.0.0.0/8", "::1/128"])
    trusting = ssl.create_default_context(cafile=str(certificate))
    with receiving() as [receiver]:
        secured(receiver, certificate)
        named = f"https://localhost:{receiver.port}/hook?a=b"
        poster = Poster(guard, timeout_s=5, tls=trusting)
        assert (await poster.post(named, b"{}", {"webhook-id": "x"})).status == 204
        assert receiver.taken[0].headers["host"] == f"localhost:{receiver.port}"
        with pytest.raises(TryLater, match="CERTIFICATE_VERIFY_FAILED"):
            await poster.post(named.replace("localhost", "127.0.0.1"), b"{}", {})
        with pytest.raises(TryLater, match="CERTIFICATE_VERIFY_FAILED"):
            await Poster(guard, timeout_s=5).post(named, b"{}", {})
    assert len(receiver.came) == 1


async def test_an_endless_reply_is_cut_off() -> None:
    with receiving() as [receiver]:
        receiver.headers = {"X-Long": "x" * 60_000, "X-Longer": "x" * 60_000}
        with pytest.raises(TryLater, match="ProtocolError"):
            await Poster(Guard(["127.0.0.0/8"]), timeout_s=5).post(receiver.url, b"{}", {})
