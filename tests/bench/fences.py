"""scripts/bench fences: the fence engine alone, in one process, against many polygons.

10,000 vehicles move over Hong Kong with a fix every 10 s; polygons of 12 to 60 vertices, 200 m to
2 km across. Every fence has a dwell, a speed and an inside rule. Each batch is stepped on from the
states that the one before left. Beside each figure stands what shapely's STRtree takes in the same
moments to find the edges near the same ways, and to say which areas hold their ends: the raw work
of an index, without rules. Who is inside, and a sample of the crossings, are held against shapely.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from dataclasses import replace
from datetime import time as time_of_day
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from geo.contact import NARROWEST_BAND_M
from geo.crossing import StepResult, VehicleState, step
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.watch import Watch, Watches
from geo.windows import Calendar, Window

WEST, EAST, SOUTH, NORTH = 113.83, 114.43, 22.15, 22.56
LAT_M: Final = 110_750.0
LON_M: Final = float(111_320.0 * np.cos(np.radians(22.35)))
START_MS: Final = 1_795_406_400_000
EVERY_MS: Final = 10_000
ERROR_M: Final = 5.0
SMALL: Final = 100
EDITS: Final = 50
#: Fixes farther than this from a border prove their side.
WIDEST_DOUBT_M: Final = 6.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench fences", description=__doc__)
    parser.add_argument("--vehicles", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=12)
    asked = parser.parse_args()
    figures: dict[str, float] = {}
    tracks = moves(asked.vehicles, asked.rounds)
    for count in (1_000, 10_000):
        figures |= {f"{name}_{count}": value for name, value in run(count, tracks).items()}
    sys.stdout.write(json.dumps(figures) + "\n")


def run(count: int, tracks: np.ndarray) -> dict[str, float]:
    """The figures against so many fences."""
    fences = polygons(count)
    calm_the_collector()
    begun = time.process_time()
    index = FenceIndex(fences)
    built_s = time.process_time() - begun
    trees = Trees(fences)
    watches = rules(count)
    states: dict[int, VehicleState] = {}
    took, beside, results = [], [], []
    for turn in range(len(tracks)):
        batch = batch_of(tracks, turn, slice(None))
        begun = time.process_time()
        stepped = step(states, batch, index, {}, watches)
        states |= stepped.states
        took.append(time.process_time() - begun)
        if turn:
            beside.append(trees.seconds(tracks[turn - 1], tracks[turn]))
        results.append(stepped)
    small = smalls(states, tracks, index, watches)
    edits = [edit(index, fences[number]) for number in range(EDITS)]
    compare(tracks, fences, results)
    compare_crossings(tracks, fences, results)
    median_s, trees_s = float(np.median(took[2:])), float(np.median(beside))
    figures = {
        "updates_s": round(tracks.shape[1] / median_s),
        "strtree_queries_s": round(tracks.shape[1] / trees_s),
        "step_of_strtree": round(median_s / trees_s, 2),
        "batch_of_100_p99_ms": round(float(np.percentile(small, 99)) * 1000, 2),
        "built_s": round(built_s, 2),
        "strtree_built_s": round(trees.built_s, 2),
        "edited_p50_ms": round(float(np.median(edits)) * 1000, 2),
        "edited_worst_ms": round(max(edits) * 1000, 2),
        "events": sum(len(each.events) for each in results),
    }
    sys.stdout.write(f"{count:,} fences: " + ", ".join(f"{k} {v:,}" for k, v in figures.items()))
    sys.stdout.write("\n")
    return figures


def calm_the_collector() -> None:
    """As ingest does (ingest/worker.py): without, a third of the time goes to the collector."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(300_000, 20, 50)


