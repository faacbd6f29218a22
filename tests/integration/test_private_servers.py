"""The private PostgreSQL, a real one, and the data folder that it lives in."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from ingest.broker import PrivateBroker
from tests.integration.processes import children_of, lives, passing_folder
from tracker.child import tcp_listeners, wait_for
from tracker.data_folder import DataFolder
from tracker.postgres import ROLES, PrivatePostgres, socket_path
from tracker.server_errors import (
    ChildFailed,
    FolderClosed,
    FolderInUse,
    OtherMajor,
    SocketFolderTaken,
)

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data() -> Iterator[DataFolder]:
    with passing_folder() as folder:
        yield folder


@contextmanager
def running(data: DataFolder) -> Iterator[PrivatePostgres]:
    postgres = PrivatePostgres(data)
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()


async def ask(postgres: PrivatePostgres, statement: str, *arguments: object) -> str:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        return str(await connection.fetchval(statement, *arguments))
    finally:
        await connection.close()


async def test_a_first_boot_makes_a_safe_cluster_and_a_second_one_finds_the_data(
    data: DataFolder,
) -> None:
    with running(data) as postgres:
        wanted = {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "listen_addresses": "",
            "jit": "off",
            "max_connections": "100",
            "TimeZone": "UTC",
        }
        assert {name: await ask(postgres, f"SHOW {name}") for name in wanted} == wanted
        assert await ask(
            postgres, "SELECT datcollate FROM pg_database WHERE datname = 'milepost'"
        ) == ("C.UTF-8")
        await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    with running(data) as postgres:
        assert await ask(postgres, "SELECT answer FROM kept") == "42"
        assert await ask(postgres, "SELECT current_database()") == "milepost"


def test_postgres_listens_on_no_tcp_port_and_only_its_owner_enters(data: DataFolder) -> None:
    with running(data) as postgres:
        assert postgres.child.pid is not None
        assert tcp_listeners(postgres.child.pid) == set()
        socket_folder = socket_path(data).parent
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(postgres.folder.stat().st_mode) == 0o700


async def test_each_role_of_the_map_enters_without_a_password_and_no_other(
    data: DataFolder,
) -> None:
    with running(data) as postgres:
        for role in (*ROLES[1:], "stranger"):
            await ask(postgres, f'CREATE ROLE "{role}" LOGIN')
        for role in ROLES:
            connection = await asyncpg.connect(postgres.dsn(role))
            assert await connection.fetchval("SELECT current_user") == role
            await connection.close()
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="stranger"):
            await asyncpg.connect(postgres.dsn(ROLES[0]).replace("postgres@", "stranger@"))


async def test_what_was_committed_survives_kill_9_of_every_process(data: DataFolder) -> None:
    postgres = PrivatePostgres(data)
    postgres.start()
    await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    postmaster = postgres.child.pid
    assert postmaster is not None
    children = children_of(postmaster)
    assert len(children) >= 4
    for pid in (postmaster, *children):
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: postgres.child.exit_code == -signal.SIGKILL, 10)
    assert (postgres.folder / "postmaster.pid").exists()
    with running(data) as again:
        assert await ask(again, "SELECT answer FROM kept") == "42"


async def test_a_busy_session_that_outlives_its_postmaster_is_ended_first(
    data: DataFolder,
) -> None:
    postgres = PrivatePostgres(data)
    postgres.start()
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    session = connection.get_server_pid()
    endless = asyncio.create_task(
        connection.fetchval("SELECT count(*) FROM generate_series(1, 1000000000000)")
    )
    busy = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'"
    while await ask(postgres, busy, session) != "1":
        assert not endless.done()
    assert postgres.child.pid is not None
    os.kill(postgres.child.pid, signal.SIGKILL)
    assert wait_for(lambda: postgres.child.exit_code is not None, 10)
    try:
        assert lives(session)
        with running(data) as again:
            assert await ask(again, "SELECT 1") == "1"
            assert not lives(session)
    finally:
        with suppress(ProcessLookupError):
            os.kill(session, signal.SIGKILL)
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await endless


async def test_a_server_that_an_earlier_run_left_is_ended_first(data: DataFolder) -> None:
    left = PrivatePostgres(data)
    left.start()
    with running(data) as postgres:
        assert left.child.exit_code == 0
        assert await ask(postgres, "SELECT 1") == "1"


@pytest.mark.parametrize(
    "name", ["a" * 100, "with, comma and 'quote'", "資料", "back\\slash"], ids=lambda name: name[:9]
)
async def test_any_name_of_the_data_folder_works(data: DataFolder, name: str) -> None:
    odd = DataFolder(data.path / name)
    with running(odd) as postgres:
        assert await ask(postgres, "SELECT 1") == "1"
        sockets = socket_path(odd).parent
        assert len(os.fsencode(socket_path(odd))) <= 107
    if not sockets.is_relative_to(odd.path):
        sockets.rmdir()
    broker = PrivateBroker(odd)
    broker.start()
    broker.stop()
    assert broker.child.exit_code == 0
    assert (broker.folder / "mosquitto.db").exists()


def test_a_socket_folder_that_others_may_enter_is_refused(data: DataFolder) -> None:
    deep = DataFolder(data.path / ("a" * 100))
    planted = socket_path(deep).parent
    assert not planted.is_relative_to(deep.path)
    planted.mkdir()
    planted.chmod(0o777)
    try:
        with pytest.raises(SocketFolderTaken, match=str(planted)):
            PrivatePostgres(deep).start()
    finally:
        planted.rmdir()


def test_a_cluster_of_another_major_version_is_refused(data: DataFolder) -> None:
    cluster = data.path / "pg"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("13\n")
    with pytest.raises(OtherMajor, match=r"made by PostgreSQL 13.*pg_upgrade"):
        PrivatePostgres(data).start()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


async def test_a_first_boot_that_was_cut_short_is_begun_again(data: DataFolder) -> None:
    half = data.path / "pg.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    with running(data) as postgres:
        assert await ask(postgres, "SELECT 1") == "1"
    assert not half.exists()


def test_a_server_that_cannot_start_says_why(data: DataFolder) -> None:
    with running(data) as postgres:
        custom = postgres.folder / "custom.conf"
    custom.write_text("no_such_setting = 1\n")
    with pytest.raises(ChildFailed, match=r"PostgreSQL did not start, exit code 1\. .*errors"):
        PrivatePostgres(data).start()
    custom.write_text("max_connections = 33\n")
    with running(data):
        pass


def test_root_is_told_which_folder_its_server_cannot_enter(data: DataFolder) -> None:
    data.path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        with pytest.raises(FolderClosed, match=f"User postgres may not enter {data.path}"):
            PrivatePostgres(data).start()
    else:
        with running(data) as postgres:
            assert postgres.folder.owner() == pwd.getpwuid(os.geteuid()).pw_name


def test_a_folder_has_one_holder_and_a_killed_one_frees_it(data: DataFolder) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from tracker.data_folder import DataFolder\n"
    )
    hold += "with DataFolder(Path(sys.argv[1])).lock(): print(flush=True); time.sleep(60)"
    with subprocess.Popen(  # noqa: S603  the test's own command line
        [sys.executable, "-c", hold, str(data.path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert data.holder() == other.pid
        with pytest.raises(FolderInUse, match=rf"pid {other.pid}\) runs in {data.path}"):
            data.lock().__enter__()
        other.kill()
    assert data.holder() is None
    with data.lock():
        assert data.holder() == os.getpid()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"MILEPOST_DATA": "/srv/m", "XDG_DATA_HOME": "/x"}, "/srv/m"),
        ({"XDG_DATA_HOME": "/x"}, "/x/milepost"),
        ({"HOME": "/home/wong"}, "/home/wong/.local/share/milepost"),
    ],
)
def test_a_plain_user_finds_the_data_folder_by_the_rule(
    environ: dict[str, str], folder: str
) -> None:
    show = "from tracker.data_folder import DataFolder; print(DataFolder().path)"
    found = as_plain_user(sys.executable, "-c", show, environ=environ)
    assert found.stdout.strip() == folder, found.stderr


def test_a_plain_user_needs_no_other_user(data: DataFolder) -> None:
    home = data.path.parent / "home"
    home.mkdir()
    home.chmod(0o777)
    boot = """
