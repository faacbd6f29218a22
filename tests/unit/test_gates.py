"""The gates of `scripts/check` close: a violation planted in a copy of the tree turns one red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("geo", "devices", "tracker", "ingest", "api", "maps")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the gates look at."""
    for folder in (*FOLDERS, "tests/unit"):
        shutil.copytree(
            ROOT / folder,
            tmp_path / folder,
            ignore=shutil.ignore_patterns("node_modules", "static", "__pycache__"),
        )
    for name in ("milepost.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(tree: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the environment's programs on the copy; its own modules come before the checkout's."""
    return subprocess.run(  # noqa: S603 - our own tools on a copy that this test made
        [Path(sys.executable).with_name(program), *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def plant(tree: Path, name: str, text: str) -> None:
    path = tree / name
    assert not path.exists(), f"{name} is taken"
    path.write_text(text, encoding="utf-8")


def test_every_planted_layer_violation_breaks_its_contract(tree: Path) -> None:
    before = run(tree, "lint-imports")
    assert before.returncode == 0, before.stdout

    plant(tree, "geo/planted.py", "import fastapi\nimport tracker\n")
    plant(tree, "api/planted.py", "import ingest\n")
    plant(tree, "ingest/planted.py", "import maps\n")
    plant(tree, "maps/planted.py", "import asyncpg\n")
    plant(tree, "devices/planted.py", "import milepost\n")
    after = run(tree, "lint-imports")

    assert after.returncode == 1
    verdicts = [line for line in after.stdout.splitlines() if line.endswith((" BROKEN", " KEPT"))]
    assert len(verdicts) == 6, after.stdout
    assert [line for line in verdicts if line.endswith(" KEPT")] == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "geo/planted.py",
            "def long() -> None:\n" + "    pass\n" * 69,
            "geo/planted.py:1: long has 70 lines, the budget is 60",
        ),
        ("geo/planted.py", "import geo.planted_too\n", "import cycle"),
        ("tests/unit/planted.py", "x = 1\n" * 401, "401 lines, the budget is 400"),
    ],
)
def test_a_planted_break_of_a_budget_is_told(tree: Path, name: str, text: str, said: str) -> None:
    plant(tree, "geo/planted_too.py", "import geo.planted\n")
    plant(tree, name, text)
    done = run(tree, "pytest", "-q", "tests/unit/test_budget.py", "-k", "keeps_the_budget")
    assert done.returncode == 1
    assert said in done.stdout


def test_a_bench_that_is_not_there_is_refused_before_anything_is_set_up() -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "bench", "no-such-bench"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "there is no bench 'no-such-bench'" in done.stderr
    assert "set-up" not in done.stdout


def test_a_model_without_its_migration_is_told(tree: Path) -> None:
    for name in ("tests/__init__.py", "tests/conftest.py"):
        shutil.copy(ROOT / name, tree / name)
    shutil.copytree(ROOT / "tests/integration", tree / "tests/integration")
    model = tree / "tracker/models/registry.py"
    before = model.read_text(encoding="utf-8")
    planted = before.replace(
        "    plate: Mapped[str | None]\n",
        "    plate: Mapped[str | None]\n    planted: Mapped[int]\n",
    )
    assert planted != before
    model.write_text(planted, encoding="utf-8")

    said = run(tree, "pytest", "-q", "tests/integration/test_schema.py", "-k", "models")

    assert said.returncode == 1
    assert "planted" in said.stdout
