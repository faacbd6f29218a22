"""The private PostgreSQL: one cluster in the data folder, reached only over its Unix socket."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from tracker.child import Child, ChildSpec, bound_to_us, end_leftovers, server_user
from tracker.data_folder import DataFolder, write_whole
from tracker.roles import Role
from tracker.server_errors import (
    FolderClosed,
    MissingProgram,
    NamelessUser,
    OtherMajor,
    SocketFolderTaken,
)

DATABASE = "milepost"
CREATE_DATABASE = "CREATE DATABASE milepost"
SUPERUSER: Role = "postgres"
ROLES: tuple[Role, ...] = get_args(Role)

INSTALLED = Path("/usr/lib/postgresql")  # where Debian keeps one folder a major version
PACKAGE = "postgresql-15-postgis-3"
SYSTEM_USER = "postgres"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP
SOCKET_PATH_LIMIT_BYTES = 107  # sun_path of unix(7), without its closing zero
PLAIN_PATH = re.compile(r"[\w/.@+-]+")  # means nothing special to a settings file or a DSN
STOP_WITHIN_S = 60.0  # a fast shutdown writes a checkpoint
MEGABYTE = 2**20

SETTINGS = """\
# Written by Milepost at each start. Your own settings go into custom.conf beside this file.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 100

fsync = on
full_page_writes = on
synchronous_commit = on

shared_buffers = {shared_buffers_mb}MB
effective_cache_size = {cache_mb}MB
maintenance_work_mem = 128MB
jit = off
random_page_cost = 1.1

wal_compression = on
wal_buffers = 16MB
min_wal_size = 160MB
max_wal_size = 2GB
checkpoint_timeout = 5min
checkpoint_completion_target = 0.9

timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
include_if_exists = 'custom.conf'
"""
ACCESS = "# Written by Milepost at each start.\nlocal all all peer map=milepost\n"


class PrivatePostgres:
    """PostgreSQL as a child of Milepost, its cluster in DATA/pg, fsync on.

    As root it runs as user postgres, else as the caller. Only the operating-system user that
    runs Milepost may connect, in each of `ROLES` (peer authentication with a map).
    """

    def __init__(self, data: DataFolder, programs: Path | None = None) -> None:
        self.folder = data.path / "pg"
        self._data = data
        self._programs = programs or newest_programs()
        self._user = server_user(SYSTEM_USER, program="PostgreSQL", package=PACKAGE)
        self._sockets = _socket_folder(data)
        self._custom: str | None = None
        self.child = Child(
            ChildSpec(
                name="PostgreSQL",
                argv=[str(self._programs / "postgres"), "-D", str(self.folder)],
                log=data.log / "postgres.log",
                stop_signal=signal.SIGINT,
                stop_within_s=STOP_WITHIN_S,
                user=self._user,
                prepare=self._prepare,
                ready=self._is_ready,
            )
        )

    def start(self) -> None:
        """Make the cluster if there is none, start, and wait for readiness, however long a crash
        recovery takes within two minutes; raises ServerError."""
        self.child.start()

    def prepare_with(self, custom: str) -> None:
        """Settings of one's own, written at the start into custom.conf."""
        self._custom = custom

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything is written."""
        self.child.stop()

    def dsn(self, role: Role, database: str = DATABASE) -> str:
        """A connection URL for libpq and asyncpg."""
        return private_dsn(self._data, role, database)

    @property
    def _server_uid(self) -> int:
        return os.geteuid() if self._user is None else pwd.getpwnam(self._user).pw_uid

    def _prepare(self) -> None:
        self._data.create()
        end_leftovers("postgres", self.folder, leader=_postmaster(self.folder))
        _private_folder(self._sockets, self._server_uid)
        if not self.folder.exists():
            self._make_cluster()
        self._require_our_major()
        self._configure()

    def _make_cluster(self) -> None:
        """Make it under another name, so that a half-made one is never taken for a cluster."""
        half = self.folder.with_name("pg.new")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        os.chown(half, self._server_uid, -1)
        self._require_way_in(half)
        self._tool(
            "initdb",
            *("-D", str(half), "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--auth=peer", f"--username={SUPERUSER}", "--no-instructions"),
        )
        self._tool(
            *("postgres", "--single", "-D", str(half), "template1"),
            said=CREATE_DATABASE,
        )
        half.rename(self.folder)

    def _tool(self, program: str, *arguments: str, said: str = "") -> None:
        """Run one of PostgreSQL's programs to its end; what it says goes to the server's log."""
        argv = [str(self._programs / program), *arguments]
        log = self._data.log / "postgres.log"
        with log.open("ab") as sink:
            done = subprocess.run(  # noqa: S603  our own command line
                bound_to_us(argv, user=self._user),
                input=said.encode(),
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd="/",
                process_group=0,
                check=False,
            )
        if done.returncode != 0:
            raise self.child.failure(f"could not be set up, {program} failed")

    def _require_way_in(self, folder: Path) -> None:
        enter = subprocess.run(  # noqa: S603  our own command line
            bound_to_us(["/usr/bin/test", "-w", str(folder)], user=self._user), check=False
        )
        if enter.returncode != 0:
            raise FolderClosed(user=self._user, folder=folder.parent)

    def _require_our_major(self) -> None:
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != major(self._programs):
            raise OtherMajor(folder=self.folder, found=found, ours=major(self._programs))

    def _configure(self) -> None:
        memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEGABYTE
        settings = SETTINGS.format(
            port=PORT,
            sockets=self._sockets,
            shared_buffers_mb=min(max(memory_mb // 8, 64), 2048),
            cache_mb=max(memory_mb // 2, 128),
        )
        write_whole(self.folder / "postgresql.conf", settings)
        if self._custom is not None:
            write_whole(self.folder / "custom.conf", self._custom)
        write_whole(self.folder / "pg_hba.conf", ACCESS)
        write_whole(self.folder / "pg_ident.conf", _identities())

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004  the file's own layout


def private_dsn(data: DataFolder, role: Role, database: str = DATABASE) -> str:
    """The connection URL of a data folder's own PostgreSQL, whether it runs or not."""
    return f"postgresql://{role}@/{database}?host={quote(str(_socket_folder(data)), safe='')}"


