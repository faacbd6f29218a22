"""The private broker, a real Mosquitto: what it keeps, where it listens, what it refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.accounts import TELLER, password_file, write_accounts
from ingest.broker import PrivateBroker
from tests.integration.processes import passing_folder
from tracker.accounts import Accounts
from tracker.child import tcp_listeners, wait_for
from tracker.data_folder import DataFolder
from tracker.passwords import hashed


@pytest.fixture
def data() -> Iterator[DataFolder]:
    with passing_folder() as folder:
        yield folder


@contextmanager
def brokering(data: DataFolder, broker: PrivateBroker | None = None) -> Iterator[PrivateBroker]:
    data.create()
    write_accounts(data, Accounts(anonymous=True))
    broker = broker or PrivateBroker(data)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def connected(broker: PrivateBroker, client: paho.Client) -> Iterator[None]:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
    properties.SessionExpiryInterval = 3600
    # A session that began with a clean start is not written down by Mosquitto 2.0.11.
    client.connect("127.0.0.1", broker.port, clean_start=False, properties=properties)
    client.loop_start()
    try:
        assert wait_for(client.is_connected, 10)
        yield
    finally:
        client.disconnect()
        client.loop_stop()


def client(name: str) -> paho.Client:
    return paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5)


def test_a_backlog_over_mosquittos_usual_limit_survives_a_restart(data: DataFolder) -> None:
    count = 3_000  # Mosquitto's own default keeps 1,000 and drops the rest without a word
    got: set[int] = set()
    subscribed: list[list[ReasonCode]] = []
    reader, writer, same_reader = client("reader"), client("writer"), client("reader")
    same_reader.on_message = lambda _client, _data, message: got.add(int(message.payload))
    reader.on_subscribe = lambda _client, _data, _mid, codes, _properties: subscribed.append(codes)
    writer.max_inflight_messages_set(count)

    with brokering(data) as broker:
        with connected(broker, reader):
            reader.subscribe("gov/#", qos=1)
            assert wait_for(lambda: bool(subscribed), 10)
        with connected(broker, writer):
            sent = [writer.publish("gov/1", str(number), qos=1) for number in range(count)]
            assert wait_for(lambda: all(message.is_published() for message in sent), 30)
    with brokering(data) as again:
        assert again.url == broker.url
        with connected(again, same_reader):
            assert wait_for(lambda: got == set(range(count)), 30), len(got)


def test_the_broker_listens_on_loopback_alone_and_avoids_a_port_that_is_taken(
    data: DataFolder,
) -> None:
    data.create()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        data.set_port("mqtt", taken)
        with brokering(data) as broker:
            assert broker.child.pid is not None
            assert tcp_listeners(broker.child.pid) == {f"0100007F:{broker.port:04X}"}
    assert broker.port != taken
    assert data.ports()["mqtt"] == broker.port
    assert PrivateBroker(data).port == broker.port


def test_two_brokers_that_start_at_once_do_not_want_the_same_port(data: DataFolder) -> None:
    with passing_folder() as other:
        # Both look before either listens, as at the start of a machine.
        late = PrivateBroker(other)
        data.create()
        data.set_port("mqtt", late.port)
        with brokering(data) as first, brokering(other, late) as second:
            assert data.ports()["mqtt"] == first.port
            assert second.port != first.port
            assert other.ports()["mqtt"] == second.port
            assert second.child.pid is not None
            assert tcp_listeners(second.child.pid) == {f"0100007F:{second.port:04X}"}


def test_a_broker_that_an_earlier_run_left_is_ended_first(data: DataFolder) -> None:
    left = PrivateBroker(data)
    left.start()
    with brokering(data) as broker:
        assert left.child.exit_code == 0
        assert broker.port == left.port


def test_a_broker_refuses_a_message_over_its_limit(data: DataFolder) -> None:
    refused: list[ReasonCode] = []
    writer = client("writer")
    writer.on_disconnect = lambda _client, _data, _flags, reason, _properties: refused.append(
        reason
    )
    with brokering(data) as broker, connected(broker, writer):
        small = writer.publish("gov/1", b"x" * 262_000, qos=1)
        assert wait_for(small.is_published, 10)
        writer.publish("gov/1", b"x" * 263_000, qos=1)
        assert wait_for(lambda: bool(refused), 10)
    assert refused[0] == "Packet too large"


def test_a_reader_hears_what_its_own_department_is_told_and_nothing_else(data: DataFolder) -> None:
    # Two names that would be one if their parts were not kept apart.
    readers = {("A.B", "C"): hashed("one"), ("A", "B.C"): hashed("two")}
    heard: dict[str, list[str]] = {"one": [], "two": []}
    subscribed: list[object] = []
    data.create()
    write_accounts(data, Accounts(anonymous=False, readers=readers))
    broker = PrivateBroker(data)
    broker.start()
    try:
        with ExitStack() as stack:
            for (department, ref), password in zip(readers, heard, strict=True):
                reader = client(f"reader {password}")
                reader.username_pw_set(f"gov-out/{department}/{ref}", password)
                reader.on_message = lambda _client, _data, message, own=heard[password]: own.append(
                    message.topic
                )
                reader.on_subscribe = lambda *said: subscribed.append(said)
                stack.enter_context(connected(broker, reader))
                reader.subscribe([("gov-out/#", 1), ("gov/#", 1)])
            assert wait_for(lambda: len(subscribed) == len(heard), 10)
            teller = client("teller")
            teller.username_pw_set(TELLER, password_file(data, TELLER).read_text().strip())
            stack.enter_context(connected(broker, teller))
            for department in ("A", "A.B", "A", "A.B"):
                teller.publish(f"gov-out/1/{department}/enter", "{}", qos=1)
            assert wait_for(lambda: [len(each) for each in heard.values()] == [2, 2], 10), heard
            assert heard == {"one": ["gov-out/1/A.B/enter"] * 2, "two": ["gov-out/1/A/enter"] * 2}
    finally:
        broker.stop()
