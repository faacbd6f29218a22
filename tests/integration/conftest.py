"""The service that tests of the API ask: a world of their own, or one that none changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.conftest import Database, make_database
from tests.integration.api_world import Served, World, served, world_in
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


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """Departments with vehicles and fences, for this test alone."""
    async with world_in(database) as made:
        yield made


@pytest.fixture
def api(world: World) -> Iterator[Served]:
    """The API on it."""
    with served(world.database.dsn("milepost_api")) as running:
        yield running


@pytest.fixture
async def as_a(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Department A, asking it."""
    async with api.client(world.tokens["A"]) as client:
        yield client


@pytest.fixture
async def as_b(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Department B, asking it."""
    async with api.client(world.tokens["B"]) as client:
        yield client


@pytest.fixture
async def as_both(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Departments A and B together, asking it."""
    async with api.client(world.tokens["both"]) as client:
        yield client
