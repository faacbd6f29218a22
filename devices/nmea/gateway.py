"""Several devices on one stream, told apart by the `s:` of their tag blocks."""

from __future__ import annotations

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

    def __init__(self, *, day: date | None = None, rollover: Rollover = "off") -> None:
        """As for Decoder, the same for all devices."""
        self._framer = Framer()
        self._settings = Settings(day, rollover)
        self._devices: dict[str, Device] = {}
        self._named = False
        self._ais = AisReader()

    def feed(self, data: bytes, received_at: datetime | None = None) -> dict[str, Decoded]:
        """What these bytes complete, by device."""
        found: dict[str, Decoded] = {}
        for line in self._framer.feed(data):
            self._take(line, received_at, found)
        return found

    def end_epoch(self, device: str) -> Decoded:
        """Close the open epoch of one device that fell silent."""
        out = Decoded()
        if device in self._devices:
            self._devices[device].close(out)
        return out

    def finish(self) -> dict[str, Decoded]:
        """The end of the input, for every device."""
        found: dict[str, Decoded] = {}
        for line in self._framer.end_line():
            self._take(line, None, found)
        for name, device in self._devices.items():
            device.finish(found.setdefault(name, Decoded()))
        return found

    def _take(
        self, line: Line | Refused, received_at: datetime | None, found: dict[str, Decoded]
    ) -> None:
        if isinstance(line, Refused):
            found.setdefault(UNNAMED, Decoded()).refused.append(line)
            return
        if is_ais(line.raw):  # the MMSI says of whom it is, whatever the tag block names
            out = found.setdefault(UNNAMED, Decoded())
            read_line(line, out)
            self._ais.take(line, received_at, out)
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
            device.hear(received_at)
            device.take(reading, line.raw, out)
        elif name in self._devices:
            self._devices[name].health.listen(line.raw)

    def _device(self, name: str, found: dict[str, Decoded]) -> Device:
        """The state of a device, moved to the end of those longest unheard."""
        device = self._devices.pop(name, None) or Device(self._settings)
        self._devices[name] = device
        if len(self._devices) > _MOST_DEVICES:
            silent = next(iter(self._devices))
            self._devices.pop(silent).finish(found.setdefault(silent, Decoded()))
        return device
