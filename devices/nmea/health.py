"""How a receiver goes: its antenna, its firmware, what it hears, and when it has no fix.

These are facts about the device and no positions. Sentences of this kind carry no time, so a notice
is dated by the epoch in which it stands.
"""

from __future__ import annotations

import re
from datetime import datetime

from devices.nmea.decoded import Decoded, Notice

NO_FIX, ANTENNA, FIRMWARE, WEAK = "no_fix", "antenna", "firmware", "weak_signals"

#: The kinds of sentence that tell it.
KINDS_HEARD = frozenset({"TXT", "GSV", "PGTOP", "PCD"})

_TXT = re.compile(rb"\$[A-Z]{2}TXT,[0-9]{1,2},[0-9]{1,2},[0-9]{1,2},([^*]{1,200})\*")
#: u-blox says ANTSTATUS=OPEN at its start, CASIC's receivers ANTENNA OPEN each second.
_ANTENNA = re.compile(rb"\bANT(?:STATUS=|ENNA )(OK|OPEN|SHORT)\b")
#: GlobalTop and its heirs: 1 is a short circuit, 2 the inner antenna, 3 the outer one.
_PGTOP = re.compile(rb"\$(?:PGTOP|PCD),11,([123])\*")
_PGTOP_STATES = {b"1": "short", b"2": "internal", b"3": "ok"}
#: How the lines begin in which receivers name their software and hardware at their start.
_FIRMWARE = re.compile(rb"(?:ROM BASE|ROM CORE|EXT CORE|FWVER=|PROTVER=|MOD[ =]|HW +UBX|SW=)")
_GSV = re.compile(rb"\$([A-Z]{2})GSV,([1-9]),([1-9]),([^*]*)\*")
_SNR = re.compile(rb"[0-9]{2}")

#: Notices of one epoch; a receiver that talks without end must not fill the memory.
_NOTICES_KEPT = 16
#: Sentences of one sky: eight systems and bands of nine pages.
_PAGES_KEPT = 72
#: With a clear sky the four best satellites are heard at 40 dB-Hz and more; below this mean a
#: receiver hardly keeps its fix: a broken cable, metal above it, or a jammer.
WEAK_BELOW_DBHZ = 28.0
_BEST = 4
_FIELDS_A_SATELLITE = 4
_SNR_AT = 3


class Health:
    """Collects notices until the epoch closes in which they stand. No clock, no I/O."""

    __slots__ = ("_noted", "_pages")

    def __init__(self) -> None:
        """Start without notices."""
        self._noted: dict[tuple[str, str], None] = {}
        self._pages: dict[tuple[bytes, bytes, bytes], list[int]] = {}

    def note(self, kind: str, detail: str = "") -> None:
        """Note a fact; the same one again within an epoch is one."""
        if len(self._noted) < _NOTICES_KEPT:
            self._noted[kind, detail] = None

    def listen(self, raw: bytes) -> None:
        """Take in a line of which no reading is made: TXT, GSV, $PGTOP; others say nothing here."""
        if match := _GSV.search(raw):
            self._hear(match)
        elif match := _TXT.search(raw):
            text = match[1]
            if antenna := _ANTENNA.search(text):
                self.note(ANTENNA, antenna[1].decode().lower())
            elif _FIRMWARE.match(text):
                self.note(FIRMWARE, " ".join(text.decode("latin-1").split()))
        elif match := _PGTOP.search(raw):
            self.note(ANTENNA, _PGTOP_STATES[match[1]])

    @property
    def has_news(self) -> bool:
        """Whether anything was noted in this epoch."""
        return bool(self._noted)

    def tell(self, at: datetime | None, origin: object, out: Decoded) -> None:
        """The epoch at that time is closed: what was noted goes out."""
        for kind, detail in self._noted:
            out.notices.append(Notice(kind, detail, at, origin))
        self._noted.clear()

    def _hear(self, page: re.Match[bytes]) -> None:
        """One page of the sky; when one comes again the sky before it is complete."""
        values = page[4].split(b",")
        # After the number in view: number, elevation, azimuth, signal; 4.10 adds a signal id.
        signal = values[-1] if len(values) % _FIELDS_A_SATELLITE == 2 else b""  # noqa: PLR2004  as said
        key = (page[1], page[3], signal)
        if key in self._pages:
            self._judge_sky()
        if len(self._pages) < _PAGES_KEPT:
            heard = values[1 + _SNR_AT :: _FIELDS_A_SATELLITE]
            self._pages[key] = [int(snr) for snr in heard if _SNR.fullmatch(snr)]

    def _judge_sky(self) -> None:
        heard = sorted((snr for page in self._pages.values() for snr in page), reverse=True)[:_BEST]
        self._pages.clear()
        if heard and sum(heard) / len(heard) < WEAK_BELOW_DBHZ:
            self.note(WEAK)
