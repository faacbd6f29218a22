"""The README's walk from an empty folder to a vehicle and an alert on the map, line by line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.acceptance.browser import visiting
from tests.integration.processes import passing_folder
from tests.integration.service import served
from tracker.child import wait_for
from tracker.data_folder import DataFolder

README = Path(__file__).parents[2] / "README.md"
WALK = re.compile(r"<!-- walk: a test runs these lines -->\n```\n(.*?)```", re.DOTALL)


def run_lines(block: str, data: DataFolder) -> str:
    """Run a block as a person's shell does, stopping at the first failure; its output."""
    programs = Path(sys.executable).parent
    done = subprocess.run(  # noqa: S603  the README's own lines
        ["/bin/bash", "-euo", "pipefail", "-c", block],
        env=os.environ
        | {"MILEPOST_DATA": str(data.path), "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_walk_ends_with_a_vehicle_and_an_alert_on_the_map() -> None:
    register, publish, publish_as_firmware = WALK.findall(README.read_text(encoding="utf-8"))
    with passing_folder() as data:
        said = run_lines(register, data)
        key = re.search(r"\bmp_\S+", said)
        assert key, "init shows the key"
        password = re.search(r"^  ([\w-]{43})$", said, re.MULTILINE)
        assert password, "device add shows the password"
        with served(data) as service:
            port = re.search(r"MQTT\s+127\.0\.0\.1:(\d+)", service.milepost("status"))
            assert port, "status prints the port"

            def publishing(block: str) -> str:
                filled = block.replace("PORT", port[1]).replace("PASSWORD", password[1])
                return run_lines(filled, data)

            publishing(publish)
            with httpx.Client(
                base_url=service.web_url, headers={"Authorization": f"Bearer {key[0]}"}
            ) as caller:
                assert wait_for(lambda: bool(caller.get("/v1/alerts").json()["alerts"]), 10)
                [position] = caller.get("/v1/positions").json()["features"]
                [alert] = caller.get("/v1/alerts").json()["alerts"]
            ack = json.loads(publishing(publish_as_firmware))
            with visiting(service.web_url) as visit:
                visit.page.goto(service.web_url)
                visit.page.get_by_test_id("with-key").click()
                visit.page.get_by_test_id("key").fill(key[0])
                visit.page.get_by_test_id("key-button").click()
                visit.page.get_by_test_id("vehicle-list").wait_for()
                visit.until("the vehicle on the map", lambda: visit.diagnostics("drawn") == 1, 20)
                visit.until(
                    "its alert", lambda: visit.page.get_by_test_id("alert").count() == 1, 20
                )
    assert (ack["boot"], ack["upto"]) == ("boot7", 1)
    assert position["properties"]["vehicle"] == "FSD/AMB-1"
    assert position["geometry"]["coordinates"][:2] == [114.17, 22.2959]
    assert (alert["kind"], alert["fence"], alert["state"]) == ("enter", "FSD/depot", "open")
