"""Signing the chain's heads, and finding what was done to the chain."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import sql
from tracker.audit.entry import definition_hash
from tracker.audit.key import ensure_key, is_signed, key_id
from tracker.connect import told
from tracker.data_folder import DataFolder, write_whole
from tracker.errors import KeyMissing
from tracker.models import Audit, AuditHead, AuditScope

if TYPE_CHECKING:
    from tracker.connect import Pool

#: The columns of a row that its hash covers.
COVERED: Final = tuple(sorted(set(Audit.__table__.columns.keys()) - {"previous", "hash"}))
#: Heads that are kept outside the database too, so that whoever owns it cannot drop both.
_HEADS_FILE: Final = "audit-heads.txt"


@dataclass(slots=True)
class Signer:
    """A job of the worker: signs the head whenever it has moved. Where the folder cannot be written
    the job fails with the reason, and the worker's other jobs go on."""

    pool: Pool
    data: DataFolder
    counters: dict[str, int] = field(default_factory=lambda: {"heads signed": 0})

    async def run(self) -> bool:
        """Sign the end of each chain that moved; False: nothing more to do now."""
        with told():
            rows = await self.pool.fetch(sql.text("audit_unsigned"))
        try:
            for row in rows:
                await self._sign(row)
        except OSError as error:
            raise KeyMissing(f"({error})") from error
        return False

    async def _sign(self, row: asyncpg.Record) -> None:
        key = ensure_key(self.data)
        said = head_text(row["day"], row["n"], row["hash"])
        signature = key.sign(said.encode())
        name = key_id(key.public_key())
        values = (row["day"], row["n"], row["hash"], signature, name)
        with told():
            await self.pool.execute(sql.text("audit_sign"), *values)
        self._keep(f"{said} {name} {signature.hex()}\n")
        self.counters["heads signed"] += 1

    def _keep(self, line: str) -> None:
        """The newest head of each day."""
        path = self.data.path / _HEADS_FILE
        kept = path.read_text(encoding="ascii") if path.exists() else ""
        day = line.split(" ", 1)[0]
        others = [each for each in kept.splitlines(keepends=True) if not each.startswith(day)]
        write_whole(path, "".join([*others, line]), 0o600)


def head_text(day: date, n: int, digest: bytes) -> str:
    """What is signed: `2026-11-27 17 <hash>`."""
    return f"{day.isoformat()} {n} {digest.hex()}"


