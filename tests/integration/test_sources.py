"""Sources over the network, against real peers: torn, doubled, cut anywhere, several devices."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.integration.service import free_port, served
from tests.integration.service import registered as service_data
from tests.integration.sources_world import (
    WITHIN_S,
    Server,
    Stored,
    epoch,
    registered,
)
from tracker.child import wait_for

NOISE = b"\xff\xfe\x00 no sentence"
DEVICES = ("called", "gate-a", "gate-b", "caller", "sent", "played")


@dataclass(frozen=True)
class World:
    """A service with one source of each kind."""

    stored: Stored
    host: Server
    gateway: Server
    listen: int
    udp: int


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("sources")
    (folder / "played").write_bytes(b"".join(epoch(number) for number in range(3)))
    host, gateway, listen, udp = Server(), Server(), free_port(), free_port()
    table = f"""
        [[source]]
        kind = "tcp"
        host = "127.0.0.1"
        port = {host.port}
        device = "D/called"
        [[source]]
        kind = "tcp"
        host = "localhost"
        port = {gateway.port}
        department = "D"
        [[source]]
        kind = "tcp-listen"
        port = {listen}
        device = "D/caller"
        connections = 2
        [[source]]
        kind = "udp"
        port = {udp}
        device = "D/sent"
        [[source]]
        kind = "file"
        path = "{folder}/played"
        pace = "real"
        device = "D/played"
    """
    with service_data(*registered(DEVICES)) as data:
        (data.path / "sources.toml").write_text(table)
        with served(data) as service:
            yield World(Stored(service), host, gateway, listen, udp)
    host.close()
    gateway.close()


def test_a_host_whose_connection_breaks_in_mid_sentence_is_called_again(world: World) -> None:
    source = f"tcp:127.0.0.1:{world.host.port}"
    with world.host.accept() as connection:
        connection.sendall(epoch(0) + NOISE + b"\r\n" + epoch(1) + epoch(2)[:40])
        assert wait_for(lambda: world.stored.epochs("called") == [0, 1], WITHIN_S)
    with world.host.accept() as connection:
        connection.sendall(epoch(2)[40:] + epoch(3))
        assert wait_for(lambda: world.stored.epochs("called") == [0, 1, 3], WITHIN_S)
        assert world.stored.refused(source)[:2] == [("noise", NOISE), ("cut", epoch(2)[:40])]
        assert wait_for(lambda: world.stored.health(source)["opened"] == 2, WITHIN_S)
        assert world.stored.health(source)["connected"] is True


def test_a_gateways_tag_blocks_name_its_devices_however_the_bytes_are_cut(world: World) -> None:
    chance = random.Random(4)  # noqa: S311  cuts, not secrets
    lines = [
        line
        for number in range(50)
        for a, b in zip(
            epoch(number, "gate-a").splitlines(keepends=True),
            epoch(number, "gate-b", north=True).splitlines(keepends=True),
            strict=True,
        )
        for line in (a, b)
    ]
    stranger = epoch(7, "stranger")
    data = b"".join(lines) + stranger + epoch(8)
    with world.gateway.accept() as connection:
        while data:
            size = chance.choice((1, 2, 3, 7, 20, 64, 200))
            connection.sendall(data[:size])
            data = data[size:]
        # The last epochs are closed by silence: the connection stays.
        wanted = list(range(50))
        assert wait_for(lambda: world.stored.epochs("gate-a") == wanted, WITHIN_S)
        assert wait_for(lambda: world.stored.epochs("gate-b") == wanted, WITHIN_S)
        source = f"tcp:localhost:{world.gateway.port}"
        rejects = {("unknown_device", stranger.strip()), *(("mixed", x) for x in epoch(8).split())}
        assert wait_for(lambda: set(world.stored.refused(source)) == rejects, WITHIN_S)
    rows = world.stored.fetch(
        "SELECT DISTINCT d.ref, round(ST_Y(geom)::numeric, 1) AS lat FROM fix AS f"
        " JOIN device AS d ON d.id = f.device_id WHERE d.ref LIKE 'gate-%' ORDER BY 1"
    )
    assert [(row["ref"], float(row["lat"])) for row in rows] == [("gate-a", 22.3), ("gate-b", 22.4)]


def test_each_connection_to_a_listener_is_a_stream_of_its_own(world: World) -> None:
    place = ("127.0.0.1", world.listen)
    assert wait_for(lambda: world.stored.said(f"reading 127.0.0.1:{world.listen}") == 1, WITHIN_S)
    with socket.create_connection(place) as one, socket.create_connection(place) as other:
        one.sendall(epoch(0)[:50])
        other.sendall(epoch(1)[:30])
        one.sendall(epoch(0)[50:])
        other.sendall(epoch(1)[30:])
        assert wait_for(lambda: world.stored.epochs("caller") == [0, 1], WITHIN_S)
        with socket.create_connection(place) as third:
            third.settimeout(WITHIN_S)
            assert third.recv(1) == b"", "a third connection is refused"
    source = f"tcp-listen:127.0.0.1:{world.listen}"
    assert wait_for(lambda: world.stored.health(source)["connections"] == 0, WITHIN_S)
    assert world.stored.health(source)["dropped"] == 1
    assert world.stored.refused(source) == []
    with socket.create_connection(place) as again:
        again.sendall(epoch(2))
        assert wait_for(lambda: world.stored.epochs("caller") == [0, 1, 2], WITHIN_S)


def test_datagrams_sent_twice_make_one_fix(world: World) -> None:
    assert wait_for(lambda: world.stored.said(f"reading 127.0.0.1:{world.udp}") == 1, WITHIN_S)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(20):
            for line in epoch(number).splitlines():  # one sentence each, without a line end
                for _ in range(2):
                    sender.sendto(line, ("127.0.0.1", world.udp))
        assert wait_for(lambda: world.stored.epochs("sent") == list(range(20)), WITHIN_S)
        sender.sendto(epoch(3) + epoch(20) + NOISE, ("127.0.0.1", world.udp))
        assert wait_for(lambda: world.stored.epochs("sent") == list(range(21)), WITHIN_S)
    assert world.stored.refused(f"udp:127.0.0.1:{world.udp}") == [("noise", NOISE)]


def test_the_check_says_who_is_heard_where(world: World) -> None:
    said = world.stored.service.milepost("ingest", "--check")
    assert (
        f"ok    tcp 127.0.0.1:{world.host.port}\n        D/called, registered, in D/V-called"
        in said
    )
    assert (
        f"ok    tcp localhost:{world.gateway.port}\n        devices of D, by the names in" in said
    )
    assert f"ok    udp 127.0.0.1:{world.udp}" in said
    assert "as it should be: the service runs" in said


def test_a_file_is_played_in_the_time_of_its_fixes(world: World) -> None:
    assert wait_for(lambda: world.stored.epochs("played") == [0, 1, 2], WITHIN_S)
    rows = world.stored.fetch(
        "SELECT received_at FROM fix JOIN device AS d ON d.id = device_id"
        " WHERE d.ref = 'played' ORDER BY fixed_at"
    )
    apart_s = [(b["received_at"] - rows[0]["received_at"]).total_seconds() for b in rows]
    assert apart_s == pytest.approx([0.0, 1.0, 2.0], abs=0.4)
