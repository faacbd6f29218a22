"""One device: its sentences into epochs, its epochs into dated fixes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from devices.nmea.dates import (
    Calendar,
    Rollover,
    instant,
    missing_weeks,
    nearest_century,
    neighbour_day,
)
from devices.nmea.decoded import Decoded, Found, Reason, Refused
from devices.nmea.epochs import KEYED_KINDS, Epoch
from devices.nmea.fields import DAY_MS
from devices.nmea.health import NO_FIX, Health
from devices.nmea.sentences import Reading

#: Closed times of day remembered, so that a resent epoch makes no second fix.
_REMEMBERED_EPOCHS = 64
_HELD_EPOCHS = 100
_HELD_MS = 30_000
_LEAST_PATIENCE_S, _MOST_PATIENCE_S = 0.2, 2.0
#: How far a date of a receiver without a fix may be off our clock and still be believed.
_BELIEVED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user says of a device."""

    #: The date of the first epoch, for a recording that holds none.
    day: date | None = None
    rollover: Rollover = "off"


class Device:
    """Keeps the open epoch, the date and the last instants of one device. No clock, no I/O."""

    __slots__ = (
        "_accuracy",
        "_calendar",
        "_closed_tod_ms",
        "_date_is_sure",
        "_held",
        "_interval_ms",
        "_open",
        "_recent",
        "_settings",
        "_skipping",
        "health",
        "origin",
        "received_at",
    )

    def __init__(self, settings: Settings) -> None:
        """Start without an epoch, and on the day of the settings if they name one."""
        self._settings = settings
        self._calendar = Calendar(settings.day)
        self._date_is_sure = settings.day is not None
        self._open: Epoch | None = None
        self._skipping = False
        self._accuracy: Reading | None = None
        self._held: deque[Epoch] = deque()
        self._recent: dict[int, date | None] = {}
        #: When what comes now arrived, for live input only.
        self.received_at: datetime | None = None
        #: What is known of the receiver itself.
        self.health = Health()
        #: Goes along with the epochs that begin from now on.
        self.origin: object = None
        self._closed_tod_ms: int | None = None
        self._interval_ms = 1000

    def hear(self, received_at: datetime | None, origin: object = None) -> None:
        """What follows came at this time, for live input only, and along with this origin."""
        self.origin = origin
        if received_at is not None:
            self.received_at = received_at

    def take(self, reading: Reading, raw: bytes, out: Decoded) -> None:
        """Take in one sentence; a new time of day closes the open epoch into `out`."""
        if reading.kind in KEYED_KINDS:
            if reading.day is not None and self.received_at is not None and reading.kind == "RMC":
                reading.day = nearest_century(reading.day, self.received_at)
            self._take_keyed(reading, raw, out)
        elif reading.tod_ms is None or self._is_open_at(reading.tod_ms):
            if self._open is not None and not self._skipping:
                self._open.add(reading, raw)
        else:
            self._accuracy = reading

    def _is_open_at(self, tod_ms: int) -> bool:
        return self._open is not None and self._open.tod_ms == tod_ms

    def _take_keyed(self, reading: Reading, raw: bytes, out: Decoded) -> None:
        tod_ms = reading.tod_ms
        if tod_ms is None:
            # It speaks of an instant that nobody knows, and so does what follows without a time.
            self._skipping = True
            if reading.void:
                self.health.note(NO_FIX)
            if reading.position is not None:
                out.refused.append(Refused(raw, Reason.UNDATED))
            return
        epoch = self._open
        self._skipping = False
        if epoch is not None:
            if epoch.tod_ms == tod_ms and epoch.agrees_with(reading):
                epoch.add(reading, raw)
                return
            if epoch.tod_ms != tod_ms and self._is_repeat(
                tod_ms, reading.day or self._calendar.rolled_to(tod_ms)
            ):
                self._skipping = True
                out.repeats += 1
                return
            self.close(out)
        self._open = self._begun(tod_ms, reading, raw)

    def _begun(self, tod_ms: int, reading: Reading, raw: bytes) -> Epoch:
        epoch = Epoch(tod_ms, raw, self.origin)
        if self._accuracy is not None:
            if self._accuracy.tod_ms == tod_ms:
                epoch.add(self._accuracy)
            self._accuracy = None
        epoch.add(reading)
        return epoch

    def waits_for(self, origin: object) -> bool:
        """Whether an epoch that began with this origin is still open, or held for its date."""
        if self._open is not None and self._open.origin is origin:
            return True
        return any(epoch.origin is origin for epoch in self._held) if self._held else False

    @property
    def is_dated(self) -> bool:
        """Whether a date is known, so that no epoch has to wait for one."""
        return self._calendar.has_day

    def give_up(self, origin: object, out: Decoded) -> None:
        """No longer wait for a date of the epochs that began with this origin."""
        for epoch in [epoch for epoch in self._held if epoch.origin is origin]:
            self._held.remove(epoch)
            out.refused.append(Refused(epoch.raw, Reason.UNDATED, epoch.origin))

    def close(self, out: Decoded) -> None:
        """Close the open epoch: its fix comes out, or it is held until its date is known."""
        epoch, self._open = self._open, None
        if epoch is None:
            self.health.tell(None, self.origin, out)
            return
        own_day = self._own_day(epoch)
        if own_day is not None and self._held:
            self._date_held(own_day, epoch.tod_ms, out)
        day = self._calendar.day_of(epoch.tod_ms, own_day)
        self._learn_interval(epoch.tod_ms)
        void = epoch.is_void()
        if void:
            self.health.note(NO_FIX)
        if self.health.has_news:
            self.health.tell(self._dated(epoch, day), epoch.origin, out)
        if not void and epoch.position is None:
            return
        if self._is_repeat(epoch.tod_ms, day):
            out.repeats += 1
            return
        self._remember(epoch.tod_ms, day)
        if void:
            out.void_epochs += 1
        elif day is None:
            self._hold(epoch, out)
        else:
            self._emit(epoch, day, out)

    def _dated(self, epoch: Epoch, day: date | None) -> datetime | None:
        """When an epoch was, a rollover undone; None while no date is known."""
        if day is None:
            return None
        at = instant(day, epoch.tod_ms)
        weeks = missing_weeks(at, self.received_at, self._settings.rollover)
        return at + timedelta(weeks=weeks)

    def _learn_interval(self, tod_ms: int) -> None:
        if self._closed_tod_ms is not None:
            self._interval_ms = (tod_ms - self._closed_tod_ms) % DAY_MS or self._interval_ms
        self._closed_tod_ms = tod_ms

    @property
    def patience_s(self) -> float:
        """Seconds of silence after which the open epoch is complete: 1.2 of its intervals."""
        return min(max(1.2 * self._interval_ms / 1000.0, _LEAST_PATIENCE_S), _MOST_PATIENCE_S)

    def finish(self, out: Decoded) -> None:
        """Close the open epoch and give up those that no date came for."""
        self.close(out)
        while self._held:
            self._give_up_oldest(out)

    def _own_day(self, epoch: Epoch) -> date | None:
        """The date that the epoch brings along, if it may be believed."""
        sure_day = epoch.sure_day
        if sure_day is not None:
            self._date_is_sure = True
            return sure_day
        day = epoch.doubtful_day
        if day is None:
            return None
        if self.received_at is None:
            return None if self._date_is_sure else day
        off = abs(instant(day, epoch.tod_ms) - self.received_at)
        return day if off <= _BELIEVED else None

    def _is_repeat(self, tod_ms: int, day: date | None) -> bool:
        return tod_ms in self._recent and self._recent[tod_ms] == day

    def _remember(self, tod_ms: int, day: date | None) -> None:
        self._recent.pop(tod_ms, None)
        self._recent[tod_ms] = day
        if len(self._recent) > _REMEMBERED_EPOCHS:
            del self._recent[next(iter(self._recent))]

    def _hold(self, epoch: Epoch, out: Decoded) -> None:
        self._held.append(epoch)
        if len(self._held) > _HELD_EPOCHS:
            self._give_up_oldest(out)
        self._give_up_older(epoch.tod_ms, out)

    def _give_up_older(self, tod_ms: int, out: Decoded) -> None:
        while self._held and (tod_ms - self._held[0].tod_ms) % DAY_MS > _HELD_MS:
            self._give_up_oldest(out)

    def _give_up_oldest(self, out: Decoded) -> None:
        epoch = self._held.popleft()
        out.refused.append(Refused(epoch.raw, Reason.UNDATED, epoch.origin))

    def _date_held(self, day: date, tod_ms: int, out: Decoded) -> None:
        """Date the held epochs backwards from one whose date is known."""
        self._give_up_older(tod_ms, out)
        dated: list[tuple[Epoch, date]] = []
        while self._held:
            epoch = self._held.pop()
            day = neighbour_day(day, tod_ms, epoch.tod_ms)
            tod_ms = epoch.tod_ms
            dated.append((epoch, day))
        for epoch, its_day in reversed(dated):
            self._remember(epoch.tod_ms, its_day)
            self._emit(epoch, its_day, out)

    def _emit(self, epoch: Epoch, day: date, out: Decoded) -> None:
        fixed_at = instant(day, epoch.tod_ms)
        weeks = missing_weeks(fixed_at, self.received_at, self._settings.rollover)
        if weeks:
            fixed_at += timedelta(weeks=weeks)
        fix = epoch.fix(fixed_at, weeks)
        out.found.append(Found(fix, epoch.raw, epoch.origin))
