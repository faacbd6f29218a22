"""Bytes as they come, cut anywhere, into lines whose checksum fits and pieces that are refused.

A sentence is `$` or `!`, a body, `*` and two hexadecimal digits; `$` and `!` occur nowhere in a
body, so one of them always begins anew. A line end is not needed. The cut into tokens depends on
the bytes alone and never on how they were chunked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from operator import xor
from typing import NamedTuple

from devices.nmea.decoded import Reason, Refused

COMMENT = "#"

_TOKEN = re.compile(
    rb"(?P<sentence>[$!][^$!*\r\n]{1,1000}+\*[0-9A-Fa-f]{2})"
    rb"|(?P<end>[\r\n]+)"
    # A run is whole once its end is seen, or at 1,024 bytes: memory stays bounded.
    rb"|(?P<run>[$!][^$!\r\n]{0,1023}+(?=[$!\r\n])"
    rb"|[^$!\r\n]{1,1023}+(?=[$!\r\n])"
    rb"|[$!]?[^$!\r\n]{1024})"
)
_TAG_BLOCK = re.compile(rb"\\([a-z]:[^\\*]{0,200})\*([0-9A-Fa-f]{2})\\\Z")
_BEGINS_LIKE_A_SENTENCE = re.compile(rb"[$!][A-Z][A-Z0-9]{3,},")
#: Some vendors write whole words there; their beginning tells enough.
_ADDRESS = re.compile(r"[$!]([^,*]{1,8})")


class Line(NamedTuple):
    """One line whose checksum fits, or a comment."""

    #: As it came, tag block included, without line end.
    raw: bytes
    #: From `$` to the checksum; empty for a comment.
    sentence: str
    #: What comes before the first comma, at most 8 letters: "GPRMC", "AIVDM"; COMMENT for one.
    address: str
    #: The device that the tag block names (`s:`); None without one.
    device: str | None
    #: A tag block stands before the sentence, but its own checksum does not fit.
    tag_broken: bool


class _Tag(NamedTuple):
    raw: bytes = b""
    device: str | None = None
    broken: bool = False


_NO_TAG = _Tag()


class Framer:
    """Cuts one stream of bytes into lines; holds back at most one unfinished line."""

    def __init__(self) -> None:
        """Start at the beginning of a line."""
        self._rest = b""
        self._tag = _NO_TAG
        self._at_line_start = True
        self._in_comment = False
        self._group = ("", "")

    def feed(self, data: bytes) -> Iterator[Line | Refused]:
        """Lines and refused pieces that these bytes complete."""
        buffer = self._rest + data
        end = 0
        while token := _TOKEN.match(buffer, end):
            end = token.end()
            kind = token.lastgroup
            if kind == "sentence":
                yield self._sentence(token[0])
            elif kind == "run":
                yield from self._run(token[0])
            else:
                yield from self._line_end()
        self._rest = buffer[end:]

    def end_line(self) -> Iterator[Line | Refused]:
        """What is left over, as if a line end had come."""
        rest, self._rest = self._rest, b""
        if rest:
            yield from self._run(rest)
        yield from self._line_end()

    def _sentence(self, raw: bytes) -> Line | Refused:
        tag, self._tag, self._at_line_start = self._tag, _NO_TAG, False
        if reduce(xor, raw[1:-3]) != int(raw[-2:], 16):
            return Refused(tag.raw + raw, Reason.CHECKSUM)
        text = raw.decode("latin-1")
        address = _ADDRESS.match(text)
        if not address or not (text.isascii() and text.isprintable()):
            return Refused(tag.raw + raw, Reason.FORM)
        return Line(tag.raw + raw, text, address[1], tag.device, tag.broken)

    def _run(self, raw: bytes) -> Iterator[Line | Refused]:
        if self._at_line_start and raw.startswith(b"#"):
            self._in_comment = True
            yield Line(raw, "", COMMENT, None, tag_broken=False)
        elif not self._in_comment:
            yield from self._drop_tag()
            tag = _TAG_BLOCK.search(raw)
            if tag:
                self._tag = self._read_tag(tag)
                raw = raw[: tag.start()]
            if raw:
                yield Refused(raw, _reason(raw))
        self._at_line_start = False

    def _line_end(self) -> Iterator[Refused]:
        yield from self._drop_tag()
        self._at_line_start = True
        self._in_comment = False

    def _drop_tag(self) -> Iterator[Refused]:
        """A tag block that no sentence follows."""
        if self._tag.raw:
            yield Refused(self._tag.raw, Reason.NOISE)
            self._tag = _NO_TAG

    def _read_tag(self, match: re.Match[bytes]) -> _Tag:
        if reduce(xor, match[1]) != int(match[2], 16):
            return _Tag(match[0], None, broken=True)
        entries = dict(
            entry.split(":", 1) for entry in match[1].decode("latin-1").split(",") if ":" in entry
        )
        device = entries.get("s")
        group = entries.get("g", "").rpartition("-")[2]
        if group and device is None and self._group[0] == group:
            device = self._group[1]
        elif group and device is not None:
            self._group = (group, device)
        return _Tag(match[0], device)


def _reason(run: bytes) -> Reason:
    """Why a run of bytes without a whole sentence in it is refused."""
    if not _BEGINS_LIKE_A_SENTENCE.match(run):
        return Reason.NOISE
    return Reason.CHECKSUM if b"*" in run else Reason.CUT
