"""What `milepost doctor --security` asks about files, addresses, rights and keys."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tracker import sql
from tracker.data_folder import DataFolder
from tracker.doctor import Check
from tracker.hosts import is_loopback
from tracker.postgres import private_dsn
from tracker.settings import DatabaseSettings

#: In the data folder: what others on this machine must not read.
SECRET: Final = ("pg", "log", "audit-key.pem", "audit-heads.txt", "run/*.password")
_SERVICES: Final = ("milepost_owner", "milepost_ingest", "milepost_api", "milepost_worker")
_ENCRYPTED: Final = ("require", "verify-ca", "verify-full")
CONNECT_S: Final = 1.0
LONG_DAYS: Final = 400


def check_exposure(data: DataFolder) -> Iterator[Check]:
    """The data folder's modes, the web, the database's addresses, and what stands in it."""
    yield from check_modes(data)
    port = data.ports().get("web") if data.holder() is not None else None
    cure = "leave out --host, and put a TLS proxy in front that passes on to 127.0.0.1"
    yield check_port("web", port, cure)
    settings = DatabaseSettings()
    yield from check_addresses(settings)
    if settings.url is None and data.holder() is None:
        yield Check("keys", "not looked at: the database does not run")
        return
    dsn = settings.address("milepost_owner") or private_dsn(data, "milepost_owner")
    try:
        yield from _told(asyncio.run(_look(dsn)))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        yield Check("keys", f"not looked at: {error}", "start the database, then ask again")


def check_modes(data: DataFolder) -> Iterator[Check]:
    """What others on this machine could read or write in the data folder."""
    if not data.path.exists():
        yield Check("data folder", f"{data.path} is not there yet")
        return
    wrong = 0
    for path in (data.path, *(found for name in SECRET for found in data.path.glob(name))):
        mode = stat.S_IMODE(path.stat().st_mode)
        forbidden = 0o022 if path == data.path else 0o077
        if mode & forbidden:
            wrong += 1
            yield Check("file mode", f"{path} is {mode:04o}", f"chmod {mode & ~forbidden:o} {path}")
    if not wrong:
        yield Check("file modes", f"{data.path} is closed to others")


def check_addresses(settings: DatabaseSettings) -> Iterator[Check]:
    """Whether the services' addresses have more rights, or say more aloud, than they must."""
    for name, secret in (
        ("MILEPOST_DATABASE_URL", settings.url),
        ("MILEPOST_DATABASE_INGEST_URL", settings.ingest_url),
        ("MILEPOST_DATABASE_API_URL", settings.api_url),
        ("MILEPOST_DATABASE_WORKER_URL", settings.worker_url),
    ):
        if secret is not None:
            yield _check_address(name, secret.get_secret_value())
    if settings.superuser_url is not None:
        yield Check(
            "superuser",
            "MILEPOST_DATABASE_SUPERUSER_URL is set",
            "give it to `milepost migrate` alone, and take it out of the service's environment",
        )


def _check_address(name: str, url: str) -> Check:
    parts = urlsplit(url)
    if parts.username == "postgres":
        return Check(name, "connects as postgres", "connect as the service's own role")
    host = parts.hostname
    mode = parse_qs(parts.query).get("sslmode", ["prefer"])[0]
    if host is not None and not is_loopback(host) and mode not in _ENCRYPTED:
        cure = "add ?sslmode=verify-full"
        return Check(name, f"{host} without certain encryption", cure)
    return Check(name, f"{parts.username or 'own user'} at {host or 'a socket'}")


@dataclass(frozen=True, slots=True)
class _Found:
    superusers: list[str]
    demo: bool
    anonymous: bool
    long_keys: int
    administrators: int


async def _look(dsn: str) -> _Found:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        superusers = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND (rolsuper OR rolbypassrls)",
            list(_SERVICES),
        )
        row = await connection.fetchrow(sql.text("exposed_keys"), LONG_DAYS)
        assert row is not None  # noqa: S101  it aggregates
        anonymous = await connection.fetchval(sql.text("anonymous_clients"))
        return _Found(
            superusers=[each["rolname"] for each in superusers],
            demo=bool(row["demo"]),
            anonymous=bool(anonymous),
            long_keys=row["long_keys"],
            administrators=row["administrators"],
        )
    finally:
        await connection.close()


def _told(found: _Found) -> Iterator[Check]:
    rights = ", ".join(found.superusers)
    yield Check(
        "database roles",
        f"{rights} may see past row security" if rights else "each sees what it was granted",
        "as a superuser: ALTER ROLE … NOSUPERUSER NOBYPASSRLS" if rights else None,
    )
    yield Check(
        "sign-in",
        "anyone may sign in as any department" if found.demo else "by key",
        "milepost init without --demo, where this is no demonstration" if found.demo else None,
    )
    yield Check(
        "devices",
        "the broker lets in clients without a name" if found.anonymous else "sign in by password",
        "milepost device password REF: from the first one on it does not"
        if found.anonymous
        else None,
    )
    yield Check(
        "keys",
        f"{found.long_keys} valid for over {LONG_DAYS} days" if found.long_keys else "none is long",
        "make new ones: milepost key add --days 90" if found.long_keys else None,
    )
    yield Check(
        "administrator",
        f"{found.administrators} keys of `milepost init` are still valid"
        if found.administrators
        else "no key of `milepost init` is left",
        "make each person a key of their own, then revoke it" if found.administrators else None,
    )


def check_port(what: str, port: int | None, cure: str) -> Check:
    """Whether a port that ought to be this machine's alone answers at its outer address."""
    outer = outer_address()
    if port is None or outer is None:
        return Check(what, "not reachable: it does not run" if port is None else "no outer address")
    try:
        with socket.create_connection((outer, port), CONNECT_S):
            return Check(what, f"{outer}:{port} answers, without TLS", cure)
    except OSError:
        return Check(what, f"port {port} is of this machine alone")


def outer_address() -> str | None:
    """This machine's address as others see it; None where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: nobody's
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if is_loopback(address) else address
