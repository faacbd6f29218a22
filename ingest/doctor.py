"""What `milepost doctor` asks about the broker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

from ingest.accounts import PACKAGE
from ingest.broker import DEFAULT_PORT, HOST, broker_program, greets
from tracker.child import answers
from tracker.data_folder import DataFolder
from tracker.doctor import Check
from tracker.server_errors import MissingProgram


def check_broker(data: DataFolder, mqtt_url: str | None) -> Iterator[Check]:
    """The broker's program, and whether it answers: ours in `data`, or the one of `mqtt_url`."""
    if mqtt_url is not None:
        yield _check_outside(mqtt_url)
        return
    yield _check_program()
    if data.holder() is None:
        yield Check("MQTT", "not running: milepost run starts it")
        return
    port = data.ports().get("mqtt", DEFAULT_PORT)
    cure = None if greets(HOST, port) else f"it does not answer: see {data.log}/mosquitto.log"
    yield Check("MQTT", f"mqtt://{HOST}:{port}", cure)


def _check_program() -> Check:
    try:
        program = broker_program()
    except MissingProgram as error:
        return Check("Mosquitto", "not found", str(error))
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)  # noqa: S603  our own command line
    version = said.stdout.split("\n", 1)[0].removeprefix("mosquitto version ")
    return Check("Mosquitto", f"{version} ({program}, package {PACKAGE})")


def _check_outside(url: str) -> Check:
    place = urlsplit(url)
    host, port = place.hostname or HOST, place.port or DEFAULT_PORT
    cure = None if answers(host, port) else "it does not answer: is MILEPOST_MQTT_URL right?"
    return Check("MQTT", f"{host}:{port} (MILEPOST_MQTT_URL)", cure)
