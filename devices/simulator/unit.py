"""The box in a vehicle: it reports over whatever it is connected to, each in its own way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Protocol

from devices.simulator.government import Oddity
from devices.simulator.nmea import sentences
from devices.simulator.sender import StateValue
from devices.simulator.vehicle import VirtualVehicle
from geo.fix import Fix

#: A late device has no reception for the last part of each such period.
SHADOW_PERIOD_S = 300.0
SHADOW_S = 180.0
#: A silent device stops so long after the start.
SILENT_AFTER_S = 90.0
#: A device with a bad cable spoils one report in so many.
SPOILS_ONE_IN = 5
#: A backlog goes out in messages of so many epochs (200 lines are the limit of a payload).
EPOCHS_A_MESSAGE = 20
#: While nothing can be sent, the newest so many epochs are kept.
EPOCHS_HELD = 5_000
SERIAL_INTERVAL = timedelta(seconds=1)


class Outlet(Protocol):
    """Where reports go."""

    def publish(
        self, lines: Sequence[str], state: Mapping[str, StateValue] | None = None
    ) -> int: ...


@dataclass(slots=True)
class _Epoch:
    lines: list[str]
    state: dict[str, StateValue]


@dataclass(slots=True)
class Unit:
    """One device at work."""

    drive: VirtualVehicle
    outlet: Outlet
    #: Times its usual pace.
    rate: float = 1.0
    _held: deque[_Epoch] = field(default_factory=lambda: deque(maxlen=EPOCHS_HELD))
    _reports: int = 0
    _last: datetime | None = None

    def report(self, moment: datetime) -> datetime | None:
        """Report where the vehicle is; returns when the next report is due, None for never.

        A StoreFullError of the outlet passes through.
        """
        oddity = self.drive.vehicle.device.oddity
        elapsed_s = (moment - self.drive.started_at).total_seconds()
        if oddity is Oddity.SILENT and elapsed_s > SILENT_AFTER_S:
            return None
        fix = self.drive.fix_at(moment)
        if fix.fixed_at != self._last:
            self._last = fix.fixed_at
            self._held.append(self._epoch(fix, oddity))
        if oddity is not Oddity.LATE or not _in_shadow(elapsed_s):
            self._send()
        if oddity is Oddity.SERIAL:
            return moment + SERIAL_INTERVAL
        return moment + self.drive.interval(moment, rate=self.rate)

    def _epoch(self, fix: Fix, oddity: Oddity | None) -> _Epoch:
        self._reports += 1
        lines = sentences(fix, self.drive.vehicle.dialect)
        if oddity is Oddity.BAD_CHECKSUM and self._reports % SPOILS_ONE_IN == 0:
            lines[0] = spoilt(lines[0])
        state: dict[str, StateValue] = {"ign": bool(fix.ignition)}
        state.update({f"in.{name}": value for name, value in fix.inputs.items()})
        return _Epoch(lines, state)

    def _send(self) -> None:
        """Publish all that is held; what the outlet refuses stays held."""
        while self._held:
            state = self._held[0].state
            same = next(epochs for _, epochs in groupby(self._held, key=lambda held: held.state))
            together = list(islice(same, EPOCHS_A_MESSAGE))
            self.outlet.publish([line for epoch in together for line in epoch.lines], state)
            for _ in together:
                self._held.popleft()


def spoilt(line: str) -> str:
    """The line with its first comma lost on the cable, so that the checksum no longer fits."""
    return line.replace(",", "", 1)


def write_recording(
    drive: VirtualVehicle, path: Path, *, since: datetime, until: datetime, every: timedelta
) -> int:
    """Write what the vehicle's receiver said in [since, until) as a file; returns the epochs."""
    epochs = (until - since) // every
    with path.open("w", encoding="ascii", newline="\r\n") as file:
        for number in range(epochs):
            fix = drive.fix_at(since + number * every)
            file.writelines(f"{line}\n" for line in sentences(fix, drive.vehicle.dialect))
    return epochs


def _in_shadow(elapsed_s: float) -> bool:
    return elapsed_s % SHADOW_PERIOD_S > SHADOW_PERIOD_S - SHADOW_S
