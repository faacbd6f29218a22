"""States of vehicles as they are stored: what the latest fix does not tell, and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from geo.crossing import HeldFix, VehicleState, renewed
from geo.fix import error_m, unix_ms
from geo.memory import from_json, to_json
from geo.watch import Watches


def state_of(row: asyncpg.Record, watches: Watches) -> VehicleState:
    """A row of load_states.sql."""
    fixed_ms = unix_ms(row["fixed_at"])
    state = VehicleState(
        fixed_ms=fixed_ms,
        judged_ms=max(unix_ms(row["judged_at"]), fixed_ms),
        lon=row["lon"],
        lat=row["lat"],
        department_id=row["department_id"],
        inside=frozenset(),
        held=_held(row),
        error_m=error_m(row["accuracy_m"], row["hdop"]),
        ignition=ignition_of(row["ignition"]),
        memory=from_json(row["memory"]),
    )
    return renewed(state, watches)


def ignition_of(said: bool | None) -> int:
    """As the engine has it: 1 on, 0 off, -1 unknown."""
    return -1 if said is None else int(said)


def _held(row: asyncpg.Record) -> HeldFix | None:
    if row["held_at"] is None:
        return None
    return HeldFix(
        unix_ms(row["held_at"]),
        row["held_lon"],
        row["held_lat"],
        row["held_department_id"],
        error_m(row["held_accuracy_m"], row["held_hdop"]),
        row["held_speed_mps"],
        ignition_of(row["held_ignition"]),
        row["held_inputs"],
    )


def checkpoint_of(state: VehicleState) -> dict[str, Any]:
    """A settled state, whole, for storing."""
    return {
        "at": [state.fixed_ms, state.lon, state.lat, state.error_m, state.ignition],
        "department_id": state.department_id,
        "memory": to_json(state.memory),
    }


def from_checkpoint(kept: Mapping[str, Any], watches: Watches) -> VehicleState:
    """The state that was stored."""
    fixed_ms, lon, lat, error, ignition = kept["at"]
    state = VehicleState(
        fixed_ms=fixed_ms,
        judged_ms=fixed_ms,
        lon=lon,
        lat=lat,
        department_id=kept["department_id"],
        inside=frozenset(),
        error_m=error,
        ignition=ignition,
        memory=from_json(kept["memory"]),
    )
    return renewed(state, watches)
