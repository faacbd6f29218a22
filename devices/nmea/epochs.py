"""The sentences of one instant, and the one fix they make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from operator import attrgetter

from devices.nmea.sentences import Reading
from geo.fix import Fix

#: Kinds whose time is the key of an epoch.
KEYED_KINDS = frozenset({"RMC", "GGA", "GNS", "GLL", "ZDA", "PUBX"})

#: What a receiver says before it has heard the week from a satellite: the start of GPS time.
COLD_START_DAYS = frozenset({date(1980, 1, 5), date(1980, 1, 6)})

# Best first. The sentences of one epoch differ by rounding only.
_POSITIONS = {"GGA": 0, "GNS": 1, "RMC": 2, "GLL": 3, "PUBX": 4}
_ACCURACIES = ("GST", "GBS", "PGRME", "PUBX")
_OTHER_MOTIONS = ("VTG", "PUBX")
_HEADINGS = ("HDT", "THS", "HDG")
_accuracy_m, _heading_deg = attrgetter("accuracy_m"), attrgetter("heading_deg")
_speed_mps, _course_deg = attrgetter("speed_mps"), attrgetter("course_deg")

#: The name among a fix's inputs of the rate of turn, degrees a minute, to starboard positive.
TURN = "turn_deg_min"

_NOTHING = Reading("")

_NULL_ISLAND = (0.0, 0.0)

_HDOP_OF_NO_FIX = 50.0
#: 99.0 and 99.99 stand for unknown, as 0.0 does.
_HDOP_UNKNOWN = 99.0
_SATELLITES_FOR_3D = 4
_NO_FIX, _2D, _3D = 1, 2, 3
#: A receiver that repeats one instant for ever must not fill the memory.
_RAW_LIMIT_BYTES = 4096


class Epoch:
    """The readings of one time of day; the first of a kind counts, repeats of it change nothing."""

    __slots__ = (
        "_gsa_mode",
        "_position_rank",
        "_readings",
        "_void",
        "origin",
        "position",
        "raw",
        "tod_ms",
    )

    def __init__(self, tod_ms: int, raw: bytes, origin: object = None) -> None:
        """Begin without a sentence."""
        #: Milliseconds since midnight UTC.
        self.tod_ms = tod_ms
        #: Its sentences as they came, a line each, up to a bound: kept for a refusal.
        self.raw = raw
        #: What the caller gave along with the first of them.
        self.origin = origin
        #: (lon, lat) in degrees from the best sentence that has one.
        self.position: tuple[float, float] | None = None
        self._position_rank = len(_POSITIONS)
        self._readings: dict[str, Reading] = {}
        self._void = False
        #: The best of the GSA sentences: each constellation sends its own.
        self._gsa_mode: int | None = None

    def add(self, reading: Reading, raw: bytes = b"") -> None:
        """Take in one sentence of this instant; `raw` are its bytes, if they are not kept yet."""
        if raw and len(self.raw) + len(raw) < _RAW_LIMIT_BYTES:
            self.raw += b"\r\n" + raw
        kind = reading.kind
        if kind == "GSA":
            self._gsa_mode = max(self._gsa_mode or 0, reading.mode or 0) or None
            return
        if reading.void:
            self._void = True
        self._readings.setdefault(kind, reading)
        if reading.position is not None and _POSITIONS[kind] < self._position_rank:
            self.position, self._position_rank = reading.position, _POSITIONS[kind]

    def agrees_with(self, reading: Reading) -> bool:
        """False when the same kind of sentence has already given another date."""
        earlier = self._readings.get(reading.kind)
        return earlier is None or None in (earlier.day, reading.day) or earlier.day == reading.day

    @property
    def sure_day(self) -> date | None:
        """The date of a valid RMC or of a ZDA in this epoch."""
        rmc = self._readings.get("RMC")
        if rmc is not None and rmc.day is not None and not rmc.void:
            return rmc.day
        zda = self._readings.get("ZDA")
        return None if zda is None or zda.day in COLD_START_DAYS else zda.day

    @property
    def doubtful_day(self) -> date | None:
        """The date of an RMC that says void: a cold receiver's may be made up."""
        rmc = self._readings.get("RMC")
        return None if rmc is None or rmc.day in COLD_START_DAYS else rmc.day

    def is_void(self) -> bool:
        """Whether any sentence says that there is no fix, or that it is a cold start's 0, 0."""
        if self._void or self._gsa_mode == _NO_FIX:
            return True
        return self.position == _NULL_ISLAND and self._is_cold_start()

    def _is_cold_start(self) -> bool:
        solution = self._solution()
        cold = any(one.day in COLD_START_DAYS for one in self._readings.values())
        return cold or solution.satellites == 0 or (solution.hdop or 0.0) >= _HDOP_OF_NO_FIX

    def fix(self, fixed_at: datetime, rollover_weeks: int) -> Fix:
        """The fix of this epoch, which has a position and is not void, at the instant given."""
        if self.position is None:
            raise ValueError("an epoch without a position makes no fix")
        solution = self._solution()
        rmc, rot = self._readings.get("RMC", _NOTHING), self._readings.get("ROT")
        speed_mps, course_deg = rmc.speed_mps, rmc.course_deg
        if speed_mps is None:
            speed_mps = self._first(_OTHER_MOTIONS, _speed_mps)
        if course_deg is None:
            course_deg = self._first(_OTHER_MOTIONS, _course_deg)
        hdop = solution.hdop or 0.0
        return Fix(
            fixed_at=fixed_at,
            lon=self.position[0],
            lat=self.position[1],
            altitude_m=solution.altitude_m,
            speed_mps=speed_mps,
            course_deg=course_deg,
            heading_deg=self._first(_HEADINGS, _heading_deg),
            accuracy_m=self._first(_ACCURACIES, _accuracy_m),
            hdop=hdop if 0.0 < hdop < _HDOP_UNKNOWN else None,
            satellites=solution.satellites,
            mode=self._gsa_mode or solution.mode or _guessed_mode(solution),
            inputs={} if rot is None or rot.turn_deg_min is None else {TURN: rot.turn_deg_min},
            rollover_weeks=rollover_weeks,
        )

    def _solution(self) -> Reading:
        """The sentence with the altitude, HDOP and satellites of this epoch."""
        said = self._readings
        return said.get("GGA") or said.get("GNS") or said.get("PUBX") or _NOTHING

    def _first(
        self, kinds: tuple[str, ...], pick: Callable[[Reading], float | None]
    ) -> float | None:
        """The value of the best kind that has one."""
        if self._readings.keys().isdisjoint(kinds):
            return None
        for kind in kinds:
            reading = self._readings.get(kind)
            value = None if reading is None else pick(reading)
            if value is not None:
                return value
        return None


def _guessed_mode(solution: Reading) -> int:
    enough = (solution.satellites or 0) >= _SATELLITES_FOR_3D
    return _3D if solution.altitude_m is not None and enough else _2D
