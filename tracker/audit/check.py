"""Going over the chain behind its writers, so that readers of the audit know whether it is whole.

What `milepost audit verify` does at once, the worker does row by row as they come, and from the
first row again once a day: a row that was changed long after it was written is found too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tracker import sql
from tracker.audit.chain import Head, Walk, changed_scopes, faults_of_heads, kept_heads
from tracker.audit.key import ensure_key
from tracker.connect import told
from tracker.data_folder import DataFolder
from tracker.errors import KeyMissing

if TYPE_CHECKING:
    from tracker.connect import Pool

#: Rows gone over at a time: a tenth of a second or so.
ROWS_AT_ONCE: Final = 2_000
#: So often from the first row on.
ANEW_EVERY_S: Final = 86_400.0
#: Faults that are told; of all there is the count.
FAULTS_TOLD: Final = 20
_BEFORE_ALL: Final = (date.min, 0)

_Place = tuple[date, int]


@dataclass(slots=True)
class _Pass:
    """One way along the chain."""

    began_at: datetime
    began_s: float
    walk: Walk = field(default_factory=Walk)
    at: _Place = _BEFORE_ALL
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ChainCheck:
    """A job of the worker: goes over what is new of the chain, and writes down what it found."""

    pool: Pool
    data: DataFolder
    counters: dict[str, int] = field(default_factory=lambda: {"rows": 0, "faults": 0})
    _pass: _Pass | None = None

    async def run(self) -> bool:
        """Go over some rows; True if there may be more. What was found is told at the chain's end,
        so that a new pass hides nothing of the one before."""
        going = self._pass
        if going is None or time.monotonic() - going.began_s > ANEW_EVERY_S:
            going = self._pass = _Pass(datetime.now(UTC), time.monotonic())
        key = self._key()
        # Heads first: whatever they sign, the rows that are read behind them hold.
        kept = [Head.read(line) for line in kept_heads(self.data)]
        newest = await self._fetch("audit_newest_head")
        rows = await self._fetch("audit_rows", *going.at, ROWS_AT_ONCE)
        before, going.at = going.at, self._take(going, rows)
        signed = [_head(row) for row in await self._fetch("audit_heads", *before, *going.at)]
        heads = [*signed, *(head for head in kept if before < head.place <= going.at)]
        is_end = len(rows) < ROWS_AT_ONCE
        if is_end:
            ends = [*(_head(row) for row in newest), *kept]
            heads += [head for head in ends if head.place > going.at]
        going.faults += going.walk.take_faults()
        found = faults_of_heads(heads, going.walk.hashes_at({head.place for head in heads}), key)
        going.faults += [fault for fault in found if fault not in going.faults]
        going.walk.forget()
        if is_end:
            await self._write(going)
        return not is_end

    def _take(self, going: _Pass, rows: list[Any]) -> _Place:
        for row in rows:
            going.walk.take(SimpleNamespace(**row))
        return (rows[-1]["day"], rows[-1]["n"]) if rows else going.at

    async def _write(self, going: _Pass) -> None:
        scopes = await self._fetch("audit_scopes")
        changed = changed_scopes((row["hash"], row["definition"]) for row in scopes)
        faults = [*going.faults, *changed]
        place = going.at if going.walk.count else (None, None)
        values = (going.began_at, *place, going.walk.count, faults[:FAULTS_TOLD], len(faults))
        await self._fetch("audit_found", *values)
        self.counters |= {"rows": going.walk.count, "faults": len(faults)}

    def _key(self) -> Ed25519PublicKey:
        try:
            return ensure_key(self.data).public_key()
        except OSError as error:
            raise KeyMissing(f"({error})") from error

    async def _fetch(self, name: str, *values: object) -> list[Any]:
        with told():
            return await self.pool.fetch(sql.text(name), *values)


def _head(row: Any) -> Head:  # noqa: ANN401  a row of the driver
    return Head(row["day"], row["n"], row["hash"], row["signature"], "database")
