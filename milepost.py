"""The `milepost` command and the composition root: the one place that knows every folder."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn
from urllib.parse import urlsplit

import typer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from ingest.broker import PrivateBroker
    from tracker.child import Child
    from tracker.data_folder import DataFolder
    from tracker.doctor import Check
    from tracker.roles import Role

__version__ = "0.1.0"

HOME = Path(__file__).parent
FOLDERS = ("ingest", "tracker", "geo", "api", "maps", "devices")
#: What each of them raises on purpose.
FAULTS = ("IngestError", "TrackerError", "GeoError", "ApiError", "MapsError", "DeviceError")
CLIS = ("tracker.cli", "ingest.cli", "api.cli", "devices.cli", "devices.simulate_cli")

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DEMO_SCALE = 0.1  # the share of each fleet that one small machine drives with ease

app = typer.Typer(
    name="milepost",
    help="The location service that all departments of a government share.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder.", envvar="MILEPOST_DATA"),
]


class OutsideServers(BaseSettings):
    """Servers that others run; each one given switches off our own."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_")

    database_url: SecretStr | None = None
    mqtt_url: SecretStr | None = None


class Share(BaseSettings):
    """How many processes share the shards of ingest."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_")

    ingest_workers: Annotated[int, Field(ge=1, le=64)] = 1


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A process that `milepost run` starts: a verb of this same command, as one database role."""

    argv: tuple[str, ...]
    roles: tuple[Role, ...]
    demo_only: bool = False
    own_broker_only: bool = False
    #: How it shows that it is at work: by running, by its pid in a file, or by answering.
    shows: Literal["runs", "file", "web"] = "runs"
    #: Several of it may share the work.
    shared: bool = False
    #: Of several of its kind.
    number: int = 1

    @property
    def name(self) -> str:
        """How messages and the log file call it."""
        return self.argv[0] if self.number == 1 else f"{self.argv[0]}-{self.number}"


#: Before the workers, each to its end.
STEPS = (
    Verb(argv=("migrate",), roles=("postgres", "milepost_owner")),
    Verb(argv=("enrol-demo", "--scale", "{scale}"), roles=("milepost_owner",), demo_only=True),
    Verb(argv=("broker-accounts",), roles=("milepost_ingest",), own_broker_only=True),
)
#: Partitions are detached by their owner; backtests read as the API's role.
WORKER_ROLES: tuple[Role, ...] = ("milepost_worker", "milepost_owner", "milepost_api")
#: Kept running; started in this order, stopped in the reverse one.
WORKERS = (
    Verb(argv=("ingest",), roles=("milepost_ingest",), shows="file", shared=True),
    Verb(argv=("tell",), roles=("milepost_worker",)),
    Verb(
        argv=("serve", "--host", "{host}", "--port", "{port}"),
        roles=("milepost_api",),
        shows="web",
    ),
    Verb(argv=("worker",), roles=WORKER_ROLES, shows="file"),
    Verb(
        argv=tuple("simulate --scale {scale} --serial {serial} --recording {recording}".split()),
        roles=(),
        demo_only=True,
    ),
)
#: The setting that tells a process where the database is, as each role.
ADDRESS_OF: dict[Role, str] = {
    "postgres": "MILEPOST_DATABASE_SUPERUSER_URL",
    "milepost_owner": "MILEPOST_DATABASE_URL",
    "milepost_ingest": "MILEPOST_DATABASE_INGEST_URL",
    "milepost_api": "MILEPOST_DATABASE_API_URL",
    "milepost_worker": "MILEPOST_DATABASE_WORKER_URL",
}


def main() -> None:
    """Run the command line: exit code 2 for wrong usage, 1 with one sentence for a failure."""
    for name, place in _places().items():
        if place != HOME / name:
            _fail(f"package {name} comes from {place}, not from {HOME}: take it off PYTHONPATH.")
    for name in CLIS:
        app.add_typer(importlib.import_module(name).app)
    from tracker.cli.panels import SERVICE

    for command in app.registered_commands:
        command.rich_help_panel = SERVICE
    try:
        app()
    except Exception as error:  # told apart by what is imported now
        if not isinstance(error, _faults()):
            raise
        _fail(str(error))


