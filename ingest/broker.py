"""The private broker: one Mosquitto on the loopback interface, and beyond it with TLS where asked;
its sessions kept in the data folder. What it acknowledges is no promise; the `ack` topic is."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator

from ingest.accounts import (
    NAMES,
    PACKAGE,
    SYSTEM_USER,
    accounts_file,
    broker_folder,
    broker_uid,
    lets_anonymous_in,
    password_file,
    rights_file,
    write_accounts,
)
from ingest.broker_log import BROKER_LOG
from ingest.errors import AnonymousOutside
from ingest.listener import BOUND, ListenerSettings
from tracker.accounts import Accounts
from tracker.child import Child, ChildSpec, end_leftovers, is_free, server_user, tcp_listeners
from tracker.data_folder import DataFolder, write_whole
from tracker.server_errors import MissingProgram

HOST = "127.0.0.1"
DEFAULT_PORT = 1883
STOP_WITHIN_S = 20.0  # it writes its sessions down first

# The greeting of MQTT 3.1.1: a clean session of an unnamed client, and how the answer begins that
# accepts or refuses it.
CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
CONNACK = b"\x20\x02"

SETTINGS = """\
# Written by Milepost at each start.
{listeners}

allow_anonymous {anonymous}
password_file {passwords}
acl_file {rights}

persistence true
persistence_location {folder}/
autosave_interval 60

# The default of 1,000 queued messages loses data silently when ingest restarts.
max_queued_messages 0
max_queued_bytes 2147483648
max_inflight_messages 0
max_packet_size 262144
persistent_client_expiration 7d
max_keepalive 600
set_tcp_nodelay true

log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%SZ
"""


class PrivateBroker:
    """Mosquitto as a child of Milepost: on 127.0.0.1, and where `outside` says with TLS.

    The port is that of the last start where it is still free, else 1883, else any free one;
    from the first start on it stays the same for the life of this object. Who may sign in stands
    in a file (accounts.py) which the supervisor has read again when it changes.
    """

    def __init__(self, data: DataFolder, outside: ListenerSettings | None = None) -> None:
        self.folder = data.path / "broker"
        self._data = data
        self._outside = outside or ListenerSettings.model_construct()
        self._port: int | None = None
        self._settings = self.folder / "mosquitto.conf"
        #: Of the accounts as Mosquitto read them last.
        self._accounts_read: list[int] | None = None
        self._anonymous = False
        self.child = Child(
            ChildSpec(
                name="Mosquitto",
                argv=[broker_program(), "-c", str(self._settings)],
                log=data.log / BROKER_LOG,
                stop_signal=signal.SIGTERM,
                stop_within_s=STOP_WITHIN_S,
                cwd=self.folder,
                env={"TZ": "UTC"},
                user=server_user(SYSTEM_USER, program="Mosquitto", package=PACKAGE),
                prepare=self._prepare,
                renew=self._renew,
                ready=self._is_ready,
                again=self._move,
            )
        )

    @property
    def port(self) -> int:
        """The TCP port, chosen when it is first asked for or the broker first starts."""
        if self._port is None:
            self._port = _choose_port(self._data.ports().get("mqtt"))
        return self._port

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"mqtt://{HOST}:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers; raises ServerError."""
        self.child.start()

    def stop(self) -> None:
        """Let it write its sessions down and end."""
        self.child.stop()

    def environment(self, program: str) -> dict[str, str]:
        """How a verb of ours (`ingest`, `simulate`) finds it and signs in; nothing for others."""
        if program not in NAMES:
            return {}
        name = NAMES[program]
        return {
            "MILEPOST_MQTT_URL": f"mqtt://{name}@{HOST}:{self.port}",
            "MILEPOST_MQTT_PASSWORD_FILE": str(password_file(self._data, name)),
            "MILEPOST_PRIVATE_BROKER": "true",
        }

    def open_outside(self) -> None:
        """Make ready for other machines, where they are asked in; before the first start.

        Raises AnonymousOutside where they could come in without a name.
        """
        if self._outside.host is None:
            return
        if lets_anonymous_in(self._data):
            raise AnonymousOutside
        self._outside.copy_files(broker_folder(self._data), owner=broker_uid())

    def _prepare(self) -> None:
        self._data.create()
        broker_folder(self._data)
        end_leftovers("mosquitto", self.folder)
        if not accounts_file(self._data).exists():
            write_accounts(self._data, Accounts())
        self._note_accounts()
        settings = SETTINGS.format(
            listeners="\n".join(self._listeners()),
            anonymous=str(self._anonymous).lower(),
            passwords=accounts_file(self._data),
            rights=rights_file(self._data),
            folder=self.folder,
        )
        write_whole(self._settings, settings)
        self._data.set_port("mqtt", self.port)

    def _is_ready(self, pid: int) -> bool:
        """It answers: itself, not another broker that came first to the same port."""
        return _at(self.port) in tcp_listeners(pid) and greets(HOST, self.port)

    def _move(self) -> bool:
        """Choose another port where somebody took ours between the look and the start."""
        if is_free(HOST, self.port):
            return False
        self._port = None
        return True

    def _listeners(self) -> Iterator[str]:
        bound = [] if self._anonymous else [BOUND]
        yield from [f"listener {self.port} {HOST}", *bound]
        yield from self._outside.lines(self.folder)

    def _note_accounts(self) -> None:
        self._accounts_read = self._accounts_stamp()
        self._anonymous = lets_anonymous_in(self._data) and self._outside.host is None

    def _accounts_stamp(self) -> list[int] | None:
        try:
            found = [file(self._data).stat() for file in (accounts_file, rights_file)]
        except FileNotFoundError:
            return None
        return [number for each in found for number in (each.st_mtime_ns, each.st_ino)]

    def _renew(self, pid: int) -> bool:
        """Have changed accounts read; a start is needed where clients without a name go or come."""
        if self._accounts_stamp() in (None, self._accounts_read):
            return False
        before = self._anonymous
        self._note_accounts()
        if self._anonymous != before:
            return True
        os.kill(pid, signal.SIGHUP)
        return False


def broker_program() -> str:
    """The path of Mosquitto; raises MissingProgram."""
    # A user's PATH in Debian has no sbin, and there Mosquitto is.
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin"
    program = shutil.which("mosquitto", path=path)
    if program is None:
        raise MissingProgram(program="Mosquitto", package=PACKAGE)
    return program


def greets(host: str, port: int, within_s: float = 1.0) -> bool:
    """Does an MQTT broker answer there, be it that it refuses an unnamed client?"""
    try:
        with socket.create_connection((host, port), timeout=within_s) as connection:
            connection.sendall(CONNECT)
            return connection.recv(len(CONNACK)) == CONNACK
    except OSError:
        return False


def _at(port: int) -> str:
    """The port of 127.0.0.1 as the kernel writes it."""
    return f"0100007F:{port:04X}"


def _choose_port(last: int | None) -> int:
    for port in (last, DEFAULT_PORT):
        if port is not None and is_free(HOST, port):
            return port
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
        return int(port)
