"""`milepost run` tells by itself: a webhook, and the private broker with its own name there."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.integration.receivers import Receiver, receiving
from tests.integration.service import Service, running_service, verb
from tests.integration.signed_in import WITHIN_S, Box, box
from tracker.child import wait_for
from tracker.registry import NewDepartment, NewDevice

THINGS = (
    NewDepartment(ref="FSD"),
    NewDevice(ref="box", department="FSD"),
    NewDepartment(ref="POL"),
)


def heard(reader: Box, topic: str) -> bool:
    return wait_for(lambda: topic in reader.heard, WITHIN_S)


def test_the_running_service_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_TELL_ALLOW", '["127.0.0.0/8"]')
    with receiving() as [receiver], running_service(*THINGS) as service:
        service.milepost("webhook", "add", "FSD/hook", receiver.url)
        passwords = {}
        for name in ("FSD/bus", "POL/bus"):
            said = service.milepost("webhook", "add", name, "--kind", "mqtt")
            assert f"gov-out/{name}" in said
            passwords[name] = said.split()[-1]
        # From now on everybody needs a name at the broker.
        service.milepost("device", "password", "FSD/box")
        assert "sent" in service.milepost("webhook", "test", "FSD/hook", "--wait", "60")
        assert "sent" in service.milepost("webhook", "test", "FSD/bus", "--wait", "60")
        assert receiver.taken[0].json["type"] == "milepost.test.v1"
        # What a department is told on MQTT its own reader hears, and no other.
        port = service.data.ports()["mqtt"]
        with (
            box(port, "gov-out/FSD/bus", passwords["FSD/bus"]) as own,
            box(port, "gov-out/POL/bus", passwords["POL/bus"]) as other,
        ):
            assert own.is_in()
            assert other.is_in()
            for reader in (own, other):
                reader.client.subscribe("gov-out/#", qos=1)
                reader.client.subscribe("gov/#", qos=1)
            service.milepost("webhook", "test", "FSD/bus", "--wait", "60")
            assert heard(own, "gov-out/1/FSD/test")
            # In its order, so that what came before it would have come.
            service.milepost("webhook", "test", "POL/bus", "--wait", "60")
            assert heard(other, "gov-out/1/POL/test")
            assert set(own.heard) == {"gov-out/1/FSD/test"}
            assert set(other.heard) == {"gov-out/1/POL/test"}
            new = service.milepost("webhook", "rotate", "FSD/bus").split()[-1]
            with box(port, "gov-out/FSD/bus", new, client_id="again") as again:
                assert again.is_in()
            service.milepost("webhook", "off", "POL/bus")
            with box(port, "gov-out/POL/bus", passwords["POL/bus"]) as gone:
                assert gone.is_refused()
        figures_are_told(service, receiver)


def figures_are_told(service: Service, receiver: Receiver) -> None:
    """A receiver that does not take what it is told stands in status, doctor and the metrics."""
    environment = {"MILEPOST_DATA": str(service.data.path)}
    assert "3 subscriptions, 0 have not taken all" in service.milepost("status")
    receiver.answer = lambda _got: 404
    verb(environment, "webhook", "test", "FSD/hook", "--wait", "60")
    said = service.milepost("status")
    assert "FSD/hook: 0 wait (0 tried), 1 dead letters" in said
    doctor = verb(environment, "doctor").stdout
    assert re.search(r"wrong telling .*1 dead letters\n.*webhook dead.*FSD/hook", doctor), doctor
    key = service.milepost("key", "add", "--role", "platform@*").strip()
    headers = {"Authorization": f"Bearer {key}"}
    figures = httpx.get(f"{service.web_url}/metrics", headers=headers).text
    told = 'milepost_tellings_{}{{kind="webhook",subscription="FSD/hook"}} {}'
    for column, number in (("waiting", 0.0), ("failing", 0.0), ("dead", 1.0)):
        assert told.format(column, number) in figures, figures
