"""Which addresses requests may go to: public ones, and what the operator allows (no SSRF)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from api.outgoing.errors import TryLater

Address = IPv4Address | IPv6Address
#: IPv4 addresses as IPv6 has them behind a translator (RFC 6052).
_NAT64: Final = ip_network("64:ff9b::/96")
#: Names looked up at a time.
THREADS: Final = 32
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: the URL, and the addresses of its name, each of them checked."""

    url: SplitResult
    addresses: tuple[str, ...]
    port: int

    @property
    def host(self) -> str:
        """As the certificate and the Host header have it."""
        return self.url.hostname or ""


class Guard:
    """Checks every address of a name before one is spoken to, and that one is then connected to."""

    def __init__(self, allow: Sequence[str] = ()) -> None:
        """`allow`: networks that need not be public, and where plain http may go."""
        self._allow = [ip_network(each) for each in allow]
        #: Of its own: a name server that is slow for one receiver holds up no other channel.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")

    async def check(self, url: str) -> Target:
        """The place to connect to; raises TryLater where the operator has to allow it first."""
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        addresses = await self._resolve(parts.hostname or "", port)
        for address in addresses:
            allowed = any(address in network for network in self._allow)
            if not allowed and not is_public(address):
                raise TryLater(
                    f"{parts.hostname} is at {address}, which is not public: the operator must"
                    " allow it (MILEPOST_TELL_ALLOW)"
                )
            if not allowed and parts.scheme != "https":
                raise TryLater("only https is sent to public addresses")
        return Target(url=parts, addresses=tuple(map(str, addresses)), port=port)

    async def _resolve(self, host: str, port: int) -> list[Address]:
        with suppress(ValueError):
            return [ip_address(host)]
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except (OSError, UnicodeError) as error:
            raise TryLater(f"{host} has no address: {error}") from error
        each_once = dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)
        return [ip_address(each) for each in each_once]


def is_public(address: Address) -> bool:
    """Whether it is somewhere on the internet, also by the IPv4 address inside an IPv6 one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if address.teredo is not None or address.is_site_local:
            return False
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved
