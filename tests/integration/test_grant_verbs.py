"""`milepost grant …` as a person types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.integration.api_world import World
from tests.integration.test_subscriptions import milepost

AREA = {
    "type": "Polygon",
    "coordinates": [[[114, 22], [114.5, 22], [114.5, 22.5], [114, 22.5], [114, 22]]],
}
ASK = ("A", "B", "--purpose", "joint rescue", "--until", "2027-06-01", "--vehicle", "A/AMB-1")


async def test_a_grant_is_asked_for_approved_shown_and_revoked(
    world: World, tmp_path: Path
) -> None:
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps(AREA), "utf-8")
    assert milepost(world, "grant", "list") == "No grants.\n"
    more = ("--hours", "mon-fri 08:00-18:00", "--area", str(area), "--by", "Chan")
    said = milepost(world, "grant", "ask", *ASK, *more)
    number = re.findall(r"[0-9a-f-]{36}", said)[0]
    assert "asked" in milepost(world, "grant", "list")
    refused = milepost(world, "grant", "approve", number, "--by", "Chan", code=1)
    assert "another person must" in refused
    milepost(world, "grant", "approve", number, "--by", "Lee")
    shown = json.loads(milepost(world, "grant", "show", number, "--json"))
    assert shown["state"] == "in force"
    assert shown["area"] == AREA
    assert (shown["asked_by"], shown["approved_by"]) == ("Chan", "Lee")
    milepost(world, "grant", "revoke", number, "--why", "over", "--by", "Lee")
    text = milepost(world, "grant", "show", number)
    assert "revoked" in text
    assert "over" in text
    added = milepost(world, "grant", "add", *ASK, "--by", "Chan", "--approver", "Lee")
    assert "is granted, until 2027-06-01" in added
    wrong = milepost(world, "grant", "ask", *ASK, "--hours", "sometimes", code=1)
    assert "mon-fri 08:00-18:00" in wrong
