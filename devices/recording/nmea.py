"""A recording of NMEA 0183 of one receiver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

from devices.nmea import Decoder
from devices.nmea.decoded import Decoded
from devices.recording.item import Item

_PORTION_BYTES: Final = 64 * 1024


def read_nmea(file: BinaryIO, *, day: date | None, rollover: bool) -> Iterator[Item]:
    """The fix of each epoch, and each line that could not be used."""
    decoder = Decoder(day=day, rollover="on" if rollover else "off")
    for portion in iter(lambda: file.read(_PORTION_BYTES), b""):
        yield from _items(decoder.feed(portion))
    yield from _items(decoder.finish())


def _items(decoded: Decoded) -> Iterator[Item]:
    for found in decoded.found:
        yield Item(found.fix, found.raw)
    for refused in decoded.refused:
        yield Item(None, refused.raw, refused.reason.value)
