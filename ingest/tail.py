"""`milepost device tail`: what a device says as it says it, and what becomes of it.

It listens beside ingest, reads with the same code and asks the same registry. It stores nothing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from devices.broker_url import BrokerPassword
from devices.contract import parse_topic, split_header
from devices.nmea.explain import explain
from geo.fix import Fix
from ingest.accounts import TAIL, password_file
from ingest.arrival import Arrival
from ingest.decoding import Decoding, Rollover
from ingest.errors import BrokerAway
from ingest.settings import IngestSettings
from tracker import reads
from tracker.access import as_owner
from tracker.cli.shared import escaped
from tracker.connect import open_pool
from tracker.data_folder import DataFolder
from tracker.directory import Directory, Followed
from tracker.message import Message
from tracker.ranges import Ranges
from tracker.settings import DatabaseSettings
from tracker.sorting import sort

CONNECT_TIMEOUT_S = 10.0
LOOK_EVERY_S = 1.0
HEARD: Final = ("nmea", "fix", "ack")
#: What a refusal means, and what to do about it.
MEANINGS: Final = {
    "noise": "bytes that are no sentence",
    "cut": "the sentence ends before its checksum",
    "checksum": "the checksum does not fit the sentence",
    "form": "a field is not written as it must be",
    "range": "a field is outside what it can be",
    "undated": "a position whose date never came",
    "mixed": "a sentence of another device",
    "header": "the first line is no #boot,seq: the message cannot be acknowledged",
    "json": "the payload is no JSON",
    "unknown_device": "no such device is registered: milepost device add, then rejects replay",
    "department": "a device of that name belongs to another department",
    "unassigned": "it was in no vehicle then: milepost device assign, then rejects replay",
    "clock": "over 60 s ahead of our clock, or before the device's accept_from",
    "null_island": "latitude 0, longitude 0: no place where a vehicle is",
    "shard": "its department has moved to another shard, which reads it again by itself",
    "unreadable": "a fault of ours that cost this one message: tell us",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as the broker gave it."""

    topic: str
    payload: bytes
    at: datetime


class _Numbers(NamedTuple):
    """One message's place in its device's count."""

    boot: str
    seq: int


class Teller:
    """Turns messages of one device into lines for a person. Pure: the registry is given."""

    def __init__(self, durable: Mapping[str, Ranges]) -> None:
        """`durable` holds by boot what is dealt with already."""
        self._durable = dict(durable)
        self._directory: Directory | None = None
        self._decoding = Decoding(self._rollover_of)

    def tell(self, heard: Heard, directory: Directory) -> Iterator[str]:
        """What a message says, line by line, and what becomes of its fixes."""
        self._directory = directory
        topic = parse_topic(heard.topic)
        if topic is None:
            return
        if topic.kind == "ack":
            yield f"{_clock(heard.at)}  ack   {self._acknowledged(heard.payload)}"
            return
        arrival = Arrival(
            payload=heard.payload,
            received_at=heard.at,
            department_ref=topic.department_ref,
            device_ref=topic.device_ref,
            whole=True,
            topic=heard.topic,
        )
        works = self._decoding.decode("mqtt", arrival)
        own = next((work.message() for work in works if work.arrival is arrival), None)
        yield f"{_clock(heard.at)}  {topic.kind:<4}  {self._number(arrival, own)}"
        if topic.kind == "nmea":
            yield from _sentences(heard.payload)
        for work in works:
            yield from self._outcome(work.message(), directory)
        if own is None:
            yield "    waits for a date, 30 s at most; its ack waits too"

    def expire(self, now: datetime, directory: Directory) -> Iterator[str]:
        """What becomes of positions whose date did not come in time."""
        for work in self._decoding.expire(now):
            yield f"{_clock(now)}  given up"
            yield from self._outcome(work.message(), directory)

    def _rollover_of(self, department_ref: str, device_ref: str) -> Rollover:
        device = self._directory.device(department_ref, device_ref) if self._directory else None
        return device.rollover if device is not None else "off"

    def _number(self, arrival: Arrival, message: Message | None) -> str:
        numbers = _numbers(arrival, message)
        size = f"{len(arrival.payload)} bytes"
        if numbers is None:
            return f"{size}, without a number: stored, but never acknowledged"
        again = numbers.seq in self._durable.get(numbers.boot, ())
        state = "sent again: it is durable already" if again else "not durable yet"
        return f"boot {escaped(numbers.boot)} number {numbers.seq}, {size}, {state}"

    def _acknowledged(self, payload: bytes) -> str:
        try:
            said = json.loads(payload)
            boot, upto = str(said["boot"]), int(said["upto"])
            also = [(int(first), int(last)) for first, last in said.get("also", [])]
            bad = [int(number) for number in said.get("bad", [])]
        except (ValueError, TypeError, KeyError):
            return f"that cannot be read: {escaped(payload)}"
        ranges = [(1, upto), *also] if upto else also
        self._durable[boot] = Ranges.from_pairs(ranges)
        text = f"boot {escaped(boot)}: durable {_listed(ranges) or 'nothing'}"
        return f"{text}; refused in {', '.join(map(str, bad))}" if bad else text

    def _outcome(self, message: Message, directory: Directory) -> Iterator[str]:
        sorted_ = sort([message], directory, {})
        for placed in sorted_.placed:
            vehicle = directory.vehicles[placed.vehicle_id].full_ref
            yield f"    taken    {_fix(placed.fix)} for {vehicle}"
        for reject in sorted_.rejects:
            meaning = MEANINGS.get(reject.reason, "")
            yield (
                f"    refused  {reject.reason}: {meaning}"
                if meaning
                else f"    refused  {reject.reason}"
            )
        if not (sorted_.placed or sorted_.rejects):
            yield "    no fix in it"


