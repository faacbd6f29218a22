"""Receipts: which messages of a device's boot are dealt with, durably.

The one writer of a shard keeps them in memory, so a commit writes each whole without reading it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import sql
from tracker.ranges import Ranges
from tracker.sorting import Dealt, ReceiptKey

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Receipts remembered; those of devices unheard the longest are asked of the database again.
KEPT = 200_000


class Receipt(NamedTuple):
    """What is dealt with of one device and boot, durably."""

    department_ref: str
    device_ref: str
    boot: str
    dealt: Ranges
    refused: Ranges
    suppressed: Ranges


@dataclass(slots=True)
class _Known:
    dealt: Ranges
    refused: Ranges
    suppressed: Ranges

    def __contains__(self, number: object) -> bool:
        """Whether it is dealt with."""
        return number in self.dealt


class Receipts:
    """What the database holds, as far as it has been asked for or written."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: dict[ReceiptKey, _Known] = {}

    @property
    def dealt(self) -> Mapping[ReceiptKey, Container[int]]:
        """The numbers dealt with, of all that is known."""
        return self._known

    def unknown(self, keys: Iterable[ReceiptKey]) -> list[ReceiptKey]:
        """Those that have to be loaded first."""
        return [key for key in keys if key not in self._known]

    async def load(self, connection: Connection, keys: Iterable[ReceiptKey]) -> None:
        """Know these, which the database may hold or not."""
        wanted = list(keys)
        rows = await connection.fetch(
            sql.text("load_receipts"),
            [device_id for device_id, _ in wanted],
            [boot for _, boot in wanted],
        )
        found = {
            (row["device_id"], row["boot"]): _Known(
                *(Ranges.from_multirange(row[name]) for name in ("dealt", "refused", "suppressed"))
            )
            for row in rows
        }
        for key in wanted:
            self._known[key] = found.get(key) or _Known(Ranges(), Ranges(), Ranges())

    async def store(
        self, connection: Connection, dealt: Mapping[ReceiptKey, Dealt]
    ) -> dict[ReceiptKey, Receipt]:
        """Write what a batch adds; returns the receipts whole, to be adopted after the commit."""
        receipts = {key: self._with(key, each) for key, each in dealt.items()}
        if receipts:
            await connection.execute(sql.text("stage_receipts"))
            await connection.copy_records_to_table(
                "staged_receipt",
                records=[_record(receipts[key], each) for key, each in dealt.items()],
            )
            await connection.execute(sql.text("store_receipts"))
        return receipts

    def adopt(self, receipts: Mapping[ReceiptKey, Receipt]) -> None:
        """They are committed."""
        known = self._known
        for key, receipt in receipts.items():
            known.pop(key, None)
            known[key] = _Known(receipt.dealt, receipt.refused, receipt.suppressed)
        while len(known) > KEPT:
            del known[next(iter(known))]

    def forget(self) -> None:
        """Whatever is known may be wrong."""
        self._known.clear()

    def _with(self, key: ReceiptKey, new: Dealt) -> Receipt:
        known = self._known[key]
        refused = known.refused
        if new.refused or new.redeemed:
            refused = refused.changed(new.refused, new.redeemed)
        return Receipt(
            department_ref=new.device.department_ref,
            device_ref=new.device.ref,
            boot=new.boot,
            dealt=known.dealt.changed(new.dealt),
            refused=refused,
            suppressed=(
                known.suppressed.changed(new.suppressed) if new.suppressed else known.suppressed
            ),
        )


def _record(receipt: Receipt, new: Dealt) -> tuple[Any, ...]:
    return (
        new.device.id,
        receipt.boot,
        new.device.department_id,
        receipt.dealt.to_multirange(),
        receipt.refused.to_multirange(),
        new.first_at,
        new.last_at,
        receipt.suppressed.to_multirange(),
    )
