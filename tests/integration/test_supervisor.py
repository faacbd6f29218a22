"""`milepost run` from outside: what it says, what it restarts, and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.integration.processes import lives, passing_folder
from tests.integration.session import Session
from tracker.child import wait_for
from tracker.data_folder import DataFolder
from tracker.postgres import private_dsn

SUPERVISED = Path(__file__).with_name("supervised.py")
MILEPOST = (sys.executable, "-m", "milepost")


@pytest.fixture
def data() -> Iterator[DataFolder]:
    with passing_folder() as folder:
        yield folder


def supervised(data: DataFolder, *more: str) -> Session:
    return Session(sys.executable, str(SUPERVISED), str(data.path), *more)


async def answers_queries(data: DataFolder) -> bool:
    connection = await asyncpg.connect(private_dsn(data, "postgres"))
    try:
        return bool(await connection.fetchval("SELECT true"))
    finally:
        await connection.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everything_in_order_and_with_success(
    data: DataFolder, how: signal.Signals
) -> None:
    with supervised(data) as session:
        session.expect("serve is ready")
        pids = [session.pid(name) for name in ("PostgreSQL", "Mosquitto", "ingest", "serve")]
        # What a terminal's Ctrl-C does: the signal goes to the whole foreground group.
        os.killpg(session.process.pid, how)
        assert session.end() == 0
    assert session.lines[-4:] == [
        "stopping serve",
        "stopping ingest",
        "stopping Mosquitto",
        "stopping PostgreSQL",
    ]
    assert not any(lives(pid) for pid in pids)
    assert not any("died" in line for line in session.lines)
    assert not (data.path / "pg" / "postmaster.pid").exists()


async def test_a_killed_postgres_is_told_of_and_comes_back(data: DataFolder) -> None:
    with supervised(data) as session:
        session.expect("serve is ready")
        connection = await asyncpg.connect(private_dsn(data, "postgres"))
        session.kill("PostgreSQL")
        session.expect(r"PostgreSQL died \(killed by SIGKILL\).* starting it again in 0.5 s")
        session.expect("PostgreSQL is back")
        assert await answers_queries(data)
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.fetchval("SELECT 1")


def test_a_killed_broker_comes_back_on_the_same_port(data: DataFolder) -> None:
    with supervised(data) as session:
        session.expect("serve is ready")
        before = data.ports()["mqtt"]
        session.kill("Mosquitto")
        session.expect(r"Mosquitto died \(killed by SIGKILL\)")
        session.expect("Mosquitto is back")
        assert data.ports()["mqtt"] == before


def test_a_worker_that_always_dies_is_tried_ever_more_slowly(data: DataFolder) -> None:
    with supervised(data, "flaky") as session:
        for delay in ("0.5", "1", "2"):
            session.expect(
                rf'flaky died \(exit code 3\), saying "no luck"; starting it again in {delay} s'
            )
        assert not any(line.startswith("flaky is") for line in session.lines)
        assert lives(session.pid("serve"))


def test_a_killed_worker_comes_back_and_the_others_run_on(data: DataFolder) -> None:
    with supervised(data) as session:
        session.expect("serve is ready")
        ingest, first = session.pid("ingest"), session.pid("serve")
        session.kill("serve")
        session.expect(r"serve died \(killed by SIGKILL\)")
        session.expect("serve is back")
        assert session.pid("serve") != first
        assert session.pid("ingest") == ingest
        assert lives(ingest)


def test_a_killed_supervisor_leaves_nothing_and_the_next_one_starts_at_once(
    data: DataFolder,
) -> None:
    first = supervised(data)
    first.expect("serve is ready")
    pids = [first.pid(name) for name in ("PostgreSQL", "Mosquitto", "ingest", "serve")]
    first.process.kill()
    first.end()
    with supervised(data) as second:
        second.expect("serve is ready")
        assert not any(lives(pid) for pid in pids)
        assert second.pid("PostgreSQL") not in pids


def test_a_killed_supervisors_children_go_by_themselves(data: DataFolder) -> None:
    with supervised(data) as session:
        session.expect("serve is ready")
        pids = [session.pid(name) for name in ("PostgreSQL", "Mosquitto", "ingest", "serve")]
        session.process.kill()
        assert wait_for(lambda: not any(lives(pid) for pid in pids), 15)


def test_a_second_instance_is_refused_in_one_sentence(data: DataFolder) -> None:
    with data.lock():
        second = run_milepost("run", "--data", str(data.path), "--port", "18080")
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.startswith(
        f"milepost: Another Milepost (pid {os.getpid()}) runs in {data.path}: stop it first"
    )
    assert second.stderr.count("\n") == 1


def test_a_step_that_fails_ends_the_run_with_its_last_words(data: DataFolder) -> None:
    environ = {"MILEPOST_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    ended = run_milepost("run", "--data", str(data.path), "--port", "18081", environ=environ)
    assert ended.returncode == 1
    assert re.search(r"milepost: migrate failed, exit code \d", ended.stderr)
    assert "Mosquitto" not in ended.stdout, "what comes after the step was not started"
    assert "PostgreSQL" not in ended.stdout


def test_one_command_runs_the_whole_service_and_the_doctor_finds_it_well(data: DataFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Session(*MILEPOST, "run", "--data", str(data.path), "--port", str(port)) as session:
        session.expect("ingest is ready", 60)
        session.expect("serve is ready", 60)
        session.expect("worker is ready", 60)
        session.expect(rf"web +http://127\.0\.0\.1:{port}/")
        doctor = run_milepost("doctor", "--data", str(data.path))
        assert doctor.returncode == 0, doctor.stdout
        assert re.search(r"^ok +database +PostgreSQL \d+.* answers", doctor.stdout, re.MULTILINE)
        assert re.search(r"^ok +schema +\w+", doctor.stdout, re.MULTILINE)
        assert re.search(rf"^ok +web +port {port}", doctor.stdout, re.MULTILINE)
        session.process.terminate()
        assert session.end() == 0
    names = [line.partition(" stopping ")[2] for line in session.lines[-6:]]
    assert names == ["worker", "serve", "tell", "ingest", "Mosquitto", "PostgreSQL"]
    assert not any("died" in line for line in session.lines)


def test_wrong_usage_is_exit_code_2() -> None:
    assert run_milepost("run", "--port", "0").returncode == 2
    assert run_milepost("no-such-verb").returncode == 2


def test_the_doctor_finds_this_machine_well_and_marks_what_is_wrong(data: DataFolder) -> None:
    well = run_milepost("doctor", "--data", str(data.path))
    assert well.returncode == 0, well.stdout
    assert re.search(r"^ok +PostGIS +3\.", well.stdout, re.MULTILINE)
    assert re.search(r"^ok +package maps +/", well.stdout, re.MULTILINE)
    ill = run_milepost(
        "doctor",
        *("--data", str(data.path)),
        environ={"MILEPOST_MQTT_URL": "mqtt://user:secret@127.0.0.1:1"},
    )
    assert ill.returncode == 1
    assert re.search(r"^wrong +MQTT +127\.0\.0\.1:1", ill.stdout, re.MULTILINE)
    assert "is MILEPOST_MQTT_URL right?" in ill.stdout
    assert "secret" not in ill.stdout


def test_another_package_of_our_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").touch()
    refused = run_milepost("doctor", environ={"PYTHONPATH": str(tmp_path)})
    assert refused.returncode == 1
    assert f"package api comes from {tmp_path / 'api'}" in refused.stderr


def run_milepost(
    *arguments: str, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  the test's own command line
        [*MILEPOST, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
        env=os.environ | (environ or {}),
    )
