"""The door: bytes of one device in any portions, fixes and refusals out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from devices.errors import FormError, RangeError
from devices.nmea.ais import AisReader, is_ais
from devices.nmea.dates import Rollover
from devices.nmea.decoded import Decoded, Reason, Refused
from devices.nmea.device import Device, Settings
from devices.nmea.framing import Framer, Line
from devices.nmea.sentences import Reading, read


def read_line(line: Line, out: Decoded) -> Reading | None:
    """Count a line and read it; a field that cannot be right refuses it into `out`."""
    out.counts[line.kind] = out.counts.get(line.kind, 0) + 1
    try:
        return read(line)
    except FormError:
        out.refused.append(Refused(line.raw, Reason.FORM))
    except RangeError:
        out.refused.append(Refused(line.raw, Reason.RANGE))
    return None


class Decoder:
    """Reads the NMEA 0183 of one device from one source. Pure: no clock, no I/O.

    However the bytes are cut into calls of `feed`, the same comes out. Lines whose tag block names
    another device than the first one named are refused: use GatewayDecoder for several devices.
    """

    __slots__ = ("_ais", "_device", "_framer", "_name")

    def __init__(
        self,
        *,
        day: date | None = None,
        rollover: Rollover = "off",
        needs_checksum: bool = True,
    ) -> None:
        """`day` dates recordings that hold no date; `rollover` says how 1,024 weeks are undone.

        Without `needs_checksum` sentences that end without one are taken too.
        """
        self._framer = Framer(needs_checksum=needs_checksum)
        self._device = Device(Settings(day, rollover))
        self._ais = AisReader()
        self._name: str | None = None

    def feed(
        self, data: bytes, received_at: datetime | None = None, origin: object = None
    ) -> Decoded:
        """What these bytes complete.

        `received_at`, aware, is given for live input only: dates are then judged by it. `origin`
        comes back with the fixes of the epochs that begin in these bytes.
        """
        self._device.hear(received_at, origin)
        out = Decoded()
        self._take(self._framer.feed(data), out)
        return out

    def whole(
        self, data: bytes, received_at: datetime | None = None, origin: object = None
    ) -> Decoded:
        """What a payload of whole lines and whole epochs holds: its end ends both."""
        self._device.hear(received_at, origin)
        out = Decoded()
        self._take(self._framer.whole(data), out)
        self._device.close(out)
        return out

    def waits_for(self, origin: object) -> bool:
        """Whether some of what came with this origin is neither a fix nor refused yet."""
        return self._device.waits_for(origin)

    def give_up(self, origin: object) -> Decoded:
        """No longer wait for the date of what came with this origin: it is refused as undated."""
        out = Decoded()
        self._device.give_up(origin, out)
        return out

    @property
    def is_dated(self) -> bool:
        """Whether a date is known, so that no position has to wait for one."""
        return self._device.is_dated

    @property
    def patience_s(self) -> float:
        """Seconds of silence after which a live stream's open epoch should be ended: 0.2 to 2."""
        return self._device.patience_s

    def end_epoch(self, *, line_complete: bool = True) -> Decoded:
        """Close the open epoch: the end of a payload, or silence.

        After a mere silence on a stream the rest of the last line may still come: say
        `line_complete=False` then.
        """
        out = Decoded()
        if line_complete:
            self._take(self._framer.end_line(), out)
        self._device.close(out)
        return out

    def finish(self) -> Decoded:
        """The end of the input: what no date came for is given up."""
        out = self.end_epoch()
        self._device.finish(out)
        return out

    def _take(self, lines: Iterable[Line | Refused], out: Decoded) -> None:
        for line in lines:
            if isinstance(line, Refused):
                out.refused.append(line)
            elif line.device is not None and self._is_foreign(line.device, line.raw):
                out.refused.append(Refused(line.raw, Reason.MIXED))
            else:
                reading = read_line(line, out)
                if reading is not None:
                    self._device.take(reading, line.raw, out)
                elif is_ais(line.raw):
                    self._hear_others(line, out)
                else:
                    self._device.health.listen(line.raw)

    def _hear_others(self, line: Line, out: Decoded) -> None:
        self._ais.take(line, self._device.received_at, out, self._device.origin)

    def _is_foreign(self, device: str, raw: bytes) -> bool:
        if is_ais(raw):
            return False
        if self._name is None:
            self._name = device
        return device != self._name
