"""The reference device keeps a message until `ack`, over a real broker."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from devices.contract import Header, State, ack_payload, parse_state, split_header
from devices.simulator import Government, Sender, build_fleet, run_fleet
from devices.simulator.errors import AckError, StoreFullError

DEADLINE_S = 15.0


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_at_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < give_up_at_s, "waited in vain"
        time.sleep(0.01)


@contextmanager
def connected(port: int, *filters: str) -> Iterator[tuple[Client, list[MQTTMessage]]]:
    """A client of the broker, and what comes on the topics that it subscribed to."""
    client = Client(CallbackAPIVersion.VERSION2)
    messages: list[MQTTMessage] = []
    subscribed = threading.Event()
    client.on_message = lambda _client, _userdata, message: messages.append(message)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_until(client.is_connected)
    if filters:
        client.subscribe([(one, 1) for one in filters])
        assert subscribed.wait(DEADLINE_S)
    yield client, messages
    client.disconnect()
    client.loop_stop()


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def ack(boot: str = "b1", upto: int = 0, **more: object) -> bytes:
    return json.dumps({"boot": boot, "upto": upto, **more}).encode()


def test_a_message_is_as_the_contract_says(broker_port: int) -> None:
    with connected(broker_port, "gov/1/FSD/T1/nmea") as (client, received):
        sender = Sender(client, "FSD", "T1", "b1")
        seq = sender.publish(["$GPAAA*00", "$GPBBB*00"], {"ign": True, "in.draught_m": 4.2})
        wait_until(lambda: bool(received))

        assert seq == 1
        assert received[0].qos == 1
        assert received[0].payload == b"#b1,1,ign=1,in.draught_m=4.2\r\n$GPAAA*00\r\n$GPBBB*00\r\n"


def test_the_service_reads_what_a_device_sends(broker_port: int) -> None:
    with connected(broker_port, "gov/1/EPD/T7/nmea") as (client, received):
        sender = Sender(client, "EPD", "T7", "b1")
        sender.publish(["$GPAAA*00"], {"ign": False, "in.bottom_door": True, "in.draught_m": 4.2})
        wait_until(lambda: bool(received))
    header, rest = split_header(bytes(received[0].payload))

    assert header == Header(
        boot="b1", seq=1, ignition=False, inputs={"bottom_door": True, "draught_m": 4.2}
    )
    assert rest == b"$GPAAA*00\r\n"
    assert sender.on_ack(ack_payload("b1", 1, [], [])) == 1


def test_only_ack_deletes(broker_port: int) -> None:
    with connected(broker_port, "gov/1/FSD/T2/nmea") as (client, received):
        sender = Sender(client, "FSD", "T2", "b1")
        for _ in range(6):
            sender.publish(["$GPAAA*00"])
        wait_until(lambda: len(received) == 6)
        assert sender.unacked() == [1, 2, 3, 4, 5, 6]

        assert sender.on_ack(ack(upto=2, also=[[4, 5]], bad=[2])) == 4
        assert sender.unacked() == [3, 6]
        assert [sender.acked(seq) for seq in (0, 1, 3, 5, 6, 7)] == [
            *(False, True, False, True, False, False)
        ]
        assert sender.bad == {2}
        assert sender.on_ack(ack(boot="b0", upto=99)) == 0
        assert sender.unacked() == [3, 6]


def test_what_is_not_acknowledged_is_sent_again_ever_more_rarely(broker_port: int) -> None:
    clock = Clock()
    with connected(broker_port, "gov/1/FSD/T3/nmea") as (client, received):
        sender = Sender(client, "FSD", "T3", "b1", clock=clock)
        sender.publish(["$GPAAA*00"])
        sender.publish(["$GPBBB*00"])
        sender.on_ack(ack(upto=1))
        repeats_at_s = []
        for second in range(400):
            clock.now_s = 1_000.0 + second
            if sender.resend():
                repeats_at_s.append(second)
        wait_until(lambda: len(received) == 2 + len(repeats_at_s))

        assert repeats_at_s == [20, 60, 140, 300]
        assert {message.payload for message in received[2:]} == {received[1].payload}


def test_a_full_store_refuses_the_new_and_keeps_the_old(broker_port: int) -> None:
    with connected(broker_port) as (client, _):
        sender = Sender(client, "FSD", "T4", "b1", capacity=2)
        sender.publish(["$GPAAA*00"])
        sender.publish(["$GPAAA*00"])
        with pytest.raises(StoreFullError, match="T4"):
            sender.publish(["$GPAAA*00"])
        assert sender.unacked() == [1, 2]

        sender.on_ack(ack(upto=1))
        assert sender.publish(["$GPAAA*00"]) == 3


def test_without_a_connection_messages_wait(broker_port: int) -> None:
    clock = Clock()
    client = Client(CallbackAPIVersion.VERSION2)
    sender = Sender(client, "FSD", "T5", "b1", clock=clock)
    sender.publish(["$GPAAA*00"])
    with connected(broker_port, "gov/1/FSD/T5/nmea") as (_, received):
        client.connect("127.0.0.1", broker_port)
        client.loop_start()
        wait_until(client.is_connected)
        clock.now_s += 2
        # It is the first time that it goes out, so no repetition.
        assert sender.resend() == 0
        wait_until(lambda: len(received) == 1)
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[1]", b'{"boot":"b1"}', b'{"boot":"b1","upto":"x"}', b"\xff", b"7"]
)
def test_a_bad_acknowledgement_deletes_nothing(broker_port: int, payload: bytes) -> None:
    with connected(broker_port) as (client, _):
        sender = Sender(client, "FSD", "T6", "b1")
        sender.publish(["$GPAAA*00"])
        with pytest.raises(AckError, match="T6"):
            sender.on_ack(payload)
        assert sender.unacked() == [1]


def test_birth_and_last_will_stay_at_the_broker(broker_port: int) -> None:
    """Whoever comes later hears the newest word of each, and nothing of earlier ones."""
    with connected(broker_port) as (client, _):
        for boot in ("b1", "b2"):
            sender = Sender(client, "FSD", "T7", boot)
            sender.announce(online=True).wait_for_publish(DEADLINE_S)
        sender.announce(online=False).wait_for_publish(DEADLINE_S)
    with connected(broker_port, sender.state_topic) as (_, kept):
        wait_until(lambda: bool(kept))
        assert [(each.topic, each.retain) for each in kept] == [("gov/1/FSD/T7/state", True)]
        assert parse_state(bytes(kept[0].payload)) == State(online=False, boot="b2")


@contextmanager
def service(port: int) -> Iterator[dict[tuple[str, str], set[int]]]:
    """Acknowledges as the service does, cumulatively; yields the numbers by device and boot."""
    stored: dict[tuple[str, str], set[int]] = {}

    def store(client: Client, _userdata: object, message: MQTTMessage) -> None:
        boot, seq = message.payload.split(b"\r\n")[0].decode()[1:].split(",")[:2]
        numbers = stored.setdefault((message.topic, boot), set())
        numbers.add(int(seq))
        upto = next(n for n in range(len(numbers) + 2) if n + 1 not in numbers)
        client.publish(message.topic.replace("/nmea", "/ack"), ack(boot, upto))

    with connected(port, "gov/1/+/+/nmea") as (client, _):
        client.on_message = store
        yield stored


async def test_a_fleet_reports_until_told_to_stop_and_all_is_acknowledged(
    broker_port: int, government: Government, tmp_path: Path
) -> None:
    fleet = build_fleet(government, datetime.now(UTC))
    ended = asyncio.Event()
    told: list[str] = []
    with service(broker_port) as stored, connected(broker_port, "gov/1/+/+/state") as (_, said):
        asyncio.get_running_loop().call_later(3.0, ended.set)
        tally = await run_fleet(
            fleet,
            f"mqtt://127.0.0.1:{broker_port}",
            rate=5.0,
            until=ended,
            log=told.append,
            serial=tmp_path / "tty",
        )

    states = [parse_state(bytes(each.payload)) for each in said if not each.retain]
    born = [each for each in states if isinstance(each, State) and each.online]
    assert len(born) == len(fleet) - 1
    assert len(states) == 2 * len(born), "at the end each says that it goes"
    assert tally.published == sum(map(len, stored.values()))
    assert tally.acknowledged == tally.published
    assert tally.waiting == tally.refused == tally.put_off == 0
    # Everyone but the one on the cable.
    assert len(stored) == len(fleet) - 1
    assert tally.published > len(fleet)
    assert "published" in told[0]
