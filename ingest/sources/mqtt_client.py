"""paho's client with a quick way for the two packets that come and go by the ten thousand.

paho reads each packet in four system calls and makes a table of properties for each PUBLISH: half
of ingest's time, measured (docs/performance.md). Here bytes are read in large portions, PUBLISH is
cut out by this module, and acknowledgements leave a batch at a time. Every other packet, the
session and the keepalive are paho's. The layout is that of MQTT 5.0, sections 2.1, 3.3 and 3.4.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from paho.mqtt.client import MQTT_ERR_CONN_LOST, MQTT_ERR_PROTOCOL, MQTT_ERR_SUCCESS, Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

#: Read at one go; some 250 messages of one epoch.
PORTION_BYTES = 64 * 1024
_PUBLISH, _PUBACK = 0x30, 0x40
_KIND, _QOS = 0xF0, 0x06
_MORE, _SEVEN_BITS = 0x80, 0x7F
_LENGTH_LIMIT_BYTES = 4
_PUBACK_PACKET = struct.Struct("!BBH")
_UINT16 = struct.Struct("!H")


class Published(NamedTuple):
    """A PUBLISH as it came."""

    topic: bytes
    payload: bytes
    #: The packet id to acknowledge; 0 at QoS 0.
    mid: int


class _Malformed(Exception):
    """Bytes that are no MQTT."""


class QuickClient(Client):
    """An MQTT 5 client that hands over PUBLISH packets in bursts and acknowledges by hand."""

    def __init__(self, client_id: str) -> None:
        """Not connected yet; set the callbacks of paho as usual, but for `on_message`."""
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        self._rest = b""
        self._burst: list[Published] = []

    def reconnect(self) -> MQTTErrorCode:
        """As paho's; what was left of an earlier connection is forgotten."""
        self._rest, self._burst = b"", []
        return super().reconnect()

    def take(self) -> list[Published]:
        """What came since the last call."""
        burst, self._burst = self._burst, []
        return burst

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read one portion of bytes and deal with the packets that are whole."""
        try:
            data = self._sock_recv(PORTION_BYTES)
        except BlockingIOError:
            return MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        try:
            result = self._cut(self._rest + data if self._rest else data)
        except (_Malformed, IndexError):
            result = MQTT_ERR_PROTOCOL
        return result if result == MQTT_ERR_SUCCESS else self._loop_rc_handle(result)

    def expect_no_answer(self) -> None:
        """Nobody reads just now: that a ping has no answer says nothing about the connection."""
        self._ping_t = 0.0

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send PUBACK for all of them as one piece."""
        self._send(_PUBACK_PACKET.pack(_PUBACK, 2, mid) for mid in mids)

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) pairs at QoS 0 as one piece."""
        self._send(_publish_packet(topic.encode(), payload) for topic, payload in messages)

    def _send(self, packets: Iterable[bytes]) -> None:
        if piece := b"".join(packets):
            # The command is only looked at again when paho waits for an answer to it.
            self._packet_queue(_PUBACK, piece, 0, 0)

    def _cut(self, buffer: bytes) -> MQTTErrorCode:
        """Deal with each whole packet of the buffer, and keep the rest."""
        begin, size = 0, len(buffer)
        while begin + 1 < size:
            length, body = _length(buffer, begin + 1, size)
            end = body + length
            if length < 0 or end > size:
                break
            command = buffer[begin]
            if command & _KIND == _PUBLISH:
                self._burst.append(_published(buffer, command, body, end))
            elif (result := self._hand_to_paho(command, buffer[body:end])) != MQTT_ERR_SUCCESS:
                return result
            begin = end
        self._rest = buffer[begin:]
        return MQTT_ERR_SUCCESS

    def _hand_to_paho(self, command: int, body: bytes) -> MQTTErrorCode:
        packet: dict[str, Any] = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        self._in_packet = packet  # type: ignore[assignment]  # a private type of paho's
        return self._packet_handle()


def _length(buffer: bytes, at: int, size: int) -> tuple[int, int]:
    """The variable byte integer at a place (MQTT 5.0, 1.5.5), and where it ends; -1 if cut off."""
    value, shift = 0, 0
    while at < size:
        byte = buffer[at]
        at += 1
        value |= (byte & _SEVEN_BITS) << shift
        if not byte & _MORE:
            return value, at
        shift += 7
        if shift == 7 * _LENGTH_LIMIT_BYTES:
            raise _Malformed
    return -1, at


def _published(buffer: bytes, command: int, at: int, end: int) -> Published:
    topic_end = at + 2 + (buffer[at] << 8 | buffer[at + 1])
    topic, mid = buffer[at + 2 : topic_end], 0
    if command & _QOS:
        mid = buffer[topic_end] << 8 | buffer[topic_end + 1]
        topic_end += 2
    properties, body = _length(buffer, topic_end, end)
    if properties < 0 or body + properties > end:
        raise _Malformed
    return Published(topic, buffer[body + properties : end], mid)


def _publish_packet(topic: bytes, payload: bytes) -> bytes:
    body = b"".join((_UINT16.pack(len(topic)), topic, b"\x00", payload))
    return bytes((_PUBLISH, *_length_bytes(len(body)))) + body


def _length_bytes(value: int) -> list[int]:
    """A variable byte integer."""
    out = []
    while value > _SEVEN_BITS:
        out.append(value & _SEVEN_BITS | _MORE)
        value >>= 7
    return [*out, value]