import asyncio, asyncpg
from ingest.broker import PrivateBroker
from tracker.data_folder import DataFolder
from tracker.postgres import PrivatePostgres
async def user():
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    print(await connection.fetchval("SELECT current_user"))
    await connection.close()
data = DataFolder()
postgres, broker = PrivatePostgres(data), PrivateBroker(data)
with data.lock():
    for server in (postgres, broker):
        server.start()
    asyncio.run(user())
    for server in (broker, postgres):
        server.stop()
        print(server.child.exit_code)
"""
    done = as_plain_user(sys.executable, "-c", boot, environ={"MILEPOST_DATA": str(home / "data")})
    assert done.stdout.split() == ["postgres", "0", "0"], done.stderr
    owners = {path.owner() for path in (home / "data").iterdir()}
    assert owners == {plain_user()}


def plain_user() -> str:
    """Nobody where root tests a checkout that others may read; else whoever runs the tests."""
    ours = pwd.getpwuid(os.geteuid()).pw_name
    if ours != "root":
        return ours
    reads = subprocess.run(  # noqa: S603  the test's own command line
        [*in_the_shoes_of("nobody"), "/usr/bin/test", "-r", str(CHECKOUT / "milepost.py")],
        check=False,
    )
    return "nobody" if reads.returncode == 0 else ours


def in_the_shoes_of(user: str) -> list[str]:
    if user == pwd.getpwuid(os.geteuid()).pw_name:
        return []
    group = pwd.getpwnam(user).pw_gid
    return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--"]


def as_plain_user(*argv: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  the test's own command line
        [*in_the_shoes_of(plain_user()), *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
        env={"PATH": os.environ["PATH"]} | environ,
    )
