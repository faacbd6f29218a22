"""What several files of tests read and none changes: made once a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import make_database
from tests.integration.api_world import World, served
from tests.integration.ogc_world import Ogc, Service, ogc_world
from tracker.postgres import PrivatePostgres


@pytest.fixture(scope="session")
def ogc_service(postgres: PrivatePostgres) -> Iterator[Service]:
    """An API on the world of `ogc_world`, for tests that only read."""

    async def make() -> World:
        async with ogc_world(await make_database(postgres)) as world:
            return world

    world = asyncio.run(make())
    with served(world.database.dsn("milepost_api")) as running:
        yield Service(world, running)


@pytest.fixture
async def ogc(ogc_service: Service) -> AsyncIterator[Ogc]:
    """Department A, asking it."""
    async with ogc_service.caller("A") as caller:
        yield caller
