"""Pieces of a vehicle's track as they are asked for, from the fixes of whole hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.errors import BadQuery, NotFound
from api.ogc.moving.asked import Asked
from api.ogc.moving.curves import HOUR_MS, Piece, pieces_of
from api.ogc.moving.encoding import moment
from geo.fix import from_unix_ms, unix_ms
from geo.limits import limits_of
from tracker import reads
from tracker.reads import Row, Scope, Stretch, instant_of

#: Fixes that are read at once. An hour of a receiver that reports ten times a second has fewer than
#: the second number, and is read whole.
_AT_ONCE: Final = (10_000, 50_000)
_TOO_MANY: Final = "More than {} fixes lie there: ask for a shorter `datetime`, or for fewer."
#: And for one answer that cannot go on on another page.
MOST_FIXES: Final = 50_000


@dataclass(frozen=True, slots=True)
class Found:
    """Pieces by time, each whole, and how many fixes were read for them."""

    pieces: list[Piece]
    fixes: int
    #: Whether the window goes on behind them.
    goes_on: bool


async def found_pieces(
    scope: Scope,
    vehicle: Row,
    since_ms: int,
    until_ms: int,
    at_once: Sequence[int] = _AT_ONCE,
) -> Found:
    """The pieces of a row of `tracker.reads.vehicle` that meet a window, both ends included, from
    its beginning on; raises BadQuery where not even one hour's fixes can be read at once."""
    gap_ms = limits_of(vehicle["class"], vehicle["interval_s"][0]).gap_ms
    for limit in at_once:
        asked = Stretch(
            vehicle_id=vehicle["id"],
            # A piece may reach over the beginning by as much as a gap, and is named by its own.
            since=from_unix_ms(_hour(since_ms - gap_ms)),
            until=from_unix_ms(_hour(until_ms) + HOUR_MS + gap_ms),
            limit=limit,
        )
        track = await reads.track(scope, asked)
        pieces = pieces_of(track.columns, gap_ms)
        read_to_ms = until_ms + 1
        if track.goes_on_at is not None:
            # Of the last hour not all is read.
            read_to_ms = _hour(unix_ms(track.goes_on_at))
            pieces = [each for each in pieces if each.began_ms < read_to_ms]
        if pieces or track.goes_on_at is None:
            kept = [each for each in pieces if each.meets(since_ms, until_ms)]
            return Found(kept, len(track.columns["fixed_at"]), read_to_ms <= until_ms)
    raise BadQuery(_TOO_MANY.format(at_once[-1]))


async def whole_window(scope: Scope, vehicle: Row, asked: Asked, most: int = MOST_FIXES) -> Found:
    """All its pieces, for what has no pages; raises BadQuery where they are of too many fixes."""
    if most > 0:
        found = await found_pieces(scope, vehicle, asked.since_ms, asked.until_ms, (most,))
        if not found.goes_on:
            return found
    raise BadQuery(_TOO_MANY.format(MOST_FIXES))


async def piece_named(scope: Scope, vehicle: Row, name: str) -> Piece:
    """The piece that begins then; raises NotFound."""
    try:
        began_ms = unix_ms(instant_of(name))
    except ValueError:
        raise NotFound(f"(temporal geometry {name[:40]})") from None
    if name != name_of(began_ms) or not 0 <= began_ms < _LATEST_MS:
        raise NotFound(f"(temporal geometry {name[:40]})")
    found = await found_pieces(scope, vehicle, began_ms, began_ms)
    for piece in found.pieces:
        if piece.began_ms == began_ms:
            return piece
    raise NotFound(f"(temporal geometry {name[:40]})")


def name_of(began_ms: int) -> str:
    """What a piece is called: when it begins."""
    return moment(began_ms)


#: Of the year 9999, with a day to spare.
_LATEST_MS: Final = unix_ms(datetime.fromisoformat("9999-12-30T00:00:00Z"))


def _hour(ms: int) -> int:
    return ms - ms % HOUR_MS
