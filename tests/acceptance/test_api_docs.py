"""docs/api.md is true: the walk from an empty terminal to positions, and every example on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from scripts.examples import PAGE, SHOWN, examples, shown
from tests.acceptance.test_walk import WALK
from tests.integration.oidc_world import NODE
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served

#: A program that takes longer hangs.
MOST_S = 300.0


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a terminal, after the five minutes."""

    service: Service
    key: str
    #: What the last line of the walk printed.
    positions: str
    folder: Path

    def runs(self, language: str, program: str) -> str:
        """Run a program of the page; what it prints."""
        commands = {
            "sh": ["/bin/bash", "-euo", "pipefail", "-c", program],
            "python": [sys.executable, "-W", "error", "-c", program],
            "js": [NODE, "--input-type=module", "--eval", program],
        }
        return run(commands[language], self.folder, MILEPOST=self.service.web_url, KEY=self.key)


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a command as a person's terminal does; its output."""
    programs = Path(sys.executable).parent
    done = subprocess.run(  # noqa: S603  the page's own lines
        command,
        cwd=folder,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """The walk itself, and what examples of asking need beside it."""
    register, ask = WALK.findall(PAGE.read_text(encoding="utf-8"))
    folder = tmp_path_factory.mktemp("newcomer")
    with passing_folder() as data:
        bash = ["/bin/bash", "-euo", "pipefail", "-c"]
        here = {"MILEPOST_DATA": str(data.path)}
        run([*bash, register], folder, **here)
        with served(data) as service:
            here["MILEPOST"] = service.web_url
            said = run([*bash, f"{ask}\necho KEY=$KEY"], folder, **here)
            positions, _, key = said.rpartition("KEY=")
            headers = {"Authorization": f"Bearer {key.strip()}"}
            with httpx.Client(base_url=service.web_url, headers=headers) as caller:
                for ref in ("hq", "gate"):
                    circle = {"center": [114.15, 22.28], "radius_m": 100}
                    properties = {"department": "FSD", "ref": ref, "circle": circle}
                    fence = {"type": "Feature", "geometry": None, "properties": properties}
                    assert caller.post("/v1/fences", json=fence).status_code == 201
            yield Newcomer(service, key.strip(), positions, folder)


def test_the_five_minutes_end_with_positions_of_one_department(newcomer: Newcomer) -> None:
    collection = json.loads(newcomer.positions)
    assert collection["type"] == "FeatureCollection"
    (feature,) = collection["features"]
    assert feature["properties"]["vehicle"] == "FSD/AMB-1"
    assert feature["geometry"]["coordinates"] == [114.17, 22.2954]


def _json(text: str) -> dict[str, object]:
    said: dict[str, object] = json.loads(text)
    return said


def _one_feature(text: str) -> bool:
    features = _json(text)["features"]
    return isinstance(features, list) and len(features) == 1


def _grid(text: str) -> bool:
    (feature,) = json.loads(text)["features"]
    easting, northing = feature["geometry"]["coordinates"]
    return bool(830_000 < easting < 840_000 and 815_000 < northing < 820_000)


def _has(*parts: str) -> Callable[[str], bool]:
    return lambda text: all(part in text for part in parts)


#: What each prints where it works; the rest of it is not looked at.
PRINTS: dict[str, Callable[[str], bool]] = {
    "positions/sh": _one_feature,
    "positions/python": _has("FSD/AMB-1 114.17 22.2954 20"),
    "positions/js": _has("FSD/AMB-1 114.17 22.2954 20"),
    "grid/sh": _grid,
    "pages/sh": lambda text: text.split() == ["FSD/gate", "FSD/hq"],
    "pages/python": lambda text: text.split() == ["FSD/gate", "FSD/hq"],
    "pages/js": lambda text: text.split() == ["FSD/gate", "FSD/hq"],
    "track/sh": lambda text: json.loads(text)["properties"]["vehicle"] == "FSD/AMB-1",
    "track/python": _has("['20", "Z']"),
    "track/js": _has("'20"),
    "fence/sh": lambda text: json.loads(text)["properties"]["name"]["zh-Hant"] == "車廠",
    "fence/python": lambda text: text.splitlines() == ['201 /v1/fences/FSD/pier "1"'] * 2,
    "fence/js": _has("201 /v1/fences/FSD/yard"),
    "change/sh": lambda text: json.loads(text)["properties"]["name"]["en"] == "Pier",
    "change/python": lambda text: text.split() == ["200", "412"],
    "change/js": lambda text: text.split() == ["200"],
    "problem/sh": _has('"找不到資料"', "/problems/not-found"),
    "problem/python": _has("/problems/not-found There is no such thing for you here."),
    "problem/js": _has("/problems/not-found There is no such thing for you here.", "null"),
    "usage/sh": _has("day,who,label,kind,departments,asked,refused", "my first app,requests,FSD"),
    "events/sh": _has("event: hello"),
    "events/python": lambda text: text.splitlines().count("event hello") >= 1,
    "events/js": _has("event: hello"),
    "live/python": _has("snapshot", "[114.17]"),
    "ogc/sh": _one_feature,
}
PROGRAMS = {
    f"{each.name}/{language}": program
    for each in examples()
    for language, program in each.programs.items()
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_an_example_does_what_it_says(newcomer: Newcomer, name: str) -> None:
    said = newcomer.runs(name.rpartition("/")[2], PROGRAMS[name])
    assert PRINTS[name](said), said


def test_every_program_of_the_page_is_run() -> None:
    assert PROGRAMS.keys() == PRINTS.keys()
    fenced = len(re.findall(r"^```(?:sh|python|js)$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert fenced == len(PROGRAMS), "an example without its mark"


def test_the_portal_shows_the_same_examples() -> None:
    assert SHOWN.read_text("utf-8") == shown(), "run .venv/bin/python scripts/examples.py"