def socket_path(data: DataFolder) -> Path:
    """The Unix socket of a data folder's own PostgreSQL."""
    return _socket_folder(data) / f".s.PGSQL.{PORT}"


def newest_programs() -> Path:
    """The folder of the newest installed PostgreSQL's programs; raises MissingProgram."""
    found = [path.parent for path in INSTALLED.glob("*/bin/postgres")]
    if not found:
        raise MissingProgram(program="PostgreSQL", package=PACKAGE)
    return max(found, key=lambda programs: int(major(programs)))


def major(programs: Path) -> str:
    """The major version of the programs in a folder, by Debian's layout."""
    return programs.parent.name


def _identities() -> str:
    uid = os.geteuid()
    try:
        ours = pwd.getpwuid(uid).pw_name
    except KeyError:
        raise NamelessUser(uid=uid) from None
    lines = (f'milepost "{ours}" {role}\n' for role in ROLES)
    return "# Written by Milepost at each start.\n" + "".join(lines)


def _socket_folder(data: DataFolder) -> Path:
    """DATA/run/postgres where its path is short and plain enough, else one in /tmp."""
    wanted = data.run / "postgres"
    length = len(os.fsencode(wanted / f".s.PGSQL.{PORT}"))
    if length <= SOCKET_PATH_LIMIT_BYTES and PLAIN_PATH.fullmatch(str(wanted)):
        return wanted
    digest = hashlib.sha256(os.fsencode(data.path)).hexdigest()
    return Path("/tmp") / f"milepost-{digest[:16]}"  # noqa: S108  private to the user, and checked


def _private_folder(folder: Path, uid: int) -> None:
    """Make the folder, or accept one that nobody else can have put there or can enter."""
    if not folder.is_symlink() and not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise SocketFolderTaken(folder=folder, user=pwd.getpwuid(uid).pw_name)


def _postmaster(folder: Path) -> int | None:
    """The pid that the last postmaster wrote down, alive or not."""
    pid_file = folder / "postmaster.pid"
    return int(pid_file.read_text().split("\n")[0]) if pid_file.exists() else None
