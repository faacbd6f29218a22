"""Several devices on one stream, told apart by the `s:` of their tag blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from devices.nmea.ais import AisReader, is_ais
from devices.nmea.dates import Rollover
from devices.nmea.decoded import Decoded, Reason, Refused
from devices.nmea.decoder import read_line
from devices.nmea.device import Device, Settings
from devices.nmea.framing import COMMENT, Framer, Line

#: Devices remembered on one stream; past it the one longest unheard is closed and forgotten.
_MOST_DEVICES = 4096

#: The key of what no tag block names.
UNNAMED = ""


class GatewayDecoder:
    """Reads a stream on which tag blocks name the devices; an epoch is of one device's sentences.

    Results come by device; UNNAMED holds bytes that nobody can be blamed for, and the fixes of a
    stream without tag blocks. Once a device has been named, an unnamed sentence is refused.
    """

    def __init__(
        self,
        *,
        day: date | None = None,
        rollover: Rollover = "off",
        rollover_of: Callable[[str], Rollover] | None = None,
        needs_checksum: bool = True,
    ) -> None:
        """As for Decoder, the same for all devices; `rollover_of` tells it of a device instead."""
        self._framer = Framer(needs_checksum=needs_checksum)
        self._day = day
        self._rollover_of = rollover_of or (lambda device: rollover)
        self._devices: dict[str, Device] = {}
        self._named = False
        self._ais = AisReader()

    def feed(
        self, data: bytes, received_at: datetime | None = None, origin: object = None
    ) -> dict[str, Decoded]:
        """What these bytes complete, by device; the rest as for Decoder."""
        found: dict[str, Decoded] = {}
        for line in self._framer.feed(data):
            self._take(line, received_at, found, origin)
        return found

    def end_line(self, origin: object = None) -> dict[str, Decoded]:
        """What is left over of a line, as if its end had come."""
        found: dict[str, Decoded] = {}
        for line in self._framer.end_line():
            self._take(line, None, found, origin)
        return found

    def waits_for(self, origin: object) -> bool:
        """Whether some of what came with this origin is neither a fix nor refused yet."""
        return any(device.waits_for(origin) for device in self._devices.values())

    def give_up(self, origin: object) -> dict[str, Decoded]:
        """No longer wait for the dates of what came with this origin: it is refused as undated."""
        found: dict[str, Decoded] = {}
        for name, device in self._devices.items():
            device.give_up(origin, found.setdefault(name, Decoded()))
        return found

    def patience_s(self, device: str) -> float:
        """Seconds of a device's silence after which its open epoch should be ended: 0.2 to 2."""
        known = self._devices.get(device)
        return 0.0 if known is None else known.patience_s

    def end_epoch(self, device: str) -> Decoded:
        """Close the open epoch of one device that fell silent."""
        out = Decoded()
        if device in self._devices:
            self._devices[device].close(out)
        return out

    def finish(self) -> dict[str, Decoded]:
        """The end of the input, for every device."""
        found = self.end_line()
        for name, device in self._devices.items():
            device.finish(found.setdefault(name, Decoded()))
        return found

    def _take(
        self,
        line: Line | Refused,
        received_at: datetime | None,
        found: dict[str, Decoded],
        origin: object,
    ) -> None:
        if isinstance(line, Refused):
            found.setdefault(UNNAMED, Decoded()).refused.append(line)
            return
        if is_ais(line.raw):  # the MMSI says of whom it is, whatever the tag block names
            out = found.setdefault(UNNAMED, Decoded())
            read_line(line, out)
            self._ais.take(line, received_at, out, origin)
            return
        self._named = self._named or line.device is not None
        unnamed = line.device is None and line.kind != COMMENT
        if unnamed and (self._named or line.tag_broken):
            reason = Reason.CHECKSUM if line.tag_broken else Reason.MIXED
            found.setdefault(UNNAMED, Decoded()).refused.append(Refused(line.raw, reason))
            return
        name = line.device or UNNAMED
        out = found.setdefault(name, Decoded())
        reading = read_line(line, out)
        if reading is not None:
            device = self._device(name, found)
            device.hear(received_at, origin)
            device.take(reading, line.raw, out)
        elif name in self._devices:
            self._devices[name].health.listen(line.raw)

    def _device(self, name: str, found: dict[str, Decoded]) -> Device:
        """The state of a device, moved to the end of those longest unheard."""
        device = self._devices.pop(name, None) or Device(
            Settings(self._day, self._rollover_of(name))
        )
        self._devices[name] = device
        if len(self._devices) > _MOST_DEVICES:
            silent = next(iter(self._devices))
            self._devices.pop(silent).finish(found.setdefault(silent, Decoded()))
        return device
