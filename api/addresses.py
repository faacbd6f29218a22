"""How often an address may ask what needs no sign-in."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from api.errors import AddressTooBusy

#: Above this all are forgotten, so that memory stays bounded.
REMEMBERED: Final = 10_000
#: Whoever has one address of IPv6 has all of its network.
_NETWORK_BITS: Final = 64
_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class _Bucket:
    """Requests that are left, as of a time."""

    left: float
    at_s: float


class Addresses:
    """A bucket for each address, which a minute fills; this process's own, for what it guards costs
    the database nothing."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, connection: HTTPConnection) -> None:
        """Spend one request of whoever asks; raises AddressTooBusy."""
        if len(self._buckets) >= REMEMBERED:
            self._buckets.clear()
        now_s = self._clock()
        who = _network(connection.client.host if connection.client else "")
        bucket = self._buckets.setdefault(who, _Bucket(self._a_minute, now_s))
        filled = (now_s - bucket.at_s) * self._a_minute / _MINUTE_S
        bucket.left, bucket.at_s = min(self._a_minute, bucket.left + filled), now_s
        if bucket.left < 1:
            wait_s = math.ceil((1 - bucket.left) * _MINUTE_S / self._a_minute)
            raise AddressTooBusy(f"({self._a_minute} a minute; again in {wait_s} s)", wait_s)
        bucket.left -= 1


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004  of the protocol
        return address
    return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
