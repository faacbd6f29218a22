"""Which speed a serial port has: given, or found by listening for good sentences. Pure."""

from __future__ import annotations

from devices.nmea import Decoder

#: The usual ones of receivers, the most usual first, bits a second.
RATES = (9600, 4800, 115200, 38400, 57600, 19200, 230400, 460800)
GOOD_ENOUGH = 2  # good checksums: noise has one now and then
LISTEN_S = 1.5  # at each rate, from its first byte
WAIT_FOR_BYTES_S = 10.0  # a receiver may speak that seldom
DOUBT_AFTER_S = 5.0  # of bytes without a good sentence


class Baud:
    """The rate to set, and what of the bytes may be used. Times are monotonic seconds.

    While it searches nothing is handed on: what was read at a wrong rate never was the device's
    word. It is counted as dropped. A given rate is never doubted.
    """

    def __init__(self, given: int | None, rates: tuple[int, ...] = RATES) -> None:
        """`given` bits a second; None: found out, and remembered for as long as this object is."""
        self.rate = given or rates[0]
        self.is_sure = given is not None
        #: Bytes read at rates that proved wrong.
        self.dropped = 0
        self._given = given is not None
        self._rates = rates
        self._begin(0.0)

    def _begin(self, now_s: float) -> None:
        """Listen anew at the present rate."""
        self._since_s = now_s
        self._first_byte_s: float | None = None
        self._doubtful_since_s: float | None = None
        self._good = 0
        self._kept = b""
        self._reader = Decoder()

    def opened(self, now_s: float) -> None:
        """The port was opened, perhaps with another receiver on it."""
        self.dropped += len(self._kept)
        self._begin(now_s)

    def heard(self, portion: bytes, now_s: float) -> bytes:
        """Take in what was read at the present rate; returns what of it may be used now."""
        if self._given:
            return portion
        counts = self._reader.feed(portion).counts
        good = sum(counts.values()) - counts.get("#", 0)
        return (
            self._believe(portion, good, now_s) if self.is_sure else self._try(portion, good, now_s)
        )

    def _believe(self, portion: bytes, good: int, now_s: float) -> bytes:
        if good:
            self._doubtful_since_s = None
        elif self._doubtful_since_s is None:
            self._doubtful_since_s = now_s
        elif now_s - self._doubtful_since_s > DOUBT_AFTER_S:
            self.is_sure = False
            self._next(now_s)
        return portion

    def _try(self, portion: bytes, good: int, now_s: float) -> bytes:
        if self._first_byte_s is None:
            self._first_byte_s = now_s
        self._kept += portion
        self._good += good
        if self._good < GOOD_ENOUGH:
            return b""
        self.is_sure = True
        usable, self._kept = self._kept, b""
        return usable

    def moves_on(self, now_s: float) -> bool:
        """Whether the present rate has had its time; if so `rate` is the next one."""
        if self.is_sure:
            return False
        if self._first_byte_s is None:
            over = now_s - self._since_s > WAIT_FOR_BYTES_S
        else:
            over = now_s - self._first_byte_s > LISTEN_S
        if over:
            self._next(now_s)
        return over

    def _next(self, now_s: float) -> None:
        self.dropped += len(self._kept)
        at = self._rates.index(self.rate) if self.rate in self._rates else -1
        self.rate = self._rates[(at + 1) % len(self._rates)]
        self._begin(now_s)
