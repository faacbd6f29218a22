"""History in files, read as it streams by: what each of its pieces is, a fix or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import BinaryIO, Final, Literal, NamedTuple

from devices.errors import UnknownRecordingError
from devices.recording.gpx import read_gpx
from devices.recording.item import Item
from devices.recording.nmea import read_nmea
from devices.recording.table import is_header, read_table

__all__ = ["FORMATS", "FormatName", "Item", "Options", "read_recording", "sniffed"]

FormatName = Literal["gpx", "csv", "nmea"]
#: So much of a file tells what it is.
HEAD_BYTES: Final = 4096


class Options(NamedTuple):
    """What a file does not say itself; of NMEA only."""

    #: Date of the first fix of a recording without dates.
    day: date | None = None
    #: Whether a date 1,024 weeks back is put right.
    rollover: bool = False


FORMATS: Final[Mapping[FormatName, Callable[[BinaryIO, Options], Iterator[Item]]]] = {
    "gpx": lambda file, _: read_gpx(file),
    "csv": lambda file, _: read_table(file),
    "nmea": lambda file, options: read_nmea(file, day=options.day, rollover=options.rollover),
}


def sniffed(head: bytes) -> FormatName:
    """What the beginning of a file says that it is; raises UnknownRecordingError."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "gpx"
    if text.startswith((b"$", b"!", b"\\")):
        return "nmea"
    if is_header(text.partition(b"\n")[0]):
        return "csv"
    raise UnknownRecordingError


def read_recording(file: BinaryIO, format_: FormatName, options: Options) -> Iterator[Item]:
    """The pieces of a file in their order; raises BrokenRecordingError where it breaks off."""
    return FORMATS[format_](file, options)