def kept_heads(data: DataFolder) -> list[str]:
    """The heads that the data folder keeps, a line each: day, n, hash, key, signature."""
    path = data.path / _HEADS_FILE
    return path.read_text(encoding="ascii").splitlines() if path.exists() else []


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found."""

    rows: int
    heads: int
    #: A sentence each; empty where the chain is whole.
    faults: list[str]


async def verify(connection: AsyncConnection, key: Ed25519PublicKey, kept: list[str]) -> Verdict:
    """Go over the whole chain, its scopes and its signed heads; `kept` from `kept_heads`."""
    heads = [
        Head(row.day, row.n, row.hash, row.signature, "database")
        for row in await connection.execute(select(AuditHead.__table__))
    ]
    heads += [Head.read(line) for line in kept]
    walk = Walk()
    async for row in _stream(connection):
        walk.take(row)
    faults = [
        *walk.faults,
        *faults_of_heads(heads, walk.hashes_at({head.place for head in heads}), key),
    ]
    scopes = await connection.execute(select(AuditScope.hash, AuditScope.definition))
    faults += changed_scopes((row.hash, row.definition) for row in scopes)
    return Verdict(walk.count, len(heads), faults)


def changed_scopes(scopes: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """The scopes, by hash, that are not what they were."""
    return [
        f"scope {digest[:12]}: its definition was changed"
        for digest, definition in scopes
        if definition_hash(definition) != digest
    ]


async def _stream(connection: AsyncConnection) -> AsyncIterator[Row[Any]]:
    query = select(Audit.__table__).order_by(Audit.day, Audit.n)
    async with connection.stream(query) as found:
        async for row in found:
            yield row


@dataclass(frozen=True, slots=True)
class Head:
    """A signed end of the chain, and where it is kept."""

    day: date
    n: int
    hash: bytes
    signature: bytes
    kept_in: str

    @property
    def place(self) -> tuple[date, int]:
        """Of the row that it signs."""
        return self.day, self.n

    @classmethod
    def read(cls, line: str) -> Head:
        """Of a line of the data folder."""
        day, n, digest, _, signature = line.split(" ")
        where = "data folder"
        return cls(
            date.fromisoformat(day), int(n), bytes.fromhex(digest), bytes.fromhex(signature), where
        )


class Walk:
    """Goes from row to row. After a fault it goes on from what the row says of itself, so that
    each fault is named once, where it is."""

    def __init__(self) -> None:
        self.count = 0
        self.faults: list[str] = []
        self._last: Any = None
        self._hashes: dict[tuple[date, int], bytes] = {}

    def take(self, row: Any) -> None:  # noqa: ANN401  any driver's, its columns as attributes
        """The next row in order of day and number."""
        self.count += 1
        self._hashes[(row.day, row.n)] = row.hash
        self.faults += self._faults_of(row)
        self._last = row

    def hashes_at(self, places: set[tuple[date, int]]) -> Mapping[tuple[date, int], bytes]:
        """The hashes of those rows that there are."""
        return {at: self._hashes[at] for at in places if at in self._hashes}

    def take_faults(self) -> list[str]:
        """Those found since they were taken last."""
        found, self.faults = self.faults, []
        return found

    def forget(self) -> None:
        """Let go of the hashes so far; which row comes next is still known."""
        self._hashes.clear()

    def _faults_of(self, row: Any) -> Iterator[str]:  # noqa: ANN401  any driver's row
        here = f"{row.day} #{row.n}"
        if hashlib.sha256(row.previous + canonical(row)).digest() != row.hash:
            yield f"{here}: the row was changed"
        last = self._last
        if last is None:
            if row.previous or row.n != 1:
                yield f"{here}: what came before it is missing"
            return
        expected = last.n + 1 if row.day == last.day else 1
        if row.n > expected:
            yield f"{row.day} #{expected}-{row.n - 1}: missing"
        elif row.previous != last.hash:
            yield f"{here}: does not follow {last.day} #{last.n}: rows were removed or moved"


def canonical(row: Any) -> bytes:  # noqa: ANN401  any driver's row
    """The row as canonical JSON (RFC 8785), as its hash covers it."""
    return rfc8785.dumps({name: _plain(getattr(row, name)) for name in COVERED})


def _plain(value: Any) -> Any:  # noqa: ANN401  any column's
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None)
        return f"{at.isoformat(timespec='microseconds')}Z"
    return value.isoformat() if isinstance(value, date) else value


def faults_of_heads(
    heads: list[Head], hashes: Mapping[tuple[date, int], bytes], key: Ed25519PublicKey
) -> Iterator[str]:
    """What is wrong with heads, by the hashes of the rows that they sign, where there are any."""
    for head in heads:
        here, where = f"{head.day} #{head.n}", head.kept_in
        if not is_signed(key, head.signature, head_text(head.day, head.n, head.hash).encode()):
            yield f"{here}: the head in the {where} is not signed by this key"
        elif head.place not in hashes:
            yield f"{here}: signed by a head in the {where}, and missing: the end was cut off"
        elif hashes[head.place] != head.hash:
            yield f"{here}: not what the head in the {where} signed: the chain was made anew"


async def newest_head(connection: AsyncConnection) -> str | None:
    """The newest signed head as a line: day, n, hash, key, signature."""
    found = (await connection.exec_driver_sql(sql.text("audit_newest_head"))).one_or_none()
    if found is None:
        return None
    said = head_text(found.day, found.n, found.hash)
    return f"{said} {found.key} {found.signature.hex()}"
