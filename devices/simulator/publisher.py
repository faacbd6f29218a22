"""The whole fleet over one MQTT connection, in real time. The door is `run_fleet`."""

from __future__ import annotations

import asyncio
import heapq
import logging
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.broker_url import shown
from devices.simulator.errors import AckError, BrokerUrlError, StoreFullError
from devices.simulator.government import Oddity
from devices.simulator.sender import Sender
from devices.simulator.serial_port import SerialPort
from devices.simulator.unit import Outlet, Unit
from devices.simulator.vehicle import VirtualVehicle

_log = logging.getLogger(__name__)

ACK_FILTER = "gov/1/+/+/ack"
TICK_S = 0.05
RESEND_EACH_S = 1.0
TELL_EACH_S = 10.0
#: All vehicles report once within so many seconds of the start; afterwards each at its own pace.
FIRST_REPORTS_S = 2.0
#: After the end, wait at most so long for the last acknowledgements.
LAST_ACKS_S = 6.0
#: What the client takes in before it says that it is busy.
CLIENT_QUEUE = 20_000
DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run came to, in messages."""

    published: int = 0
    acknowledged: int = 0
    #: Sent again for want of an acknowledgement.
    repeated: int = 0
    #: Of those acknowledged: refused, at least in part.
    refused: int = 0
    #: Not taken because a device's store was full; its next message holds them.
    put_off: int = 0

    @property
    def waiting(self) -> int:
        """Published and not yet acknowledged."""
        return self.published - self.acknowledged

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.published:,} published, {self.acknowledged:,} acknowledged, "
            f"{self.waiting:,} waiting, {self.repeated:,} repeated, {self.refused:,} refused"
        )


async def run_fleet(
    fleet: Sequence[VirtualVehicle],
    mqtt_url: str,
    *,
    rate: float = 1.0,
    until: asyncio.Event | None = None,
    log: Callable[[str], None] | None = None,
    serial: Path | None = None,
) -> Tally:
    """Let the fleet report to `mqtt_url` until `until` is set (for ever without), then settle.

    `rate` is how many times faster than usual each vehicle reports; the times of fixes stay real.
    `log` gets a line about the progress now and then. At `serial` a pseudo-terminal is made for the
    device that speaks over a cable; without a path that one too uses MQTT. A lost or refused
    connection is tried again until the end. At the end the last acknowledgements are waited for.
    Raises BrokerUrlError and SerialPathError.
    """
    ended = until or asyncio.Event()
    acks: deque[MQTTMessage] = deque()
    client = _connect(mqtt_url, acks)
    with ExitStack() as stack:
        stack.callback(_disconnect, client)
        port = stack.enter_context(SerialPort(serial)) if serial else None
        run = _Run(client, acks, fleet, rate=rate, port=port)
        run.announce(online=True)
        await run.report_until(ended, log or _log.info)
        await run.settle()
    return run.tally


class _Run:
    """The units of a fleet, when each is due, and what became of their messages."""

    def __init__(
        self,
        client: Client,
        acks: deque[MQTTMessage],
        fleet: Sequence[VirtualVehicle],
        *,
        rate: float,
        port: SerialPort | None,
    ) -> None:
        self.tally = Tally()
        self._acks = acks
        self._senders: dict[str, Sender] = {}
        self._words: list[MQTTMessageInfo] = []
        self._units: list[Unit] = []
        self._due: list[tuple[datetime, int]] = []
        boot = f"b{secrets.token_hex(6)}"
        now = datetime.now(UTC)
        for number, drive in enumerate(fleet):
            device = drive.vehicle.device
            outlet: Outlet
            if port and device.oddity is Oddity.SERIAL:
                outlet = port
            else:
                outlet = sender = Sender(client, device.department, device.ref, boot)
                self._senders[sender.ack_topic] = sender
            self._units.append(Unit(drive, outlet, rate=rate))
            first_s = FIRST_REPORTS_S * number / len(fleet)
            self._due.append((now + timedelta(seconds=first_s), number))

    async def report_until(self, ended: asyncio.Event, tell: Callable[[str], None]) -> None:
        """Work until the event is set."""
        loop = asyncio.get_running_loop()
        resend_at_s = tell_at_s = loop.time()
        while not ended.is_set():
            self._report(datetime.now(UTC))
            self._take_acks()
            if loop.time() >= resend_at_s:
                resend_at_s = loop.time() + RESEND_EACH_S
                self._resend()
            if loop.time() >= tell_at_s:
                tell_at_s = loop.time() + TELL_EACH_S
                tell(str(self.tally))
            await asyncio.sleep(TICK_S)

    def announce(self, *, online: bool) -> None:
        """All devices are there, or go. They share a connection, which has room for one will."""
        self._words = [sender.announce(online=online) for sender in self._senders.values()]

    async def settle(self) -> None:
        """Wait for what is not acknowledged yet, within limits; then the devices go."""
        await self._wait(lambda: not self.tally.waiting)
        self.announce(online=False)
        await self._wait(lambda: all(word.is_published() for word in self._words))

    async def _wait(self, done: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + LAST_ACKS_S
        while not done() and loop.time() < give_up_at_s:
            self._take_acks()
            await asyncio.sleep(TICK_S)

    def _report(self, now: datetime) -> None:
        while self._due and self._due[0][0] <= now:
            due, number = self._due[0]
            unit = self._units[number]
            try:
                next_due = unit.report(due)
            except StoreFullError:
                self.tally.put_off += 1
                next_due = now + unit.drive.interval(now)
            if next_due is None:
                heapq.heappop(self._due)
            else:
                # After a pause of this program (a suspended machine) reports are not made up for.
                heapq.heapreplace(self._due, (max(next_due, now), number))
        self.tally.published = sum(sender.seq for sender in self._senders.values())

    def _take_acks(self) -> None:
        while self._acks:
            message = self._acks.popleft()
            sender = self._senders.get(message.topic)
            if sender is None:
                continue
            try:
                self.tally.acknowledged += sender.on_ack(bytes(message.payload))
            except AckError as error:
                _log.warning("%s", error)
        self.tally.refused = sum(len(sender.bad) for sender in self._senders.values())

    def _resend(self) -> None:
        self.tally.repeated += sum(sender.resend() for sender in self._senders.values())


def _connect(mqtt_url: str, acks: deque[MQTTMessage]) -> Client:
    """A client that connects in the background, again and again if need be."""
    url = _split(mqtt_url)
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"milepost-simulator-{secrets.token_hex(4)}",
        protocol=MQTTv5,
    )
    if url.scheme == "mqtts":
        client.tls_set()
    if url.username:
        client.username_pw_set(unquote(url.username), unquote(url.password or ""))
    client.max_queued_messages_set(CLIENT_QUEUE)
    client.reconnect_delay_set(min_delay=1, max_delay=8)
    client.on_connect = _subscribe
    client.on_message = lambda _client, _userdata, message: acks.append(message)
    client.on_connect_fail = lambda *_: _log.warning("no broker answers at %s", shown(mqtt_url))
    client.connect_async(str(url.hostname), url.port or DEFAULT_PORTS[url.scheme])
    client.loop_start()
    return client


def _split(mqtt_url: str) -> SplitResult:
    url = urlsplit(mqtt_url)
    try:
        usable = url.scheme in DEFAULT_PORTS and bool(url.hostname) and url.port != 0
    except ValueError as error:  # of the port
        raise BrokerUrlError(value=shown(mqtt_url)) from error
    if not usable:
        raise BrokerUrlError(value=shown(mqtt_url))
    return url


def _subscribe(
    client: Client,
    userdata: object,
    flags: ConnectFlags,
    reason: ReasonCode,
    properties: Properties | None,
) -> None:
    if reason.is_failure:
        _log.warning("the broker refuses the simulator: %s", reason)
    else:
        client.subscribe(ACK_FILTER)


def _disconnect(client: Client) -> None:
    client.disconnect()
    client.loop_stop()
