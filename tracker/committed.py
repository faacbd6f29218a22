"""What a commit tells whoever asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tracker.receipts import Receipt
from tracker.sorting import RejectRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What one commit made durable."""

    #: By device and boot: all that is dealt with, for acknowledgement.
    receipts: list[Receipt] = field(default_factory=list)
    stored: int = 0
    #: Of the stored ones, those older than the newest of their vehicle.
    late: int = 0
    #: Fixes that were found implausible: of those stored, and of those stored before.
    implausible: int = 0
    #: Fixes of private times, of which no position is kept.
    suppressed: int = 0
    #: Fixes that were stored before, and messages that were dealt with before.
    repeated: int = 0
    events: int = 0
    alerts: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    #: Reports by AIS that made no fix, by (source, what).
    ais: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: The same one by one, each with the message that it was in.
    rejects: Sequence[RejectRow] = ()
    #: The database's clock.
    now: datetime
