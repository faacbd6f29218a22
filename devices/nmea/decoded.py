"""What comes out of a decoder: fixes, what was refused with its bytes, and counts of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from geo.fix import Fix


class Reason(StrEnum):
    """Why bytes made no fix."""

    #: Bytes that are no sentence.
    NOISE = "noise"
    #: A sentence that ends without a checksum.
    CUT = "cut"
    #: A checksum that does not fit, or is not two hexadecimal digits.
    CHECKSUM = "checksum"
    #: A field that is not of its form.
    FORM = "form"
    #: A field outside its range.
    RANGE = "range"
    #: A valid position whose date never came.
    UNDATED = "undated"
    #: A sentence of another device, or of an unknown one, among those of a named one.
    MIXED = "mixed"


class Refused(NamedTuple):
    """Bytes that were not used, and why."""

    #: As they came, without line end; noise is cut into pieces of at most 1,024 bytes.
    raw: bytes
    reason: Reason
    #: What the caller gave along with the bytes; None when it is of the call that brought this.
    origin: object = None


class Found(NamedTuple):
    """A fix, and where it came from."""

    fix: Fix
    #: The sentences of its epoch, apart by CR LF; of a very long one the first.
    raw: bytes
    #: What the caller gave along with that sentence.
    origin: object


class Heard(NamedTuple):
    """A fix that a ship or an aircraft told of itself by AIS, and where it was heard."""

    #: Nine digits.
    mmsi: str
    fix: Fix
    #: The lines of the message, apart by CR LF.
    raw: bytes
    #: What the caller gave along with the last of them.
    origin: object


class Notice(NamedTuple):
    """What a receiver says of itself, or how it goes; no position."""

    #: "antenna", "firmware", "no_fix", "weak_signals".
    kind: str
    #: Of an antenna "ok", "open" or "short"; of a firmware its text; else empty.
    detail: str
    #: The receiver's time of it; None where it is not known.
    at: datetime | None
    #: What the caller gave along with the bytes.
    origin: object


@dataclass(slots=True)
class Decoded:
    """What one call brought to light, in the order of the input."""

    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    #: What others said of themselves by AIS.
    heard: list[Heard] = field(default_factory=list)
    #: What the receiver said of its own health.
    notices: list[Notice] = field(default_factory=list)
    #: AIS messages that made no fix: "own" (of the own ship), "other" (without a position),
    #: "no_position" (which they say they do not know), "undated", "unreadable".
    ais: dict[str, int] = field(default_factory=dict)
    #: Lines with a good checksum by what they are: "RMC", "GSV", "AIVDM", "PGRME"; "#" a comment.
    counts: dict[str, int] = field(default_factory=dict)
    #: Epochs in which a sentence said that there is no fix.
    void_epochs: int = 0
    #: Sentences and epochs that repeated an instant already closed.
    repeats: int = 0

    @property
    def fixes(self) -> list[Fix]:
        """The fixes alone."""
        return [each.fix for each in self.found]

    @property
    def noise_bytes(self) -> int:
        """How many bytes were no part of any sentence."""
        return sum(len(one.raw) for one in self.refused if one.reason is Reason.NOISE)

    def count_ais(self, what: str, times: int = 1) -> None:
        """Count AIS messages that made no fix."""
        self.ais[what] = self.ais.get(what, 0) + times

    def extend(self, later: Decoded) -> None:
        """Take in what a later call brought."""
        self.found += later.found
        self.refused += later.refused
        self.heard += later.heard
        self.notices += later.notices
        for what, times in later.ais.items():
            self.count_ais(what, times)
        for kind, times in later.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + times
        self.void_epochs += later.void_epochs
        self.repeats += later.repeats
