"""Fixes and fences in few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from geo.fences import FenceVersion
from geo.fix import FixBatch
from geo.shapes import build_shape

T0_MS = 1_795_406_400_000  # 2026-11-23T04:00:00Z
SQUARE = [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]


@pytest.fixture(scope="session")
def fixes() -> Callable[..., FixBatch]:
    """Fixes of vehicles from rows (seconds after t0, lon, lat[, vehicle id[, department id]])."""

    def build(*rows: tuple[float, ...]) -> FixBatch:
        filled = [(*row, *(1.0, 1.0)[len(row) - 3 :]) for row in rows]
        table = np.array(filled, dtype=np.float64).reshape(-1, 5)
        return FixBatch(
            vehicle_id=table[:, 3].astype(np.int32),
            department_id=table[:, 4].astype(np.int32),
            fixed_ms=T0_MS + np.rint(table[:, 0] * 1000).astype(np.int64),
            lon=table[:, 1],
            lat=table[:, 2],
        )

    return build


@pytest.fixture(scope="session")
def fence() -> Callable[..., FenceVersion]:
    """A version of a fence: the square Z unless told, in force from and until seconds after t0."""

    def build(
        shape: Mapping[str, object] | None = None,
        *,
        fence_id: int = 1,
        version: int = 1,
        since_s: float | None = None,
        until_s: float | None = None,
        department_id: int = 1,
    ) -> FenceVersion:
        square = {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
        return FenceVersion(
            fence_id=fence_id,
            ref=f"D/{fence_id}",
            department_id=department_id,
            version=version,
            geometry=build_shape(shape or square),
            from_ms=0 if since_s is None else T0_MS + round(since_s * 1000),
            until_ms=None if until_s is None else T0_MS + round(until_s * 1000),
        )

    return build
