"""The conformance set of tests/fence_cases through the real commit path, by rule (R1 to R42)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fence_case_check import faults, final, variants
from tests.integration.backtest_check import check_backtest
from tracker.cases import Case
from tracker.judge import play, played
from tracker.scratch import ScratchServer, scratch_server

CASES = sorted((Path(__file__).parents[1] / "fence_cases").glob("*.json"))


@pytest.fixture(scope="module")
def server() -> Iterator[ScratchServer]:
    with scratch_server() as server:
        yield server


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_case(server: ScratchServer, path: Path) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    asyncio.run(check(server, said))


async def check(server: ScratchServer, said: dict[str, Any]) -> None:
    async with played(Case(said["name"], said), server) as player:
        lines = await player.lines()
        assert faults(said, lines) == []
        await check_backtest(player, said)
    if said.get("order_free"):
        for other in variants(said):
            assert final(await play(Case(said["name"], other), server)) == final(lines)
