"""The demonstration as it is shown, at a fixed start; and a real broker."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.simulator import Government, VirtualVehicle, build_fleet, load_government

STARTED_AT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def government() -> Government:
    return load_government()


@pytest.fixture(scope="session")
def fleet(government: Government) -> list[VirtualVehicle]:
    return build_fleet(government, STARTED_AT)


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Mosquitto of its own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("broker")
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "mosquitto"
    with subprocess.Popen(  # noqa: S603 - the system's own broker
        [program, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL
    ) as broker:
        _wait_for(port, broker)
        yield port
        broker.terminate()


def _wait_for(port: int, broker: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        assert broker.poll() is None, "mosquitto did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline_s, "mosquitto does not listen"
        time.sleep(0.02)
