"""scripts/bench conformance [--minutes 5] [--seed 1]: the running API judged by its own document.

It asks for longer than scripts/test does, and otherwise each time, until something is found."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time

from tests.conftest import make_database, make_template
from tests.integration.api_world import World
from tests.integration.conformance_world import judged, judged_world
from tests.integration.processes import passing_folder
from tracker.postgres import PrivatePostgres

WHO = ("administrator", "office")
#: Cases of an operation and round.
EXAMPLES = 20
#: A round that takes longer hangs.
ROUND_S = 3_600.0


async def _world(server: PrivatePostgres) -> World:
    await make_template(server)
    return await judged_world(await make_database(server))


def main() -> int:
    """Rounds with one seed after another, until the time is over or something is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rounds = cases = 0
    found = ""
    with passing_folder() as data:
        server = PrivatePostgres(data)
        server.start()
        try:
            with judged(asyncio.run(_world(server))) as api:
                ends_at = time.monotonic() + asked.minutes * 60
                while time.monotonic() < ends_at and not found:
                    who, seed = WHO[rounds % len(WHO)], asked.seed + rounds
                    verdict = api.judge(
                        who, "--max-examples", str(EXAMPLES), seed=seed, most_s=ROUND_S
                    )
                    rounds += 1
                    cases += sum(map(int, re.findall(r"(\d+) generated", verdict.told)))
                    found = verdict.told if verdict.faults else ""
        finally:
            server.stop()
    sys.stdout.write(found)
    figures = {"bench": "conformance", "rounds": rounds, "cases": cases, "clean": not found}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
