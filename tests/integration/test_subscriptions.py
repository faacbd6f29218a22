"""Who is told, managed through the API and the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.integration.api_world import Served, World
from tests.integration.receivers import receiving
from tests.integration.service import said as said_by
from tests.integration.telling_world import outbox_ids, telling, until


@pytest.fixture
async def client(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(world.tokens["A"]) as made:
        yield made


def milepost(world: World, *argv: str, code: int = 0) -> str:
    """Run a verb; its output."""
    return said_by(world.database.environment(), *argv, code=code)


async def test_dead_letters_are_listed_and_replayed_through_the_api(
    world: World, client: httpx.AsyncClient
) -> None:
    with receiving() as [receiver]:
        receiver.answer = lambda _got: 400
        made = await client.post(
            "/v1/subscriptions", json={"ref": "hook", "department": "A", "target": receiver.url}
        )
        assert made.status_code == 201, made.text
        secret = made.json()["secret"]
        path = "/v1/subscriptions/A/hook"
        async with telling(world):
            await world.cross_square("A/AMB-1")

            async def both_dead() -> bool:
                return bool((await client.get(path)).json()["dead"] == 2)

            await until(both_dead)
            dead = (await client.get(f"{path}/dead")).json()["dead"]
            assert [each["id"] for each in dead] == await outbox_ids(world)
            assert {each["last_error"] for each in dead} == {"it answered 400"}

            receiver.answer = lambda _got: 204
            again = await client.post(f"{path}/replay", json={"numbers": [dead[1]["number"]]})
            assert again.json() == {"replayed": 1}
            await until(lambda: receiver.ids() == [dead[1]["id"]])
            assert (await client.post(f"{path}/replay", json={})).json() == {"replayed": 1}
            await until(lambda: len(receiver.ids()) == 2)

            rotated = (await client.post(f"{path}/rotate")).json()["secret"]
            receiver.came.clear()
            told = await client.post(f"{path}/test")
            assert told.status_code == 202
            number = told.json()["number"]

            async def was_sent() -> bool:
                return bool(
                    (await client.get(f"{path}/tellings/{number}")).json()["state"] == "sent"
                )

            await until(was_sent)
        receiver.verify(secret, rotated)
        assert receiver.came[0].json["type"] == "milepost.test.v1"
    shown = (await client.get(path)).json()
    assert "secret" not in shown
    assert secret not in (await client.get("/v1/subscriptions")).text
    assert (shown["waiting"], shown["dead"]) == (0, 0)


async def test_a_subscription_is_edited_at_its_revision(
    world: World, client: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    path = "/v1/subscriptions/A/hook"
    whole = {"ref": "hook", "department": "A", "target": "https://a.example/in"}
    made = (await client.post("/v1/subscriptions", json=whole)).json()
    edit = {**whole, "target": "https://b.example/in", "severities": ["critical"]}
    assert (await client.put(path, json=edit)).status_code == 428
    edited = await client.put(path, json=edit, headers={"If-Match": f'"{made["revision"]}"'})
    assert edited.status_code == 200, edited.text
    assert edited.headers["ETag"] == '"2"'
    assert edited.json() == {
        **{name: value for name, value in made.items() if name != "secret"},
        **{"target": "https://b.example/in", "severities": ["critical"], "revision": 2},
    }
    assert await world.sql("SELECT secret FROM subscription") == made["secret"], "signed as before"
    for body, headers, status in (
        (edit, {"If-Match": '"1"'}, 412),
        ({**whole, "kind": "email", "target": "a@b.example"}, {"If-Match": "*"}, 422),
        ({**whole, "ref": "other"}, {"If-Match": "*"}, 422),
        ({**whole, "target": "file:///etc/passwd"}, {"If-Match": "*"}, 422),
        ({**whole, "vehicles": ["B/AMB-1"]}, {"If-Match": "*"}, 422),
    ):
        refused = await client.put(path, json=body, headers=headers)
        assert refused.status_code == status, refused.text
    theirs = await as_b.put(path, json=edit, headers={"If-Match": "*"})
    assert theirs.status_code == 404
    off = (await client.delete(path)).json()
    assert (off["revision"], off["target"]) == (3, "https://b.example/in")
    shown = await client.get(path)
    assert (shown.headers["ETag"], shown.json()) == ('"3"', off)


async def test_what_is_switched_off_is_told_nothing(
    world: World, client: httpx.AsyncClient
) -> None:
    with receiving() as [receiver]:
        body = {"ref": "hook", "department": "A", "target": receiver.url}
        await client.post("/v1/subscriptions", json=body)
        off = await client.delete("/v1/subscriptions/A/hook")
        assert off.json()["disabled_at"] is not None
        assert (await client.post("/v1/subscriptions/A/hook/test")).status_code == 409
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await client.post("/v1/subscriptions/A/hook/enable")
            await client.post("/v1/subscriptions/A/hook/test")
            await until(receiver.ids)
        assert {each.json["type"] for each in receiver.came} <= {
            "milepost.test.v1", "milepost.fence.enter.v1", "milepost.fence.exit.v1",
        }  # fmt: skip
    assert (await client.post("/v1/subscriptions", json=body)).status_code == 409, "never twice"


async def test_another_departments_subscriptions_are_not_there(
    world: World, api: Served, client: httpx.AsyncClient
) -> None:
    body: dict[str, Any] = {"ref": "hook", "department": "A", "target": "https://a.example/"}
    assert (await client.post("/v1/subscriptions", json=body)).status_code == 201
    async with api.client(world.tokens["B"]) as other:
        assert (await other.get("/v1/subscriptions")).json() == {"subscriptions": []}
        for method, path, said in (
            ("POST", "", body),
            ("GET", "/A/hook", None),
            ("DELETE", "/A/hook", None),
            ("POST", "/A/hook/enable", None),
            ("POST", "/A/hook/rotate", None),
            ("POST", "/A/hook/test", None),
            ("GET", "/A/hook/dead", None),
            ("POST", "/A/hook/replay", {}),
            ("GET", "/A/hook/tellings/1", None),
        ):
            answer = await other.request(method, f"/v1/subscriptions{path}", json=said)
            assert answer.status_code == 404, (method, path, answer.text)
    shown = (await client.get("/v1/subscriptions/A/hook")).json()
    assert (shown["disabled_at"], shown["old_secret_until"]) == (None, None)
    assert await world.sql("SELECT count(*) FROM delivery") == 0


async def test_what_can_be_no_subscription_is_refused(client: httpx.AsyncClient) -> None:
    usual = {"ref": "x", "department": "A", "target": "https://a.example/"}
    for wrong in (
        {"target": "ftp://a.example/"},
        {"target": "https://user:word@a.example/"},
        {"target": "https://"},
        {"target": "https://a.example:99999/"},
        {"target": "https://a.example/ x"},
        {"kind": "fax"},
        {"kind": "mqtt"},
        {"kind": "email", "target": "no address"},
        {"kind": "email", "target": "a@b.example\r\nBcc: c@d.example"},
        {"types": ["milepost.%"]},
        {"severities": ["grave"]},
        {"rules": ["B/B-RULE"]},
        {"vehicles": ["AMB-1"]},
        {"ref": "two words"},
        {"secret": "whsec_mine"},
    ):
        answer = await client.post("/v1/subscriptions", json=usual | wrong)
        assert answer.status_code == 422, (wrong, answer.text)


async def test_the_command_line_adds_tests_and_replays(world: World) -> None:
    with receiving() as [receiver]:
        receiver.answer = lambda _got: 400
        said = milepost(world, "webhook", "add", "A/hook", receiver.url, "--type", "milepost.*")
        assert "whsec_" in said
        async with telling(world):
            await world.cross_square("A/AMB-1")

            async def both_dead() -> bool:
                dead = await world.sql("SELECT count(*) FROM delivery WHERE state = 'dead'")
                return bool(dead == 2)

            await until(both_dead)
        assert "2 dead" in milepost(world, "webhook", "list")
        letters = milepost(world, "webhook", "dead", "A/hook", "--json").splitlines()
        assert [json.loads(each)["vehicle"] for each in letters] == ["A/AMB-1"] * 2
        assert "2 dead letters wait again" in milepost(world, "webhook", "replay", "A/hook")
        assert "whsec_" in milepost(world, "webhook", "rotate", "A/hook")
        assert "waiting" in milepost(world, "webhook", "test", "A/hook", "--wait", "0", code=1)
        receiver.answer = lambda _got: 204
        async with telling(world):
            await until(lambda: len(receiver.ids()) == 3)
    assert "no such thing" in milepost(world, "webhook", "dead", "A/none", code=1)
    assert "is off" in milepost(world, "webhook", "off", "A/hook")


async def test_the_command_line_gives_an_alert_its_life(world: World) -> None:
    await world.cross_square("A/AMB-1")
    ids = [line.split()[0] for line in milepost(world, "alert", "list").splitlines()]
    assert len(ids) == 2
    milepost(world, "alert", "assign", ids[0], "--to", "Chan", "--by", "Lee")
    milepost(world, "alert", "snooze", ids[1])
    milepost(world, "alert", "ack", *ids, "--note", "seen", "--by", "Lee")
    assert "does not stand so" in milepost(world, "alert", "ack", ids[0], code=1)
    milepost(world, "alert", "close", ids[0], "--reason", "false", "--by", "Lee")
    shown = milepost(world, "alert", "show", ids[0])
    assert "acknowledged" in shown
    assert "reason false by Lee" in shown
    milepost(world, "rule", "add", "calm", "-d", "A", "--cooldown", "600", "--escalate", "60")
    rules = [json.loads(each) for each in milepost(world, "rule", "list", "--json").splitlines()]
    assert [(each["rule"], each["false"], each["precision"]) for each in rules] == [
        ("A/A-RULE", 1, 0.0),
        ("A/calm", 0, None),
        ("B/B-RULE", 0, None),
    ]
    assert (rules[1]["cooldown_s"], rules[1]["escalate_after_s"]) == (600, 60)
