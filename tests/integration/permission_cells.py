"""Cells of the matrix of who may see what: who asks for what of whom, and what an answer shows."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from typing import Any, Final

import httpx

from tests.integration.permission_model import (
    ALLOWED,
    DEPARTMENTS,
    SHARED_REFS,
    SHOWN,
    VEHICLES,
    Asker,
    Target,
    is_there,
    may_show,
)
from tests.integration.permission_operations import OPERATIONS, Operation
from tests.integration.permission_world import Government, expanded

#: Requests under way at once.
AT_ONCE: Final = 8
ANY_REVISION: Final = {"If-Match": "*"}
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

#: By method and path, every operation of the running OpenAPI document.
Document = Mapping[tuple[str, str], Any]


def needed(operation: Mapping[str, Any]) -> str | None:
    """The permission that an operation declares."""
    declared = {each for way in operation["security"] for needs in way.values() for each in needs}
    assert len(declared) <= 1
    return next(iter(declared), None)


async def all_of(cells: Iterable[Awaitable[None]]) -> int:
    """Run them, some at once; how many there were. Fails with all that were wrong."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(cell: Awaitable[None]) -> None:
        async with turn:
            await cell

    done = await asyncio.gather(*(one(cell) for cell in cells), return_exceptions=True)
    wrong = [each for each in done if each is not None]
    assert not wrong, f"{len(wrong)} of {len(done)}: " + "\n".join(map(str, wrong[:20]))
    return len(done)


def shown_in(government: Government, kind: str, answer: httpx.Response) -> set[str]:
    """The things of a kind that stand in an answer, as `Government.as_shown` has them."""
    said = answer.content.decode("latin-1")
    # A fence that follows another's names it.
    said = re.sub(r'"shared_from": ?"[^"]*"', "", said)
    refs = {"/".join(found) for found in SHOWN.findall(said)} | set(UUID.findall(said))
    everything = {
        government.as_shown(kind, Target(department=place, vehicle=vehicle))
        for place in DEPARTMENTS
        for vehicle in VEHICLES
    }
    return refs & (everything | SHARED_REFS if kind == "fence" else everything)


def assert_no_leak(asker: Asker, path: str, answer: httpx.Response) -> None:
    """Every full ref in an answer is one that may stand there."""
    said = answer.content.decode("latin-1")
    if answer.status_code >= 400:
        # A refusal repeats what was asked for, and nothing else.
        said = re.sub(r"\([^)]*\)", "", said)
    said = re.sub(r'"path":"[^"]*"', "", said).replace(path, "")
    granted = "/grants" in path
    for department, ref in set(SHOWN.findall(said)):
        assert may_show(asker, department, ref, granted), (asker, path, f"{department}/{ref}")


def targets_for(asker: Asker, dice: random.Random) -> list[Target]:
    """One of their own, both of who grants to them, and some of others."""
    place = dice.choice(DEPARTMENTS) if asker.place == "*" else asker.place
    giver = DEPARTMENTS[DEPARTMENTS.index(place) - 1]
    stranger = dice.choice([each for each in DEPARTMENTS if each not in (place, giver)])
    named = [(place, dice.choice(VEHICLES)), (stranger, dice.choice(VEHICLES))]
    named += [(giver, vehicle) for vehicle in VEHICLES]
    return [Target(department=department, vehicle=vehicle) for department, vehicle in named]


def named_cells(
    government: Government, document: Document, *, reading: bool, sample: int
) -> Iterator[tuple[Asker, str, str, str, Operation, Target]]:
    """Who asks for what of whom: `sample` askers a role and operation, by seeded chance."""
    dice = random.Random(20261127)  # noqa: S311  the same each time
    for (method, path), operation in OPERATIONS.items():
        if operation.names is None or (method == "get") is not reading:
            continue
        for role in ALLOWED:
            askers = government.askers_of(role)
            if not askers[0].may(needed(document[method, path])):
                continue
            for asker in dice.sample(askers, min(sample, len(askers))):
                for one, layer in expanded(path):
                    kind = layer if operation.names == "layer" else operation.names
                    assert kind is not None
                    asked = f"{one}?{operation.query}".rstrip("?")
                    for target in targets_for(asker, dice):
                        yield asker, method, government.path(asked, target), kind, operation, target


def writes(
    government: Government, document: Document, *, there: bool
) -> Iterator[tuple[Asker, str, str, Any]]:
    """Every change, of what is there for who asks for it, or of what is not, with its body."""
    cells = named_cells(government, document, reading=False, sample=2)
    for asker, method, path, kind, operation, target in cells:
        if is_there(asker, kind, target) is there:
            yield asker, method, path, government.body(operation.body, target)


async def written(
    client: httpx.AsyncClient, asker: Asker, method: str, path: str, body: object
) -> httpx.Response:
    """A change of whatever revision."""
    headers = {**asker.headers, **ANY_REVISION}
    return await client.request(method, path, json=body, headers=headers)


async def checksum(government: Government) -> dict[str, str]:
    """A checksum of each table but those that tell of callers."""
    apart = ("audit", "audit_head", "usage_day", "quota", "api_key", "spatial_ref_sys")
    tables = await government.world.sql(
        "SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    sums = {}
    for table in sorted(set(tables) - set(apart)):
        sums[table] = await government.world.sql(
            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"  # noqa: S608  of the catalogue
        )
    return sums
