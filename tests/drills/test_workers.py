"""Two ingest processes, one killed and one paused: each vehicle's history is that of one writer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.drills.load import SQUARE, Load, box_ref, vehicle_ref
from tests.drills.test_kill import compare, wait
from tests.integration.boxes import Boxes, say
from tests.integration.service import Service, running_service
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

BOXES = 10
PER_SECOND = 100.0
SERVED_WITHIN_S = 5.0
SHARDS = {"D": 1, "E": 2}


def things() -> Iterator[New]:
    """Vehicles in two departments of different shards, each with a square of its own."""
    for department, shard in SHARDS.items():
        yield NewDepartment(ref=department, shard=shard)
        for number in range(BOXES):
            vehicle = vehicle_ref(number)
            yield NewVehicle(ref=vehicle, department=department)
            yield NewDevice(ref=box_ref(number), department=department, vehicle=vehicle)
        yield NewFence(ref="square", department=department, definition={"geometry": SQUARE})
        yield NewRule(ref="border", department=department, fence="square")


def holders(service: Service) -> dict[int, int]:
    """The process that holds each shard."""
    rows = service.fetch(
        "SELECT f.id, w.name FROM feed AS f JOIN ingest_worker AS w ON w.id = f.holder"
        " WHERE f.id > 0",
    )
    return {row["id"]: int(row["name"].rpartition(":")[2]) for row in rows}


def shares(service: Service) -> dict[int, int]:
    """By process its one shard, once each has one."""
    wait("a shard for each process", lambda: len(set(holders(service).values())) == len(SHARDS))
    return {pid: shard for shard, pid in holders(service).items()}


def wait_for_progress(load: Load, what: str, within_s: float = 60.0) -> None:
    """Until more messages of each device, on average, are acknowledged."""
    goal = load.acked + BOXES
    wait(what, lambda: load.acked > goal, within_s)


def send_strangers(service: Service) -> None:
    """What no department of ours sends, and what comes without a number."""
    at = time.strftime("%H%M%S"), time.strftime("%d%m%y")
    sentence = say(f"GPRMC,{at[0]},A,2218.0000,N,11410.0000,E,10.0,90.0,{at[1]},,")
    with Boxes(service.mqtt_url) as boxes:
        boxes.publish("gov/1/NOBODY/box/nmea", sentence)
        boxes.publish("gov/1/E/unknown/nmea", sentence)
    wait(
        "both are refused, each once",
        lambda: (
            [
                tuple(row)
                for row in service.fetch("SELECT claimed_ref, reason FROM reject ORDER BY 1")
            ]
            == [("E/unknown", "unknown_device"), ("NOBODY/box", "unknown_device")]
        ),
    )


def test_a_killed_and_a_paused_process_lose_nothing_and_double_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MILEPOST_INGEST_WORKERS", "2")
    with running_service(*things()) as service:
        service.session.expect("ingest-2 is ready", 120)
        loads = {
            shard: Load(service.mqtt_url, department=ref, count=BOXES, per_second=PER_SECOND)
            for ref, shard in SHARDS.items()
        }
        try:
            for load in loads.values():
                load.start()
            victim = service.session.pid("ingest-2")
            shard = shares(service)[victim]
            wait_for_progress(loads[shard], "before the kill")
            os.killpg(victim, signal.SIGKILL)
            wait_for_progress(loads[shard], "in the hands of the other", SERVED_WITHIN_S)

            wait("it is back", lambda: service.session.pid("ingest-2") != victim)
            paused = service.session.pid("ingest-2")
            shard = shares(service)[paused]
            wait_for_progress(loads[shard], "before the pause")
            os.kill(paused, signal.SIGSTOP)
            other = service.session.pid("ingest")
            wait(
                "the other has both",
                lambda: set(holders(service).values()) == {other},
                SERVED_WITHIN_S,
            )
            wait_for_progress(loads[shard], "while it is paused")
            os.kill(paused, signal.SIGCONT)
            log = service.data.log / "ingest-2.log"
            wait("it says so", lambda: "Another ingest process serves" in log.read_text())
            assert paused in shares(service), "and gets a shard again"

            send_strangers(service)
            for load in loads.values():
                wait_for_progress(load, "at the end")
                load.stop()
            wait(
                "every message acknowledged",
                lambda: not any([load.settle() for load in loads.values()]),
            )
            for load in loads.values():
                asyncio.run(compare(service, load))
            left_alone = "SELECT count(*) AS n FROM reject WHERE reason = 'shard'"
            assert service.fetch(left_alone)[0]["n"] == 0, "the broker gives it to one shard only"
            status = service.milepost("status")
            assert "shard 1, served by" in status
            assert "shard 2, served by" in status
        finally:
            for load in loads.values():
                load.close()


def test_a_running_service_serves_a_new_shard_and_a_department_that_moves() -> None:
    with running_service() as service, Boxes(service.mqtt_url) as boxes:
        service.milepost("department", "add", "F", "--shard", "3")
        service.milepost("vehicle", "add", "V", "-d", "F")
        service.milepost("device", "add", "box", "-d", "F", "--vehicle", "V", "--no-password")
        wait("the new shard", lambda: set(holders(service)) == {1, 3})
        for seq, shard in enumerate((3, 1, 2), start=1):
            if seq > 1:
                service.milepost("shard", "move", "F", str(shard))
            sender = boxes.sender("F", "box")
            sender.publish([service.milepost("sentence", "22.3", "114.17").strip()])
            wait("an ack", lambda: boxes.unacked() == 0)
            assert service.fetch("SELECT max(feed) AS feed FROM latest")[0]["feed"] == shard
        listed = service.milepost("shard", "list", "--json").splitlines()
        assert [json.loads(line)["departments"] for line in listed] == [None, "F", None]
