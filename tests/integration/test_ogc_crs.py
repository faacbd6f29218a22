"""OGC API – Features, Part 2: coordinate reference systems, each with the axes of its authority."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from tests.integration.ogc_world import (
    CONTROL,
    CONTROL_GRID,
    CRS84,
    EPSG,
    LAYERS,
    POLE,
    Feature,
    Ogc,
    place,
)

#: Where PROJ sends the control point: first and second axis as the authority orders them.
CONTROL_IN = {
    CRS84: CONTROL,
    f"{EPSG}4326": CONTROL[::-1],
    f"{EPSG}2326": CONTROL_GRID,
    f"{EPSG}3857": (12706138.917, 2550250.049),
}


def second_opinion(crs: str, feature: Feature) -> BaseGeometry:
    """Its geometry in a system as PROJ has it."""
    if crs == CRS84:
        return place(feature)
    to = Transformer.from_crs("OGC:CRS84", f"EPSG:{crs.rpartition('/')[2]}", always_xy=False)
    found: BaseGeometry = shapely.transform(
        place(feature), lambda pairs: np.column_stack(to.transform(pairs[:, 0], pairs[:, 1]))
    )
    return found


@pytest.mark.parametrize("crs", CONTROL_IN)
async def test_answers_come_in_each_system_with_its_axes(ogc: Ogc, crs: str) -> None:
    answer = await ogc.get("/collections/vehicles/items/A/AMB-1", crs=crs)
    assert answer.headers["content-crs"] == f"<{crs}>"
    metres = 0.01 if "/2326" in crs or "/3857" in crs else 1e-7
    assert answer.json()["geometry"]["coordinates"] == pytest.approx(CONTROL_IN[crs], abs=metres)
    for layer in LAYERS:
        degrees = {each["id"]: each for each in await ogc.features(layer)}
        answer = await ogc.get(f"/collections/{layer}/items", crs=crs, limit="1000")
        assert answer.headers["content-crs"] == f"<{crs}>"
        for each in answer.json()["features"]:
            assert "crs" not in each
            if each["id"] == f"A/{POLE}" and metres == 0.01:
                assert each["geometry"] is None
                continue
            far = place(each).hausdorff_distance(second_opinion(crs, degrees[each["id"]]))
            assert far <= 2 * metres + 0.02 * (metres == 0.01), (layer, each["id"], far)


@pytest.mark.parametrize("crs", CONTROL_IN)
async def test_boxes_come_in_each_system_with_its_axes(ogc: Ogc, crs: str) -> None:
    first, second = CONTROL_IN[crs]
    reach = 9_000.0 if "/2326" in crs or "/3857" in crs else 0.08
    box = shapely.box(first - reach, second - reach / 2, first + reach, second + reach)
    text = ",".join(map(str, box.bounds))
    query = {"bbox": text, "bbox_crs": crs}

    def inside(feature: Feature) -> bool:
        if feature["id"] == f"A/{POLE}":
            return False
        return bool(second_opinion(crs, feature).intersects(box))

    found = await ogc.equal("vehicles", inside, **query)
    assert "A/AMB-1" in found
    literal = f"S_INTERSECTS(geometry, BBOX({text}))"
    assert await ogc.ids("vehicles", filter=literal, filter_crs=crs) == found
    await ogc.equal("tracks", inside, **query)
    swapped = ",".join(map(str, shapely.box(*box.bounds[1::-1], *box.bounds[:1:-1]).bounds))
    answer = await ogc.get("/collections/vehicles/items", bbox=swapped, bbox_crs=crs)
    assert answer.status_code == 400 or "A/AMB-1" not in answer.text


async def test_boxes_that_are_wider_than_a_system(ogc: Ogc) -> None:
    """As a map sends them that shows more than Hong Kong, or more than the world."""
    everything = await ogc.ids("vehicles") - {f"A/{POLE}"}
    for crs, box in (
        ("2326", "-1e6,-1e6,5e6,5e6"),
        ("2326", "700000,700000,1000000,1000000"),
        ("3857", "-3e7,-3e7,3e7,3e7"),
        ("4326", "-90,-180,89,180"),
    ):
        found = await ogc.ids("vehicles", bbox=box, bbox_crs=f"{EPSG}{crs}")
        assert found == everything, (crs, box)
    assert await ogc.ids("vehicles", bbox="3e6,3e6,5e6,5e6", bbox_crs=f"{EPSG}2326") == set()
    across = await ogc.ids("vehicles", bbox="20,114.3,30,114.1", bbox_crs=f"{EPSG}4326")
    other = await ogc.ids("vehicles", bbox="114.3,20,114.1,30")
    assert across == other
    assert 0 < len(across) < len(everything)
    for crs in ("2326", "3857"):
        answer = await ogc.get(
            "/collections/vehicles/items", bbox="9e5,8e5,8e5,9e5", bbox_crs=f"{EPSG}{crs}"
        )
        assert answer.status_code == 400


async def test_a_place_in_a_filter_is_in_the_filters_system(ogc: Ogc) -> None:
    near = shapely.Point(CONTROL_GRID).buffer(3_000)
    wanted = {
        each["id"]
        for each in await ogc.features("vehicles")
        if each["id"] != f"A/{POLE}" and second_opinion(f"{EPSG}2326", each).within(near)
    }
    text = shapely.to_wkt(near, rounding_precision=0)
    found = await ogc.ids(
        "vehicles", filter=f"S_WITHIN(geometry, {text})", filter_crs=f"{EPSG}2326"
    )
    assert found == wanted
    assert len(found) > 1
    swapped = shapely.to_wkt(shapely.Point(CONTROL_GRID[::-1]).buffer(3_000), rounding_precision=0)
    other = await ogc.ids(
        "vehicles", filter=f"S_WITHIN(geometry, {swapped})", filter_crs=f"{EPSG}2326"
    )
    assert "A/AMB-1" in found - other
    for crs, where in (
        ("2326", "POINT(9e9 9e9)"),
        ("4326", "POINT(114 22)"),
        ("2326", "POINT(0 0)"),
    ):
        answer = await ogc.get(
            "/collections/vehicles/items",
            filter=f"S_INTERSECTS(geometry, {where})",
            filter_crs=f"{EPSG}{crs}",
        )
        assert answer.status_code == 400, where


async def test_systems_are_told_and_others_refused(ogc: Ogc) -> None:
    for layer in LAYERS:
        document = await ogc.json(f"/collections/{layer}")
        assert document["crs"] == list(CONTROL_IN)
        assert document["storageCrs"] == CRS84
        for name in ("crs", "bbox_crs", "filter_crs"):
            for wrong in (f"{EPSG}27700", "EPSG:4326", "", "x" * 5000):
                answer = await ogc.get(f"/collections/{layer}/items", **{name: wrong})
                assert answer.status_code == 400
    answer = await ogc.get("/collections/vehicles/items/A/AMB-1", crs="EPSG:4326")
    assert answer.status_code == 400
