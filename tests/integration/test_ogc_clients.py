"""Somebody else's client: GDAL's driver for OGC API – Features, which QGIS and ogr2ogr use."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from typing import Any

import pytest

from tests.integration.api_world import PURPOSE
from tests.integration.ogc_world import LAYERS, Ogc, Service

DEADLINE_S = 60.0
#: A process of its own: GDAL holds Python's lock while it waits for the API of this one.
READ = """
import json, sys, pyogrio
address, layer, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
if "bbox" in options:
    options["bbox"] = tuple(options["bbox"])
names = [name for name, _ in pyogrio.list_layers(address)]
found = pyogrio.read_dataframe(address, layer=layer, PAGE_SIZE=25, **options)
features = json.loads(found.to_json(default=str))["features"]
json.dump({"layers": names, "features": features}, sys.stdout)
"""


async def read(service: Service, layer: str, **options: Any) -> Any:  # noqa: ANN401  any JSON
    """All features of a collection as GDAL reads them, by pages of 25, and the layers it found."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as headers:
        headers.write(f"Milepost-Purpose: {PURPOSE}\n")
        headers.flush()
        return await read_with(headers.name, service, layer, **options)


async def read_with(headers: str, service: Service, layer: str, **options: Any) -> Any:  # noqa: ANN401  any JSON
    """The same, with a file of headers."""
    environment = {
        **os.environ,
        "GDAL_HTTP_AUTH": "BEARER",
        "GDAL_HTTP_BEARER": service.world.tokens["A"],
        "GDAL_HTTP_TIMEOUT": "20",
        "GDAL_HTTP_HEADER_FILE": headers,
    }
    address = f"OAPIF:{service.api.url}/ogc"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", READ, address, layer, json.dumps(options)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            said, wrong = await child.communicate()
    except TimeoutError:
        child.kill()
        raise
    assert child.returncode == 0, wrong.decode()
    return json.loads(said)


def first_of(found: Any) -> tuple[float, float]:  # noqa: ANN401  any JSON
    """Where AMB-1 is."""
    for each in found["features"]:
        if each["properties"]["vehicle"] == "A/AMB-1":
            x, y = each["geometry"]["coordinates"]
            return x, y
    raise AssertionError(found)


@pytest.mark.parametrize("layer", [*LAYERS, "movingfeatures"])
async def test_gdal_reads_every_collection(ogc: Ogc, ogc_service: Service, layer: str) -> None:
    found = await read(ogc_service, layer)
    assert found["layers"] == [*LAYERS, "movingfeatures"]
    assert len(found["features"]) == len(await ogc.features(layer))
    assert {each["properties"]["department"] for each in found["features"]} == {"A"}


async def test_gdal_asks_for_a_box_and_for_another_system(ogc: Ogc, ogc_service: Service) -> None:
    box = (114.05, 22.25, 114.25, 22.34)
    found = await read(ogc_service, "vehicles", bbox=box)
    ids = {each["properties"]["vehicle"] for each in found["features"]}
    assert ids == await ogc.ids("vehicles", bbox=",".join(map(str, box)))
    assert first_of(found) == pytest.approx((114.1411879, 22.3221721), abs=1e-6)
    grid = await read(ogc_service, "vehicles", CRS="EPSG:2326")
    # GDAL has the easting first, whatever the authority says; it must not be swapped twice.
    assert first_of(grid) == pytest.approx((832591.320, 820351.389), abs=0.01)