class Trees:
    """The same fences in shapely's STRtrees of areas and of the boxes of edges."""

    def __init__(self, fences: list[FenceVersion]) -> None:
        begun = time.process_time()
        self._areas = np.array([each.geometry for each in fences], dtype=object)
        shapely.prepare(self._areas)
        self._tree = shapely.STRtree(self._areas)
        points, ring = shapely.get_coordinates(self._areas, return_index=True)
        edge = np.flatnonzero(ring[1:] == ring[:-1])
        low = np.minimum(points[edge], points[edge + 1])
        high = np.maximum(points[edge], points[edge + 1])
        self._edges = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
        self.built_s = time.process_time() - begun

    def seconds(self, begin: np.ndarray, end: np.ndarray) -> float:
        """How long it takes to find the edges near ways, and the areas that hold their ends."""
        begun = time.process_time()
        reach = (ERROR_M / LON_M, ERROR_M / LAT_M)
        low = np.minimum(begin[:, :2], end[:, :2]) - reach
        high = np.maximum(begin[:, :2], end[:, :2]) + reach
        self._edges.query(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
        row, area = self._tree.query(shapely.points(end[:, :2]))
        shapely.intersects_xy(self._areas[area], end[row, 0], end[row, 1])
        return time.process_time() - begun


def smalls(
    states: dict[int, VehicleState], tracks: np.ndarray, index: FenceIndex, watches: Watches
) -> list[float]:
    """Seconds of steps of 100 vehicles each."""
    took = []
    for first in range(0, tracks.shape[1], SMALL):
        batch = batch_of(tracks, len(tracks) - 1, slice(first, first + SMALL), later_ms=EVERY_MS)
        begun = time.process_time()
        step(states, batch, index, {}, watches)
        took.append(time.process_time() - begun)
    return took


def edit(index: FenceIndex, fence: FenceVersion) -> float:
    """Seconds to move one fence."""
    moved = shapely.transform(fence.geometry, lambda points: points + 0.001)
    begun = time.process_time()
    now_ms = START_MS + 1_000_000_000
    new = replace(fence, version=2, geometry=moved, from_ms=now_ms)
    index.edited([replace(fence, until_ms=now_ms), new])
    return time.process_time() - begun


def batch_of(tracks: np.ndarray, turn: int, rows: slice, later_ms: int = 0) -> FixBatch:
    place = tracks[turn, rows]
    count = len(place)
    ids = np.arange(tracks.shape[1], dtype=np.int32)[rows]
    return FixBatch(
        vehicle_id=ids,
        department_id=np.ones(count, dtype=np.int32),
        fixed_ms=np.full(count, START_MS + turn * EVERY_MS + later_ms, dtype=np.int64),
        lon=place[:, 0],
        lat=place[:, 1],
        error_m=np.full(count, ERROR_M),
        speed_mps=place[:, 2],
        ignition=np.ones(count, dtype=np.int8),
    )


def rules(count: int) -> Watches:
    """A dwell, a speed and an inside rule over all fences, as a department would have them."""
    window = Window(
        days=frozenset({"working"}),
        from_=time_of_day(18),
        to=time_of_day(8),
        calendar=Calendar(ZoneInfo("Asia/Hong_Kong"), {2026: frozenset()}),
    )
    common = {"department_id": 1, "fence_ids": None, "concerns": lambda vehicle_id, at_ms: True}
    return Watches(
        [
            Watch(rule_id=1, kind="dwell", dwell_ms=600_000, **common),  # type: ignore[arg-type]  # as common
            Watch(rule_id=2, kind="speed", limit_kmh=110.0, **common),  # type: ignore[arg-type]  # as common
            Watch(rule_id=3, kind="inside", window=window, **common),  # type: ignore[arg-type]  # as common
        ]
    )


def polygons(count: int) -> list[FenceVersion]:
    """Fences of 12 to 60 vertices, 200 m to 2 km across."""
    chance = np.random.default_rng(count)
    fences = []
    for number in range(count):
        corners = int(chance.integers(12, 61))
        half_m = np.exp(chance.uniform(np.log(100), np.log(1000)))
        even = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        angle = even + chance.uniform(0, 0.9, corners) * (2 * np.pi / corners)
        radius = half_m * chance.uniform(0.55, 1.0, corners)
        squeeze, turn = chance.uniform(0.5, 1.0), chance.uniform(0, np.pi)
        x, y = radius * np.cos(angle) * squeeze, radius * np.sin(angle)
        east, north = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        centre = chance.uniform((WEST + 0.01, SOUTH + 0.01), (EAST - 0.01, NORTH - 0.01))
        ring = np.column_stack((centre[0] + east / LON_M, centre[1] + north / LAT_M)).round(7)
        fences.append(
            FenceVersion(
                fence_id=number,
                ref=f"D/{number}",
                department_id=1,
                version=1,
                geometry=shapely.Polygon(ring),
                from_ms=0,
                until_ms=None,
            )
        )
    return fences


def moves(vehicles: int, rounds: int) -> np.ndarray:
    """(round, vehicle, lon lat speed): all move, at 3 to 28 m/s, and turn now and then."""
    chance = np.random.default_rng(7)
    lon, lat = chance.uniform(WEST, EAST, vehicles), chance.uniform(SOUTH, NORTH, vehicles)
    heading, speed = chance.uniform(0, 2 * np.pi, vehicles), chance.uniform(3, 25, vehicles)
    out = np.empty((rounds, vehicles, 3))
    for turn in range(rounds):
        out[turn] = np.column_stack((lon, lat, speed))
        sharp = chance.random(vehicles) < 0.05
        bend = chance.choice([-1, 1], vehicles) * np.pi / 2
        heading = heading + chance.normal(0, 0.25, vehicles) + sharp * bend
        speed = np.clip(speed + chance.normal(0, 1.5, vehicles), 2, 28)
        lon = np.clip(lon + np.cos(heading) * speed * EVERY_MS / 1000 / LON_M, WEST, EAST)
        lat = np.clip(lat + np.sin(heading) * speed * EVERY_MS / 1000 / LAT_M, SOUTH, NORTH)
    return out


def compare(tracks: np.ndarray, fences: list[FenceVersion], results: list[StepResult]) -> None:
    """Hold who is inside of what at the end against shapely, for those that are deep."""
    sample = range(0, tracks.shape[1], 50)
    areas = [each.geometry for each in fences]
    tree = shapely.STRtree(areas)
    for vehicle in sample:
        point = shapely.Point(tracks[-1, vehicle, :2])
        inside = {int(i) for i in tree.query(point, predicate="intersects")}
        told = results[-1].states[vehicle].inside
        for fence in inside ^ told:
            off_m = shapely.distance(point, shapely.boundary(areas[fence])) * LAT_M
            if off_m > NARROWEST_BAND_M * 1.1:
                raise AssertionError(f"vehicle {vehicle} and fence {fence}: {off_m:.1f} m off")


def compare_crossings(
    tracks: np.ndarray, fences: list[FenceVersion], results: list[StepResult]
) -> None:
    """Hold crossings against shapely: of ways with deep ends that cut a border once or never.

    By brute force: each way of the sample with each area whose box it meets.
    """
    areas = np.array([each.geometry for each in fences], dtype=object)
    told = {
        (turn, event.vehicle_id, event.fence_id): event
        for turn, stepped in enumerate(results)
        for event in stepped.events
    }
    held = 0
    for turn in range(1, len(tracks)):
        for vehicle in range(0, tracks.shape[1], 200):
            ends = tracks[turn - 1 : turn + 1, vehicle, :2]
            way = shapely.LineString(ends)
            for number in np.flatnonzero(shapely.intersects(shapely.box(*way.bounds), areas)):
                at = crossed_at(areas[number], way)
                if at is None:
                    continue
                event, held = told.get((turn, vehicle, int(number))), held + 1
                if np.isnan(at):
                    assert event is None, event
                else:
                    assert event is not None, (turn, vehicle, number)
                    off_ms = event.at_ms - (START_MS + (turn - 1 + at) * EVERY_MS)
                    assert abs(off_ms) <= 1.0, (event, off_ms)
    assert held, "no way of the sample meets a fence"


def crossed_at(area: shapely.Geometry, way: shapely.LineString) -> float | None:
    """Where a way cuts the border, 0..1; NaN if nowhere; None where the rules of doubt say."""
    scale = (LON_M, LAT_M)
    border = shapely.transform(shapely.boundary(area), lambda points: points * scale)
    line = shapely.transform(way, lambda points: points * scale)
    ends = shapely.points(shapely.get_coordinates(line))
    if (shapely.distance(border, ends) < WIDEST_DOUBT_M).any():
        return None
    cuts = shapely.get_coordinates(shapely.intersection(border, line))
    if len(cuts) > 1:
        return None
    if not len(cuts):
        return float("nan")
    return float(shapely.line_locate_point(line, shapely.points(cuts[0]), normalized=True))


if __name__ == "__main__":
    main()
