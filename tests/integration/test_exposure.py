"""`milepost doctor --security`: what is exposed, each with its cure."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.integration.api_world import World
from tests.integration.service import verb
from tracker import exposure
from tracker.audit.key import ensure_key
from tracker.data_folder import DataFolder
from tracker.exposure import check_modes, check_port, outer_address


def lines(database: Database, folder: Path, **environment: str) -> tuple[int, list[str]]:
    done = verb(
        {"MILEPOST_DATA": str(folder), "MILEPOST_DATABASE_URL": database.dsn("milepost_owner")}
        | environment,
        "doctor",
        "--security",
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def wrong(found: list[str]) -> list[str]:
    return [line.split()[1] for line in found if line.startswith("wrong")]


async def test_a_closed_house_is_found_closed(world: World, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.create()
    ensure_key(data)
    await world.sql("UPDATE device SET password_hash = 'x'::bytea WHERE id = 1")
    code, found = lines(world.database, data.path)
    assert (code, wrong(found)) == (0, []), found


async def test_what_is_open_is_named_with_its_cure(world: World, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.create()
    ensure_key(data)
    (data.path / "audit-key.pem").chmod(0o644)
    await world.sql("UPDATE installation SET demo = true")
    await world.sql("UPDATE api_key SET label = 'first administrator' WHERE label = 'platform'")
    await world.sql(
        "UPDATE api_key SET expires_at = milepost_now() + interval '3 years' WHERE label = 'A'"
    )
    code, found = lines(
        world.database,
        data.path,
        MILEPOST_DATABASE_SUPERUSER_URL="postgresql://postgres@db.example/x",
        MILEPOST_DATABASE_API_URL="postgresql://milepost_api@db.example/x",
        MILEPOST_DATABASE_INGEST_URL="postgresql://postgres@127.0.0.1/x",
        MILEPOST_BROKER_HOST="192.0.2.7",
    )
    assert code == 1
    assert wrong(found) == [
        *("file", "MILEPOST_DATABASE_INGEST_URL", "MILEPOST_DATABASE_API_URL", "superuser"),
        *("sign-in", "devices", "keys", "administrator", "broker"),
    ], found
    assert sum("->" in line for line in found) == len(wrong(found))
    assert any(f"chmod 600 {data.path}/audit-key.pem" in line for line in found)
    code, found = lines(world.database, data.path, MILEPOST_MQTT_URL="mqtt://u:secret@b.example")
    assert "broker" in wrong(found)
    assert "secret" not in "".join(found)


def test_a_port_that_others_reach_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "outer_address", lambda: "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check_port("web", port, "close it").cure == "close it"
    assert check_port("web", port, "close it").cure is None
    assert check_port("web", None, "close it").cure is None


def test_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    (check,) = check_modes(DataFolder(tmp_path / "none"))
    assert check.cure is None
    assert outer_address() != "127.0.0.1"
