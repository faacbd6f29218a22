"""`milepost ingest --check` as a stranger runs it, before anything runs."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from tests.integration.service import MILEPOST, free_port


def check(data: Path, *argv: str, **environment: str) -> tuple[int, str]:
    """Exit code and what it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")}
    done = subprocess.run(  # noqa: S603  the test's own command line
        [*MILEPOST, "ingest", "--check", *argv],
        env=kept | {"MILEPOST_DATA": str(data)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_well_is_said_to_be_well(tmp_path: Path) -> None:
    recording, password = tmp_path / "a.nmea", tmp_path / "secret"
    recording.write_bytes(b"$")
    password.write_text("s3cret")
    with socket.create_server(("127.0.0.1", 0)) as host:
        (tmp_path / "sources.toml").write_text(
            f"""
            [[source]]
            kind = "tcp"
            host = "127.0.0.1"
            port = {host.getsockname()[1]}
            department = "D"
            [[source]]
            kind = "file"
            path = "{recording}"
            device = "D/box"
            [[source]]
            kind = "udp"
            host = "0.0.0.0"
            port = {free_port()}
            device = "D/box"
            """
        )
        code, said = check(tmp_path)
    assert code == 0, said
    assert f"table {tmp_path}/sources.toml" in said
    assert f"ok    file {recording}\n        D/box; whether it is registered" in said
    assert "OPEN TO OTHER MACHINES" in said
    assert not (tmp_path / "pg").exists(), "a check starts no database"


def test_what_is_wrong_is_said_with_its_cure(tmp_path: Path) -> None:
    password = tmp_path / "secret"
    password.write_text("s3cret")
    nobody = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        addresses = (
            f"serial:{tmp_path}/ttyUSB0?device=D/a",
            f"tcp://127.0.0.1:{nobody}?device=D/b",
            f"tcp-listen://127.0.0.1:{busy}?device=D/c",
            f"gpsd://127.0.0.1:{nobody}?device=D/d",
            f"mqtt://me@127.0.0.1:{nobody}?password_file={password}",
            "tcp://no-such-host.invalid:1?device=D/e",
        )
        code, said = check(tmp_path, MILEPOST_SOURCES=" ".join(addresses))
    assert code == 1
    assert said.count("wrong ") == len(addresses), said
    assert f"wrong serial {tmp_path}/ttyUSB0" in said
    assert "-> plug it in; ls /dev/serial/by-id" in said
    assert "no answer: [Errno 111] Connection refused" in said
    assert "cannot listen there: Address already in use" in said
    assert "no gpsd there" in said
    assert f"signs in as me with the password in {password}" in said
    assert "s3cret" not in said
    assert "no such host" in said


def test_a_table_with_faults_names_them_all(tmp_path: Path) -> None:
    table = tmp_path / "t.toml"
    table.write_text('[[source]]\nkind = "udp"\nprot = 5\n[[source]]\nkind = "tpc"\n')
    code, said = check(tmp_path, MILEPOST_SOURCES_FILE=str(table))
    assert code == 1
    assert f"{table}, line 3, entry 1 (udp): prot is no key of udp" in said
    assert f"{table}, line 1, entry 1 (udp): port is missing" in said
    assert f"{table}, line 5, entry 2 (tpc): kind must be one of" in said
    assert "Traceback" not in said


def test_help_names_the_kinds(tmp_path: Path) -> None:
    _, said = check(tmp_path, "--help")
    assert "--check" in said
    assert "tcp-listen" in said