def _faults() -> tuple[type[Exception], ...]:
    """What our folders raise on purpose, with a sentence for the person at the terminal; only what
    is imported can have been raised."""
    named = zip((sys.modules.get(f"{each}.errors") for each in FOLDERS), FAULTS, strict=True)
    return tuple(getattr(module, name) for module, name in named if module)


def _fail(sentence: str) -> NoReturn:
    sys.stderr.write(f"milepost: {sentence}\n")
    raise SystemExit(1)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"milepost {__version__}")
        raise typer.Exit


@app.callback()
def _milepost(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    pass


@app.command()
def run(
    data: DataOption = None,
    host: Annotated[str, typer.Option(help="The address to serve the web on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its TCP port.")] = 8080,
    demo: Annotated[bool, typer.Option("--demo", help="Run the simulated government.")] = False,
    full: Annotated[bool, typer.Option("--full", help="With --demo: all its vehicles.")] = False,
) -> None:
    """Run the whole service here: its own PostgreSQL and MQTT broker, ingest, and the web."""
    from tracker.data_folder import DataFolder

    if demo and host not in LOOPBACK:
        _fail(
            "the demonstration lets anyone sign in, so it is served on this machine only:"
            " leave out --host, or --demo."
        )
    scale = 1.0 if full else DEMO_SCALE
    _Service(DataFolder(data), host=host, port=port, demo_scale=scale if demo else None).run()


class _Service:
    """What `milepost run` starts and keeps."""

    def __init__(self, data: DataFolder, *, host: str, port: int, demo_scale: float | None) -> None:
        self._data = data
        self._host = host
        self._port = port
        self._demo_scale = demo_scale
        self._outside = OutsideServers()
        self._broker: PrivateBroker | None = None
        self._env = {"MILEPOST_DATA": str(data.path)}

    def run(self) -> None:
        """Start everything and keep it running until SIGTERM or Ctrl-C."""
        from tracker.child import require_free
        from tracker.postgres import PrivatePostgres
        from tracker.supervisor import Supervisor

        with self._data.lock(), Supervisor(_say) as supervisor:
            require_free(self._host, self._port)
            self._make_broker()
            if self._outside.database_url is None:
                supervisor.add(PrivatePostgres(self._data).child, wait=True)
            for step in self._chosen(STEPS):
                supervisor.finish(self._child(step))
            if self._broker is not None:
                self._broker.open_outside()
                supervisor.add(self._broker.child, wait=True)
            self._data.set_port("web", self._port)
            self._introduce()
            if self._demo_scale:
                self._read_demo_places()
            for worker in _each(self._chosen(WORKERS), Share().ingest_workers):
                # The demonstration's vehicles begin when none of their messages can be missed.
                heard = self._demo_scale is not None and worker.shared
                supervisor.add(self._child(worker), wait=heard)
            supervisor.watch()

    def _chosen(self, verbs: tuple[Verb, ...]) -> Iterator[Verb]:
        for verb in verbs:
            if (self._demo_scale or not verb.demo_only) and (
                self._broker or not verb.own_broker_only
            ):
                yield verb

    def _make_broker(self) -> None:
        from ingest.broker import PrivateBroker
        from ingest.listener import ListenerSettings

        if self._outside.mqtt_url is None:
            listener = ListenerSettings()
            listener.check()
            self._broker = PrivateBroker(self._data, listener)

    def _child(self, verb: Verb) -> Child:
        from tracker.child import Child, ChildSpec
        from tracker.process import READY_FILE

        facts = {"host": self._host, "port": self._port, "scale": self._demo_scale}
        argv = (part.format_map(facts | self._demo_places) for part in verb.argv)
        return Child(
            ChildSpec(
                name=verb.name,
                argv=[sys.executable, "-m", "milepost", *argv],
                log=self._data.log / f"{verb.name}.log",
                env=self._env
                | self._addresses(verb.roles)
                | (self._broker.environment(verb.argv[0]) if self._broker else {})
                | {READY_FILE: str(self._ready_file(verb))},
                ready=lambda pid: self._is_at_work(verb, pid),
            )
        )

    def _ready_file(self, verb: Verb) -> Path:
        return self._data.run / f"{verb.name}.ready"

    def _is_at_work(self, verb: Verb, pid: int) -> bool:
        from tracker.child import answers

        if verb.shows == "web":
            return answers(self._host, self._port)
        if verb.shows == "file":
            told = self._ready_file(verb)
            return told.exists() and told.read_text(encoding="ascii").strip() == str(pid)
        return True

    @property
    def _demo_places(self) -> dict[str, Path]:
        """Where the simulator makes a serial port, and leaves a recording."""
        run = self._data.run
        return {"serial": run / "demo-serial", "recording": run / "demo-recording.nmea"}

    def _read_demo_places(self) -> None:
        from devices.simulator import load_government
        from ingest.demo import sources

        government = load_government(scale=self._demo_scale or DEMO_SCALE)
        self._env["MILEPOST_SOURCES"] = sources(government, **self._demo_places)
        # Where the internet is, the demonstration shows streets; the server asks first.
        if "MILEPOST_BASEMAP_ONLINE" not in os.environ:
            self._env["MILEPOST_BASEMAP_ONLINE"] = "lands-department"

    def _addresses(self, roles: tuple[Role, ...]) -> dict[str, str]:
        from tracker.postgres import private_dsn

        if self._outside.database_url is not None:
            return {}
        return {ADDRESS_OF[role]: private_dsn(self._data, role) for role in roles}

    def _introduce(self) -> None:
        from tracker.postgres import socket_path

        database, mqtt = self._outside.database_url, self._outside.mqtt_url
        lines = {
            "data folder": str(self._data.path),
            "PostgreSQL": _place(database) if database else str(socket_path(self._data)),
            "MQTT": self._broker.url if self._broker else _place(mqtt),
            "web": f"http://{self._host}:{self._port}/",
            "logs": str(self._data.log),
        }
        table = "".join(f"  {name:<12} {value}\n" for name, value in lines.items())
        sys.stdout.write(f"Milepost {__version__}\n{table}Ctrl-C stops it.\n")
        sys.stdout.flush()


def _each(workers: Iterable[Verb], ingest_count: int) -> Iterator[Verb]:
    """The verbs, and so many processes of ingest."""
    for verb in workers:
        for number in range(1, (ingest_count if verb.shared else 1) + 1):
            yield replace(verb, number=number)


def _place(url: SecretStr | None) -> str:
    """A URL without what is secret in it."""
    return urlsplit(_open(url) or "")._replace(query="").geturl().split("@")[-1]


def _say(line: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S}Z {line}\n")
    sys.stdout.flush()


@app.command()
def doctor(
    data: DataOption = None,
    security: Annotated[
        bool, typer.Option("--security", help="Look at what is exposed instead, and to whom.")
    ] = False,
) -> None:
    """Look at everything that Milepost needs here, and say what to do about what is wrong."""
    from ingest.doctor import check_broker
    from ingest.exposure import check_broker_exposure
    from tracker.data_folder import DataFolder
    from tracker.doctor import Check, check_database, check_folder, check_web, told
    from tracker.exposure import check_exposure

    folder, outside = DataFolder(data), OutsideServers()
    checks = (
        [
            *check_exposure(folder),
            *check_broker_exposure(folder, _open(outside.mqtt_url)),
        ]
        if security
        else [
            *_check_programs(),
            *(Check(f"package {name}", str(place)) for name, place in _places().items()),
            check_folder(folder),
            *check_database(folder, _open(outside.database_url)),
            *check_broker(folder, _open(outside.mqtt_url)),
            check_web(folder),
        ]
    )
    typer.echo("\n".join(told(checks)))
    raise typer.Exit(any(check.cure is not None for check in checks))


def _open(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _check_programs() -> Iterator[Check]:
    """Milepost, Python, and every dependency that our own metadata names."""
    from tracker.doctor import Check

    yield Check("milepost", f"{__version__} ({HOME})")
    yield Check("Python", f"{platform.python_version()} ({sys.executable})")
    for wanted in importlib.metadata.requires("milepost") or ():
        name = re.split(r"[^\w.-]", wanted, maxsplit=1)[0]
        try:
            yield Check(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "missing", f"pip install '{wanted}'")


def _places() -> dict[str, Path]:
    """Where each of our folders comes from. Their names are common: another package of that
    name may stand before ours."""
    specs = {name: importlib.util.find_spec(name) for name in FOLDERS}
    return {name: Path((s and s.origin) or "nowhere").parent for name, s in specs.items()}


if __name__ == "__main__":
    main()
