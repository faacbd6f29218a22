"""Odd devices: late, spoilt, silent, on a cable, recorded; and the well-behaved rest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from devices.nmea import Decoder, Reason
from devices.simulator import VirtualVehicle
from devices.simulator.errors import SerialPathError, StoreFullError
from devices.simulator.government import Oddity
from devices.simulator.sender import StateValue
from devices.simulator.serial_port import SerialPort
from devices.simulator.unit import Unit, write_recording

SECOND = timedelta(seconds=1)


class Outbox:
    """Keeps what is published; refuses while `full`."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], dict[str, StateValue]]] = []
        self.full = False

    def publish(self, lines: Sequence[str], state: Mapping[str, StateValue] | None = None) -> int:
        if self.full:
            raise StoreFullError
        self.messages.append((list(lines), dict(state or {})))
        return len(self.messages)


def odd(fleet: list[VirtualVehicle], oddity: Oddity | None) -> VirtualVehicle:
    return next(drive for drive in fleet if drive.vehicle.device.oddity is oddity)


def run(unit: Unit, *, seconds: float) -> list[int]:
    """Let it report; returns how many messages there were after each report."""
    outlet = unit.outlet
    assert isinstance(outlet, Outbox)
    due: datetime | None = unit.drive.started_at
    end = unit.drive.started_at + timedelta(seconds=seconds)
    counts = []
    while due is not None and due <= end:
        due = unit.report(due)
        counts.append(len(outlet.messages))
    return counts


def fixes_of(outbox: Outbox) -> tuple[int, list[Reason]]:
    """How many fixes our reader finds in the messages, and why it refused lines."""
    decoder, fixes, reasons = Decoder(), 0, []
    for lines, _ in outbox.messages:
        data = "".join(f"{line}\r\n" for line in lines).encode("ascii")
        for found in (decoder.feed(data), decoder.end_epoch()):
            fixes += len(found.fixes)
            reasons += [refused.reason for refused in found.refused]
    return fixes, reasons


def test_an_ordinary_device_sends_each_epoch_at_once(fleet: list[VirtualVehicle]) -> None:
    outbox = Outbox()
    counts = run(Unit(odd(fleet, None), outbox), seconds=120)

    assert counts == list(range(1, len(counts) + 1))
    assert fixes_of(outbox) == (len(counts), [])


def test_a_late_device_keeps_silent_in_the_shadow_and_then_sends_everything(
    fleet: list[VirtualVehicle],
) -> None:
    outbox = Outbox()
    counts = run(Unit(odd(fleet, Oddity.LATE), outbox), seconds=400)
    longest = max(counts.count(count) for count in counts)

    assert longest >= 4
    assert fixes_of(outbox) == (len(counts), [])
    assert max(len(lines) for lines, _ in outbox.messages) > 4 * 4
    assert max(len(lines) for lines, _ in outbox.messages) <= 200


def test_a_spoilt_line_is_found_by_its_checksum(fleet: list[VirtualVehicle]) -> None:
    outbox = Outbox()
    counts = run(Unit(odd(fleet, Oddity.BAD_CHECKSUM), outbox), seconds=300)
    _, reasons = fixes_of(outbox)

    assert set(reasons) == {Reason.CHECKSUM}
    assert len(reasons) == len(counts) // 5


def test_a_silent_device_stops_for_good(fleet: list[VirtualVehicle]) -> None:
    outbox = Outbox()
    unit = Unit(odd(fleet, Oddity.SILENT), outbox)
    run(unit, seconds=3_600)

    assert outbox.messages
    assert unit.report(unit.drive.started_at + timedelta(hours=2)) is None


def test_what_a_full_store_refuses_goes_out_later(fleet: list[VirtualVehicle]) -> None:
    outbox = Outbox()
    unit = Unit(odd(fleet, None), outbox)
    outbox.full = True
    for n in range(3):
        with pytest.raises(StoreFullError):
            unit.report(unit.drive.started_at + n * SECOND)
    outbox.full = False
    unit.report(unit.drive.started_at + 3 * SECOND)

    assert fixes_of(outbox) == (4, [])


def test_signals_travel_as_state_beside_the_sentences(fleet: list[VirtualVehicle]) -> None:
    barge = next(d for d in fleet if d.vehicle.vehicle_class == "barge")
    outbox = Outbox()
    Unit(barge, outbox).report(barge.started_at)

    ((_, state),) = outbox.messages
    assert set(state) == {"ign", "in.bottom_door", "in.draught_m"}


def test_a_serial_port_is_read_like_a_receivers(
    fleet: list[VirtualVehicle], tmp_path: Path
) -> None:
    drive = odd(fleet, Oddity.SERIAL)
    with SerialPort(tmp_path / "tty") as port:
        reader = os.open(tmp_path / "tty", os.O_RDONLY | os.O_NOCTTY)
        unit = Unit(drive, port)
        due = unit.report(drive.started_at)
        data = os.read(reader, 4096)
        os.close(reader)
    decoder = Decoder()

    assert due == drive.started_at + SECOND
    assert data.endswith(b"\r\n")
    fixes = decoder.feed(data).fixes + decoder.finish().fixes
    assert [fix.fixed_at for fix in fixes] == [drive.fix_at(drive.started_at).fixed_at]
    assert not (tmp_path / "tty").is_symlink()


def test_a_port_that_nobody_reads_blocks_nothing(tmp_path: Path) -> None:
    with SerialPort(tmp_path / "tty") as port:
        for _ in range(1_000):
            port.publish(["$GPTXT,01,01,02,a line that nobody reads*00"])
        assert port.lost > 0


def test_a_port_never_replaces_a_file(tmp_path: Path) -> None:
    taken = tmp_path / "tty"
    taken.write_text("precious")
    with pytest.raises(SerialPathError, match="tty"):
        SerialPort(taken)
    assert taken.read_text() == "precious"


def test_a_recording_is_what_the_receiver_said(fleet: list[VirtualVehicle], tmp_path: Path) -> None:
    drive = odd(fleet, Oddity.RECORDED)
    since = drive.started_at - timedelta(minutes=5)
    path = tmp_path / "hour.nmea"
    epochs = write_recording(drive, path, since=since, until=drive.started_at, every=SECOND)
    decoder = Decoder()
    fixes = decoder.feed(path.read_bytes()).fixes + decoder.finish().fixes

    assert epochs == len(fixes) == 300
    assert fixes[0].fixed_at == since
    assert fixes[-1].fixed_at == drive.started_at - SECOND
