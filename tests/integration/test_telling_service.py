"""`milepost run` tells by itself: a webhook, and the private broker with its own name there."""

from __future__ import annotations

import pytest

from tests.integration.receivers import receiving
from tests.integration.service import running_service
from tracker.registry import NewDepartment, NewDevice


def test_the_running_service_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_TELL_ALLOW", '["127.0.0.0/8"]')
    things = NewDepartment(ref="FSD"), NewDevice(ref="box", department="FSD")
    with receiving() as [receiver], running_service(*things) as service:
        service.milepost("webhook", "add", "FSD/hook", receiver.url)
        service.milepost("webhook", "add", "FSD/bus", "--kind", "mqtt")
        # From now on everybody needs a name at the broker.
        service.milepost("device", "password", "FSD/box")
        assert "sent" in service.milepost("webhook", "test", "FSD/hook", "--wait", "60")
        assert "sent" in service.milepost("webhook", "test", "FSD/bus", "--wait", "60")
        assert receiver.taken[0].json["type"] == "milepost.test.v1"
