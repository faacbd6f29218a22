"""The running API keeps what its OpenAPI document says, whoever asks, with requests that nobody
thought of: no 5xx, every answer as documented, every refusal a problem. `scripts/bench conformance`
asks for longer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import make_database
from tests.integration.api_world import World
from tests.integration.conformance_world import Judged, judged, judged_world
from tracker.postgres import PrivatePostgres

#: On the loaded machine; more is a fault.
MOST_S = 600.0


@pytest.fixture(scope="module")
def api(postgres: PrivatePostgres) -> Iterator[Judged]:
    async def make() -> World:
        return await judged_world(await make_database(postgres))

    with judged(asyncio.run(make())) as running:
        yield running


@pytest.mark.parametrize(
    ("who", "phases"),
    [("administrator", "examples,coverage,fuzzing"), ("office", "examples,fuzzing")],
)
def test_every_answer_is_as_documented(api: Judged, who: str, phases: str) -> None:
    verdict = api.judge(who, "--phases", phases, "--max-examples", "2", most_s=MOST_S)
    if verdict.faults:
        sys.stdout.write(verdict.told)
        pytest.fail("\n".join([f"{len(verdict.faults)} faults", *verdict.faults]), pytrace=False)
    # It has asked, and of everything there is.
    assert verdict.asked == verdict.there, verdict.told
