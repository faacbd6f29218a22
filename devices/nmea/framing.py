"""Bytes as they come, cut anywhere, into lines whose checksum fits and pieces that are refused.

A sentence is `$` or `!`, a body, `*` and two hexadecimal digits; `$` and `!` occur nowhere in a
body, so one of them always begins anew. A line end is not needed. The cut into tokens depends on
the bytes alone and never on how they were chunked.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from devices.nmea.decoded import Reason, Refused

_TOKENS = re.compile(
    # A sentence of text, and the line end where it is there already.
    rb"(?P<sentence>[$!](?!,)[ \"#%-)+-~]{1,1000}+\*[0-9A-Fa-f]{2})(?P<end>[\r\n]*+)"
    # One with bytes in it that are no text, or without an address.
    rb"|(?P<odd>[$!][^$!*\r\n]{1,1000}+\*[0-9A-Fa-f]{2})"
    # A run is whole once its end is seen, or at 1,024 bytes: memory stays bounded.
    rb"|(?P<run>[\r\n]++|[$!][^$!\r\n]{0,1023}+(?=[$!\r\n])"
    rb"|[^$!\r\n]{1,1023}+(?=[$!\r\n])"
    rb"|[$!]?[^$!\r\n]{1024})"
    rb"|(?P<rest>[\s\S]++)"
).findall
_LINE_ENDS = b"\r\n"
_TAG_BLOCK = re.compile(rb"\\([a-z]:[^\\*]{0,200})\*([0-9A-Fa-f]{2})\\\Z")
_BEGINS_LIKE_A_SENTENCE = re.compile(rb"[$!][A-Z][A-Z0-9]{3,},")
#: A sentence without a checksum.
_UNCHECKED = re.compile(rb"\$[A-Z][A-Z0-9]{3,8},[ -)+-~]*")
#: The kind of a comment line.
COMMENT = "#"


#: Longer than nearly all: they are spared three folds.
_MOST_SENTENCES_BYTES = 128
#: Some vendors write whole words as an address; the beginning tells enough.
_KIND_END = 9


class Line(NamedTuple):
    """One line whose checksum fits, or a comment."""

    #: As it came, tag block included, without line end.
    raw: bytes
    #: What it is, without the talker: "RMC", "GSV"; proprietary and AIS by their address, at most
    #: eight letters of it: "PGRME", "AIVDM"; COMMENT for a comment.
    kind: str
    #: The address with its `$` or `!`, and the fields, from 1, all printable ASCII.
    fields: list[str]
    #: The device that the tag block names (`s:`); None without one.
    device: str | None = None
    #: A tag block stands before the sentence, but its own checksum does not fit.
    tag_broken: bool = False


class _Tag(NamedTuple):
    raw: bytes = b""
    device: str | None = None
    broken: bool = False


_NO_TAG = _Tag()


def checksum(body: bytes) -> int:
    """The exclusive or of up to 1,024 bytes, folded in half again and again: faster than a loop."""
    bits = int.from_bytes(body, "little")
    if len(body) > _MOST_SENTENCES_BYTES:
        bits ^= bits >> 4096
        bits ^= bits >> 2048
        bits ^= bits >> 1024
    bits ^= bits >> 512
    bits ^= bits >> 256
    bits ^= bits >> 128
    bits ^= bits >> 64
    bits ^= bits >> 32
    bits ^= bits >> 16
    bits ^= bits >> 8
    return bits & 0xFF


class Framer:
    """Cuts one stream of bytes into lines; holds back at most one unfinished line."""

    __slots__ = ("_at_line_start", "_group", "_in_comment", "_needs_checksum", "_rest", "_tag")

    def __init__(self, *, needs_checksum: bool = True) -> None:
        """Start at the beginning of a line.

        Without `needs_checksum` a sentence that ends without one is taken too, as old gear sends
        it: then nothing tells a cut one from a whole one but its fields.
        """
        self._needs_checksum = needs_checksum
        self._rest = b""
        self._tag = _NO_TAG
        self._at_line_start = True
        self._in_comment = False
        self._group = ("", "")

    def feed(self, data: bytes) -> list[Line | Refused]:
        """Lines and refused pieces that these bytes complete."""
        out: list[Line | Refused] = []
        buffer, self._rest = self._rest + data, b""
        for sentence, end, odd, run, rest in _TOKENS(buffer):
            if sentence:
                self._at_line_start = ends = bool(end)
                self._in_comment = self._in_comment and not ends
                out.append(self._sentence(sentence))
            elif odd:
                self._at_line_start = False
                out.append(self._odd(odd))
            elif run:
                self._run(run, out)
            else:
                self._rest = rest
        return out

    def whole(self, data: bytes) -> list[Line | Refused]:
        """All that is in these bytes, as if a line end came behind them."""
        out = self.feed(data)
        return out if self._at_line_start and not self._rest else out + self.end_line()

    def end_line(self) -> list[Line | Refused]:
        """What is left over, as if a line end had come."""
        out: list[Line | Refused] = []
        rest, self._rest = self._rest, b""
        if rest:
            self._run(rest, out)
        self._line_end(out)
        return out

    def _sentence(self, sentence: bytes) -> Line | Refused:
        if checksum(sentence[1:-3]) != int(sentence[-2:], 16):
            return Refused(self._take_tag().raw + sentence, Reason.CHECKSUM)
        return self._line(sentence, sentence[:-3].decode("ascii").split(","))

    def _line(self, sentence: bytes, fields: list[str]) -> Line:
        kind = _kind(fields[0]) if len(fields) > 1 else fields[0][1:_KIND_END]
        if self._tag is _NO_TAG:
            return Line(sentence, kind, fields)
        tag = self._take_tag()
        return Line(tag.raw + sentence, kind, fields, tag.device, tag.broken)

    def _odd(self, sentence: bytes) -> Refused:
        fits = checksum(sentence[1:-3]) == int(sentence[-2:], 16)
        reason = Reason.FORM if fits else Reason.CHECKSUM
        return Refused(self._take_tag().raw + sentence, reason)

    def _run(self, raw: bytes, out: list[Line | Refused]) -> None:
        if raw[0] in _LINE_ENDS:
            self._line_end(out)
            return
        if self._at_line_start and raw.startswith(b"#"):
            self._in_comment = True
            out.append(Line(raw, COMMENT, []))
        elif self._in_comment:
            pass
        elif not self._needs_checksum and _UNCHECKED.fullmatch(raw):
            out.append(self._line(raw, raw.decode("ascii").split(",")))
        else:
            self._drop_tag(out)
            tag = _TAG_BLOCK.search(raw)
            if tag:
                self._tag = self._read_tag(tag)
                raw = raw[: tag.start()]
            if raw:
                out.append(Refused(raw, _reason(raw)))
        self._at_line_start = False

    def _line_end(self, out: list[Line | Refused]) -> None:
        if self._tag is not _NO_TAG:
            self._drop_tag(out)
        self._at_line_start = True
        self._in_comment = False

    def _take_tag(self) -> _Tag:
        tag, self._tag = self._tag, _NO_TAG
        return tag

    def _drop_tag(self, out: list[Line | Refused]) -> None:
        """A tag block that no sentence follows."""
        tag = self._take_tag()
        if tag.raw:
            out.append(Refused(tag.raw, Reason.NOISE))

    def _read_tag(self, match: re.Match[bytes]) -> _Tag:
        if checksum(match[1]) != int(match[2], 16):
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


# A fleet has some dozens of addresses.
@lru_cache(maxsize=256)
def _kind(address: str) -> str:
    of_a_talker = len(address) == len("$GPRMC") and address[0] == "$" and address[1] != "P"
    return address[3:] if of_a_talker else address[1:_KIND_END]


def _reason(run: bytes) -> Reason:
    """Why a run of bytes without a whole sentence in it is refused."""
    if not _BEGINS_LIKE_A_SENTENCE.match(run):
        return Reason.NOISE
    return Reason.CHECKSUM if b"*" in run else Reason.CUT
