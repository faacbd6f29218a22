"""The private broker: one Mosquitto on the loopback interface, its sessions kept in the data
folder. What it acknowledges is no promise; the `ack` topic is."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket

from tracker.child import Child, ChildSpec, end_leftovers, is_free, server_user
from tracker.data_folder import DataFolder, write_whole
from tracker.server_errors import MissingProgram

HOST = "127.0.0.1"
DEFAULT_PORT = 1883
PACKAGE = "mosquitto"
SYSTEM_USER = "mosquitto"
STOP_WITHIN_S = 20.0  # it writes its sessions down first

# The greeting of MQTT 3.1.1: a clean session of an unnamed client, and the answer that accepts it.
CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
ACCEPTED = b"\x20\x02\x00\x00"

SETTINGS = """\
# Written by Milepost at each start.
# Anonymous clients are let in because nothing but this machine can reach the listener.
listener {port} {host}
allow_anonymous true

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
    """Mosquitto as a child of Milepost, on 127.0.0.1 only.

    The port is that of the last start where it is still free, else 1883, else any free one;
    it stays the same for the life of this object.
    """

    def __init__(self, data: DataFolder) -> None:
        self.folder = data.path / "broker"
        self._data = data
        self._port: int | None = None
        self._user = server_user(SYSTEM_USER, program="Mosquitto", package=PACKAGE)
        self._settings = self.folder / "mosquitto.conf"
        self.child = Child(
            ChildSpec(
                name="Mosquitto",
                argv=[broker_program(), "-c", str(self._settings)],
                log=data.log / "mosquitto.log",
                stop_signal=signal.SIGTERM,
                stop_within_s=STOP_WITHIN_S,
                cwd=self.folder,
                env={"TZ": "UTC"},
                user=self._user,
                prepare=self._prepare,
                ready=lambda _pid: greets(HOST, self.port),
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

    def _prepare(self) -> None:
        self._data.create()
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, -1)
        end_leftovers("mosquitto", self.folder)
        settings = SETTINGS.format(port=self.port, host=HOST, folder=self.folder)
        write_whole(self._settings, settings)
        self._data.set_port("mqtt", self.port)


def broker_program() -> str:
    """The path of Mosquitto; raises MissingProgram."""
    # A user's PATH in Debian has no sbin, and there Mosquitto is.
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin"
    program = shutil.which("mosquitto", path=path)
    if program is None:
        raise MissingProgram(program="Mosquitto", package=PACKAGE)
    return program


def greets(host: str, port: int, within_s: float = 1.0) -> bool:
    """Does an MQTT broker there let an unnamed client in?"""
    try:
        with socket.create_connection((host, port), timeout=within_s) as connection:
            connection.sendall(CONNECT)
            return connection.recv(len(ACCEPTED)) == ACCEPTED
    except OSError:
        return False


def _choose_port(last: int | None) -> int:
    for port in (last, DEFAULT_PORT):
        if port is not None and is_free(HOST, port):
            return port
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
        return int(port)
