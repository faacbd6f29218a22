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
_AT_ONCE: Final[Sequence[int]] = (10_000, 50_000)
_TOO_MANY: Final = "More than {} fixes lie there: ask for a shorter `datetime`, or for fewer."
#: And for one answer that cannot go on on another page.
MOST_FIXES: Final = 50_000


@dataclass(frozen=True, slots=True)
class Found:
    """Pieces by time, each whole, and how many fixes were read for them."""

    pieces: list[Piece]
    fixes: int
    #: From where on the window goes on behind them, at a full hour; None: it does not.
    goes_on_ms: int | None


async def found_pieces(
    scope: Scope,
    vehicle: Row,
    since_ms: int,
    until_ms: int,
    *,
    after_ms: int = -1,
    at_once: Sequence[int] | None = None,
) -> Found:
    """The pieces of a row of `tracker.reads.vehicle` that meet a window, both ends included, and
    begin after a time: from its beginning on, at least one if there is any.

    Raises BadQuery where not even one hour's fixes can be read at once.
    """
    gap_ms = limits_of(vehicle["class"], vehicle["interval_s"][0]).gap_ms
    # A piece may reach over the beginning by as much as a gap.
    begin_ms = _hour(max(since_ms - gap_ms, after_ms))
    fixes = 0
    while True:
        found = await _hours(scope, vehicle, (begin_ms, until_ms, gap_ms), at_once or _AT_ONCE)
        fixes += found.fixes
        kept = [
            each
            for each in found.pieces
            if each.began_ms > after_ms and each.meets(since_ms, until_ms)
        ]
        if kept or found.goes_on_ms is None:
            return Found(kept, fixes, found.goes_on_ms)
        begin_ms = found.goes_on_ms


async def _hours(
    scope: Scope, vehicle: Row, span_ms: tuple[int, int, int], at_once: Sequence[int]
) -> Found:
    """All pieces of the first hours from a full one on, up to a time and a gap behind its hour."""
    begin_ms, until_ms, gap_ms = span_ms
    for limit in at_once:
        asked = Stretch(
            vehicle_id=vehicle["id"],
            since=from_unix_ms(begin_ms),
            until=from_unix_ms(_hour(until_ms) + HOUR_MS + gap_ms),
            limit=limit,
        )
        track = await reads.track(scope, asked)
        fixes = len(track.columns["fixed_at"])
        pieces = pieces_of(track.columns, gap_ms)
        if track.goes_on_at is None:
            return Found(pieces, fixes, None)
        # Of the last hour not all is read.
        unread_ms = _hour(unix_ms(track.goes_on_at))
        if unread_ms > begin_ms:
            whole = [each for each in pieces if each.began_ms < unread_ms]
            return Found(whole, fixes, unread_ms if unread_ms <= until_ms else None)
    raise BadQuery(_TOO_MANY.format(at_once[-1]))


async def whole_window(scope: Scope, vehicle: Row, asked: Asked, most: int = MOST_FIXES) -> Found:
    """All its pieces, for what has no pages; raises BadQuery where they are of too many fixes."""
    if most > 0:
        window = (asked.since_ms, asked.until_ms)
        found = await found_pieces(scope, vehicle, *window, at_once=(most,))
        if found.goes_on_ms is None:
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
