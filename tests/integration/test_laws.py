"""The laws of arrival, through the commit: `scripts/bench laws` has them at full size."""

from __future__ import annotations

from tests.bench.laws import check
from tests.conftest import Database


async def test_shuffled_doubled_and_cut_anyhow_by_one_writer_and_by_four(
    database: Database,
) -> None:
    dsns = (database.dsn("milepost_owner"), database.dsn("milepost_ingest"))
    took = await check(dsns, (24, 40), seed=1)
    assert took["events"] > 200
