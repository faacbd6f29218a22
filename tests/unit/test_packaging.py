"""What a user installs: our names mean our folders, and the wheel works without the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("geo", "devices", "tracker", "ingest", "api", "maps")

#: What stays in the checkout: the sources of the built console, and what tools leave behind.
NOT_SHIPPED = {"console", "node_modules", "__pycache__"}


def run(*command: str | Path, cwd: Path) -> str:
    """What the command printed; it must succeed."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment["PATH"] = f"{ROOT / '.tools' / 'bin'}:{environment['PATH']}"
    done = subprocess.run(  # noqa: S603 - fixed commands on folders that this test made
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def where(python: Path, cwd: Path) -> dict[str, str]:
    """From which file this interpreter takes each of our names."""
    names = [*FOLDERS, "milepost"]
    script = (
        "import json, importlib.util as u;"
        f"print(json.dumps({{n: u.find_spec(n).origin for n in {names!r}}}))"
    )
    found: dict[str, str] = json.loads(run(python, "-c", script, cwd=cwd))
    return found


def shipped_files(root: Path) -> set[str]:
    """Every file of our six folders that a wheel must hold."""
    return {
        path.relative_to(root).as_posix()
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and not NOT_SHIPPED & {*path.relative_to(root).parts}
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with a console built in it, however far this checkout is."""
    tree = tmp_path_factory.mktemp("checkout")
    for folder in (*FOLDERS, "tests"):
        shutil.copytree(
            ROOT / folder,
            tree / folder,
            ignore=shutil.ignore_patterns("node_modules", "__pycache__"),
        )
    for name in ("milepost.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tree)
    built = tree / "maps" / "static" / "assets" / "planted.js"
    built.parent.mkdir(parents=True, exist_ok=True)
    built.write_text("export {}\n", encoding="utf-8")
    (tree / "maps" / "static" / "index.html").touch()
    return tree


@pytest.fixture(scope="module")
def wheel(tree: Path) -> Path:
    """The wheel as a packager makes it: from the source distribution, not from the checkout."""
    run("uv", "build", "--quiet", "--python", sys.executable, "--out-dir", "dist", cwd=tree)
    (wheel,) = (tree / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment that holds the wheel and the locked packages it asks for."""
    place = tmp_path_factory.mktemp("installed")
    locked = run(
        *("uv", "export", "--locked", "--no-dev", "--no-emit-project", "--no-hashes", "--quiet"),
        cwd=ROOT,
    )
    (place / "locked.txt").write_text(locked, encoding="utf-8")
    run("uv", "venv", "--quiet", "--python", sys.executable, "venv", cwd=place)
    run(
        *("uv", "pip", "install", "--quiet", "--python", "venv/bin/python"),
        *("--constraints", "locked.txt", wheel),
        cwd=place,
    )
    return place / "venv" / "bin"


def test_our_names_mean_this_checkout(tmp_path: Path) -> None:
    expected = {name: str(ROOT / name / "__init__.py") for name in FOLDERS}
    expected["milepost"] = str(ROOT / "milepost.py")
    assert where(Path(sys.executable), tmp_path) == expected


def test_the_wheel_holds_our_files_and_no_others(tree: Path, wheel: Path) -> None:
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == shipped_files(tree) | {"milepost.py"}
    assert {"maps/static/index.html", "maps/static/assets/planted.js"} <= held


@pytest.mark.parametrize(
    "pattern",
    [
        "tracker/migrations/versions/*.py",
        "tracker/**/*.sql",
        "maps/basemap/*.geojson",
        "maps/words/*.json",
        "maps/views/*.css",
        "maps/static/views/*",
        "devices/demo/*.yaml",
    ],
)
def test_the_data_that_the_program_reads_is_in_the_wheel(
    pattern: str, tree: Path, wheel: Path
) -> None:
    wanted = {path.relative_to(tree).as_posix() for path in tree.glob(pattern)}
    assert wanted, f"nothing is called {pattern} any more: mend this test"
    assert wanted <= set(ZipFile(wheel).namelist())


def test_the_installed_command_runs_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    said = run(installed / "milepost", "--help", cwd=tmp_path)
    assert "run" in said
    assert "decode" in said
    outside = [
        name
        for name in where(installed / "python", tmp_path).values()
        if "site-packages" not in name
    ]
    assert outside == []
