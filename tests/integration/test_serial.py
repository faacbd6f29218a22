"""Serial ports and files as sources: torn off, in use by another, not there yet, read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from tests.integration.port import Port
from tests.integration.service import running_service
from tests.integration.sources_world import WITHIN_S, Stored, epoch
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

NOISE = b"\xff\xfe\x00 no sentence"
WRONG_SUM = b"$GPTXT,01,01,02,ANTSTATUS=OPEN*00"


@dataclass(frozen=True)
class World(Stored):
    """The service, and what it reads from."""

    folder: Path
    torn: Port
    busy: Port
    holder: serial.Serial

    @property
    def recording(self) -> Path:
        """A file that was there from the start."""
        return self.folder / "recording"

    @property
    def to_come(self) -> Path:
        """A file that comes later."""
        return self.folder / "to-come"

    def refused_of(self, device: str) -> list[tuple[str, bytes, str]]:
        """Reason, bytes and source of what was refused."""
        rows = self.fetch(
            "SELECT reason, raw, source FROM reject"
            " WHERE device_id = (SELECT id FROM device WHERE ref = $1) ORDER BY id",
            device,
        )
        return [tuple(row.values()) for row in rows]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("sources")
    torn, busy = Port(folder / "torn"), Port(folder / "busy")
    (folder / "recording").write_bytes(b"".join(map(epoch, range(2000))))
    addresses = [
        *(f"serial:{port.path}?device=D/{port.path.name}" for port in (torn, busy)),
        *(f"file:{folder / name}?device=D/{name}" for name in ("recording", "to-come")),
    ]
    things: list[New] = [NewDepartment(ref="D")]
    for name in ("torn", "busy", "recording", "to-come"):
        things.append(NewVehicle(ref=f"V-{name}", department="D"))
        things.append(NewDevice(ref=name, department="D", vehicle=f"V-{name}"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILEPOST_SOURCES", " ".join(addresses))
        with serial.Serial(str(busy.path), exclusive=True) as holder:
            with running_service(*things) as service:
                yield World(service, folder, torn, busy, holder)
    torn.close()
    busy.close()


def test_a_port_torn_off_in_mid_sentence_is_read_on_when_it_is_back(world: World) -> None:
    port, source = world.torn, f"serial:{world.torn.path}"
    assert wait_for(lambda: world.said(f"reading {port.path}") == 1, WITHIN_S)
    said = epoch(0) + NOISE + b"\r\n" + WRONG_SUM + b"\r\n" + epoch(1) + epoch(2)[:40]
    port.write(said)
    assert wait_for(lambda: world.epochs("torn") == [0, 1], WITHIN_S)
    port.tear_off()
    assert wait_for(lambda: ("cut", epoch(2)[:40], source) in world.refused_of("torn"), WITHIN_S)
    port.plug_in()
    assert wait_for(lambda: world.said(f"reading {port.path}") == 2, WITHIN_S)
    torn = epoch(2)[40:].partition(b"\n")[0] + b"\n"
    said += epoch(2)[40:] + epoch(3)
    port.write(epoch(2)[40:] + epoch(3))
    assert wait_for(lambda: world.epochs("torn") == [0, 1, 3], WITHIN_S)
    assert world.refused_of("torn") == [
        ("noise", NOISE, source),
        ("checksum", WRONG_SUM, source),
        ("cut", epoch(2)[:40], source),
    ], "the fragment at the reopening is no reject"

    def counted() -> bool:
        lines = world.service.milepost("status").splitlines()
        [told] = [line.partition(f"{source}: ")[2] for line in lines if source in line]
        wanted = ("opened 2", "baud 9600", f"bytes {len(said)}", f"dropped {len(torn)}")
        return set(wanted) <= set(told.split(", "))

    assert wait_for(counted, WITHIN_S), "but it is counted, and the speed was found"


def test_a_port_has_one_reader(world: World) -> None:
    assert wait_for(lambda: world.said("Could not exclusively lock port") > 0, WITHIN_S)
    assert world.said(f"reading {world.busy.path}") == 0
    world.holder.close()
    assert wait_for(lambda: world.said(f"reading {world.busy.path}") == 1, WITHIN_S)
    with pytest.raises(serial.SerialException, match="exclusively lock"):
        serial.Serial(str(world.busy.path), exclusive=True)
    world.busy.write(epoch(0))
    assert wait_for(lambda: world.epochs("busy") == [0], WITHIN_S)


def test_a_file_that_is_not_there_yet_is_waited_for(world: World) -> None:
    sentence = f"No such file or directory: '{world.to_come}'"
    assert wait_for(lambda: world.said(sentence) == 1, WITHIN_S)
    whole = world.folder / "whole"
    whole.write_bytes(epoch(0) + epoch(1) + WRONG_SUM)
    whole.rename(world.to_come)
    assert wait_for(lambda: world.epochs("to-come") == [0, 1], WITHIN_S)
    assert world.refused_of("to-come") == [("checksum", WRONG_SUM, f"file:{world.to_come}")]
    assert world.said(sentence) == 1


def test_a_file_is_read_once_and_again_after_a_restart_which_stores_nothing_twice(
    world: World,
) -> None:
    the_end = f"file:{world.recording} has been read to its end"
    assert wait_for(lambda: world.epochs("recording") == list(range(2000)), WITHIN_S)
    assert wait_for(lambda: world.said(the_end) == 1, WITHIN_S)
    world.service.kill("ingest")
    assert wait_for(lambda: world.said(the_end) == 2, WITHIN_S)

    def repeated() -> int:
        [row] = world.fetch("SELECT (counters->>'repeated')::int AS n FROM ingest_health")
        return int(row["n"])

    portions = -(-world.recording.stat().st_size // (16 * 1024))
    assert wait_for(lambda: repeated() >= portions, WITHIN_S)
    assert world.epochs("recording") == list(range(2000))
    assert wait_for(
        lambda: world.said(f"file:{world.to_come} has been read to its end") == 2, WITHIN_S
    )
    assert world.refused_of("to-come") == [("checksum", WRONG_SUM, f"file:{world.to_come}")]