def _numbers(arrival: Arrival, message: Message | None) -> _Numbers | None:
    """The number; of a message that is not read to its end yet, that of its header."""
    if message is not None:
        known = message.boot is not None and message.seq is not None
        return _Numbers(message.boot or "", message.seq or 0) if known else None
    header, _ = split_header(arrival.payload)
    return _Numbers(header.boot, header.seq) if header is not None else None


def _sentences(payload: bytes) -> Iterator[str]:
    _, body = split_header(payload)
    for line in explain(body):
        yield f"    {escaped(line.raw)}"
        if line.refused is not None:
            yield f"      {line.kind or '-':<5} refused, {line.refused}: {MEANINGS[line.refused]}"
        else:
            yield f"      {line.kind or '-':<5} {line.said}"


def _fix(fix: Fix) -> str:
    return f"{fix.fixed_at:%Y-%m-%d} {_clock(fix.fixed_at)} {fix.lat:.5f}, {fix.lon:.5f}"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _listed(ranges: list[tuple[int, int]]) -> str:
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def broker_url(data: DataFolder) -> str:
    """MILEPOST_MQTT_URL, or the broker of the service in the data folder; raises BrokerAway."""
    given = IngestSettings().mqtt_url
    if given is not None:
        return BrokerPassword().put_into(given.get_secret_value()).get_secret_value()
    if data.holder() is None or "mqtt" not in data.ports():
        raise BrokerAway
    password = password_file(data, TAIL).read_text(encoding="ascii").strip()
    return f"mqtt://{TAIL}:{password}@127.0.0.1:{data.ports()['mqtt']}"


async def durable_of(device: str, addresses: DatabaseSettings) -> dict[str, Ranges]:
    """By boot, which messages of a device are dealt with; nothing of one that is not registered."""
    department, _, ref = device.partition("/")
    async with as_owner(addresses) as connection:
        found = await reads.device(connection, department=department, ref=ref)
        boots = await reads.receipts(connection, device_id=found["id"]) if found else []
    return {
        each["boot"]: Ranges.from_pairs(
            [*([(1, each["upto"])] if each["upto"] else []), *each["also"]]
        )
        for each in boots
    }


async def follow(
    *,
    mqtt_url: str,
    dsn: str,
    device: str,
    durable: Mapping[str, Ranges],
    seconds: float | None,
    say: Callable[[str], None],
) -> None:
    """Follow a device (full ref) for so many seconds, or until cancelled. Raises BrokerAway."""
    pool = await open_pool(dsn, size=1)
    ears = _Ears(mqtt_url, device)
    try:
        await ears.listen()
        say(f"Listening to {device}.")
        followed, teller = Followed(pool), Teller(durable)
        until_s = None if seconds is None else time.monotonic() + seconds
        while until_s is None or time.monotonic() < until_s:
            heard = await ears.next(within_s=LOOK_EVERY_S)
            directory = await followed.current()
            lines = (
                teller.expire(datetime.now(UTC), directory)
                if heard is None
                else teller.tell(heard, directory)
            )
            for line in lines:
                say(line)
    finally:
        await ears.close()
        await pool.close()


class _Ears:
    """A subscription of its own, which leaves nothing behind at the broker."""

    def __init__(self, url: str, device: str) -> None:
        self._parts = urlsplit(url)
        self._topics = [(f"gov/1/{device}/{kind}", 1) for kind in HEARD]
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._subscribed = asyncio.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if self._parts.username:
            self._client.username_pw_set(
                unquote(self._parts.username), unquote(self._parts.password or "")
            )
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics)
        self._client.on_subscribe = lambda *_: self._call(self._subscribed.set)
        self._client.on_message = self._on_message

    async def listen(self) -> None:
        """Return once nothing published from now on is missed."""
        host, port = self._parts.hostname or "127.0.0.1", self._parts.port or 1883
        self._client.connect_async(host, port)
        self._client.loop_start()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._subscribed.wait()
        except TimeoutError:
            raise BrokerAway(f"({host}:{port})") from None

    async def next(self, *, within_s: float) -> Heard | None:
        """The next message, None if there is none so long."""
        try:
            async with asyncio.timeout(within_s):
                return await self._heard.get()
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        at = datetime.now(UTC)
        heard = Heard(topic=message.topic, payload=bytes(message.payload), at=at)
        self._call(lambda: self._heard.put_nowait(heard))

    def _call(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)
