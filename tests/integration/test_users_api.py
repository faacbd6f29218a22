"""People over HTTP, and that nobody gives more than they hold: the leak test of administrators."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.integration.api_world import Served, World
from tracker.people import add_user
from tracker.permissions import PERMISSIONS
from tracker.reads import Held, caller_with
from tracker.users import may_give

ANNA = {"login": "anna", "name": "Anna <b>Chan</b>", "roles": ["dispatcher@A"]}
PASSWORD = "three words of water"  # noqa: S105  of a test's user


def said(answer: httpx.Response, status: int = 200) -> Any:  # noqa: ANN401  any JSON
    assert answer.status_code == status, answer.text
    return answer.json()


def at(row: Any) -> dict[str, str]:  # noqa: ANN401  any JSON
    return {"If-Match": f'"{row["revision"]}"'}


async def signs_in(api: Served, login: str, password: str) -> bool:
    async with api.client() as browser:
        answer = await browser.post("/v1/session", json={"name": login, "password": password})
        return answer.status_code == 204


async def test_a_person_is_let_in_edited_disabled_and_let_in_again(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    once = {"Idempotency-Key": "anna"}
    made = said(await as_a.post("/v1/users", json=ANNA, headers=once), 201)
    assert (made["roles"], made["within"], made["elsewhere"]) == (["dispatcher@A"], True, False)
    assert await signs_in(api, "anna", made["password"])
    again = said(await as_a.post("/v1/users", json=ANNA, headers=once), 201)
    assert again == made | {"password": None}
    assert made["password"] not in await world.sql("SELECT json_agg(o)::text FROM once AS o")
    said(await as_a.post("/v1/users", json=ANNA), 409)
    assert said(await as_b.get("/v1/users"))["users"] == []

    said(await as_a.put("/v1/users/anna", json={"name": "Anna"}), 428)
    row = said(await as_a.put("/v1/users/anna", json={"name": "Anna"}, headers=at(made)))
    assert row["name"] == "Anna"
    said(await as_a.put("/v1/users/anna", json={"name": "X"}, headers=at(made)), 412)
    roles = {"roles": ["manager@A"]}
    row = said(await as_a.post("/v1/users/anna/roles", json=roles, headers=at(row)))
    assert row["roles"] == ["dispatcher@A", "manager@A"]
    row = said(await as_a.post("/v1/users/anna/roles/end", json=roles, headers=at(row)))
    assert row["roles"] == ["dispatcher@A"]
    said(await as_a.post("/v1/users/anna/roles/end", json=roles, headers=at(row)), 409)

    row = said(await as_a.post("/v1/users/anna/disable", headers=at(row)))
    assert not await signs_in(api, "anna", made["password"])
    said(await as_a.post("/v1/users/anna/disable", headers=at(row)), 409)
    row = said(await as_a.post("/v1/users/anna/enable", headers=at(row)))
    assert (row["disabled_at"], row["roles"]) == (None, ["dispatcher@A"])
    assert await signs_in(api, "anna", made["password"]), "with the password of before"
    new = said(await as_a.post("/v1/users/anna/password"))["password"]
    assert await signs_in(api, "anna", new)
    assert not await signs_in(api, "anna", made["password"])
    row = said(await as_a.get("/v1/users/anna"))
    row = said(
        await as_a.post(
            "/v1/users/anna/roles/end", json={"roles": ["dispatcher@A"]}, headers=at(row)
        )
    )
    assert said(await as_a.get("/v1/users"))["users"] == [row], "who was ours stays known"


BEYOND = [
    ("administrator@*", 403),
    ("platform@*", 403),
    ("steering@*", 403),
    ("dispatcher@B", 404),
    ("administrator@B", 404),
    ("dispatcher@NONE", 404),
    ("contractor@A/NONE", 404),
    ("king@A", 422),
    ("platform@A", 404),
    ("dispatcher", 422),
]


async def test_an_administrator_gives_nobody_more_than_they_hold(
    world: World, as_a: httpx.AsyncClient
) -> None:
    said(await as_a.post("/v1/users", json=ANNA), 201)
    for role, status in BEYOND:
        given = {"login": "eve", "name": "Eve", "roles": ["dispatcher@A", role]}
        said(await as_a.post("/v1/users", json=given), status)
        any_revision = {"If-Match": "*"}
        more = {"roles": [role]}
        said(await as_a.post("/v1/users/anna/roles", json=more, headers=any_revision), status)
    assert await world.sql("SELECT count(*) FROM local_user") == 1, "all of it or nothing"
    assert await world.sql("SELECT count(*) FROM role_assignment WHERE user_id IS NOT NULL") == 1


async def test_an_administrator_reaches_nobody_elsewhere(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    """Not a stranger, nor somebody here who is something elsewhere, or the whole government's."""
    people = {"bob": ["dispatcher@B"], "both": ["dispatcher@A", "dispatcher@B"]}
    people |= {"chief": ["dispatcher@A", "platform@*"], "top": ["administrator@*"]}
    async with world.database.transaction() as connection:
        for login, roles in people.items():
            await add_user(connection, login=login, name=login, password=PASSWORD, roles=roles)
    shown = {each["login"]: each for each in said(await as_a.get("/v1/users"))["users"]}
    assert set(shown) == {"both", "chief"}
    for login in ("both", "chief"):
        assert (shown[login]["roles"], shown[login]["elsewhere"]) == (["dispatcher@A"], True)
        assert shown[login]["within"] is False
    changes: dict[str, Any] = {"disable": None, "enable": None, "password": None}
    for login in people:
        status = 403 if login in shown else 404
        for act in changes:
            answer = await as_a.post(f"/v1/users/{login}/{act}", headers={"If-Match": "*"})
            assert said(answer, status)["title"], (login, act)
            assert "@B" not in answer.text
        renamed = await as_a.put(
            f"/v1/users/{login}", json={"name": "x"}, headers={"If-Match": "*"}
        )
        said(renamed, status)
    for login, role in (("both", "dispatcher@B"), ("chief", "platform@*")):
        more = {"roles": [role]}
        answer = await as_a.post(
            f"/v1/users/{login}/roles/end", json=more, headers={"If-Match": "*"}
        )
        assert answer.status_code in (403, 404)
    # What is theirs here is the administrator's to end.
    mine = {"roles": ["dispatcher@A"]}
    ended = await as_a.post("/v1/users/both/roles/end", json=mine, headers={"If-Match": "*"})
    assert said(ended)["roles"] == []
    assert await signs_in(api, "both", PASSWORD)


async def test_nobody_makes_themselves_more_or_locks_themselves_out(
    world: World, api: Served
) -> None:
    async with world.database.transaction() as connection:
        await add_user(
            connection, login="root", name="Root", password=PASSWORD, roles=["administrator@A"]
        )
    async with api.client() as root:
        said_in = await root.post("/v1/session", json={"name": "root", "password": PASSWORD})
        assert said_in.status_code == 204
        csrf = (await root.get("/v1/me")).json()["csrf"]
        root.headers.update({"X-CSRF-Token": csrf, "If-Match": "*"})
        for role in ("platform@*", "administrator@*", "administrator@B"):
            answer = await root.post("/v1/users/root/roles", json={"roles": [role]})
            assert answer.status_code in (403, 404), role
        said(await root.post("/v1/users/root/disable"), 409)
        own = {"roles": ["administrator@A"]}
        said(await root.post("/v1/users/root/roles/end", json=own), 409)


async def test_a_narrowed_key_gives_no_more_than_it_may(world: World, api: Served) -> None:
    key = await world.give_key("narrow", "administrator@A", scopes=["users:admin"])
    async with api.client(key) as client:
        assert said(await client.get("/v1/users"))["users"] == []
        said(await client.post("/v1/users", json=ANNA), 403)


async def test_the_database_itself_holds_the_places(world: World) -> None:
    """Whatever a route forgets: in the scope of A the functions reach nobody elsewhere."""
    async with world.database.transaction() as connection:
        await add_user(
            connection, login="bob", name="Bob", password=PASSWORD, roles=["dispatcher@B"]
        )
    bob = await world.sql("SELECT id FROM local_user WHERE login = 'bob'")
    async with world.database.transaction("milepost_api") as connection:
        await connection.exec_driver_sql("SET LOCAL app.depts = '1'")

        async def call(function: Any) -> Any:  # noqa: ANN401  any function of SQL
            return await connection.scalar(select(function))

        assert await call(func.edit_user(bob, "x", None, True)) is None
        assert await call(func.give_role(bob, "administrator", 2, None)) == "beyond"
        assert await call(func.give_role(bob, "platform", None, None)) == "beyond"
        assert await call(func.take_role(bob, "dispatcher", 2, None)) is False
        assert await call(func.whole_government()) is False
    async with world.database.transaction("milepost_api") as connection:
        assert await connection.scalar(select(func.whole_government())) is False, (
            "no scope, nothing"
        )
        with pytest.raises(Exception, match="permission denied"):
            await connection.exec_driver_sql("SELECT login FROM local_user")


def test_who_may_give_what_is_the_table_of_roles() -> None:
    for holder in PERMISSIONS:
        place = None if holder in ("platform", "steering") else 1
        caller = caller_with([Held(role=holder, department_id=place)], {1: "A"}, id="x", label="x")
        for role, may in PERMISSIONS.items():
            expected = "users:admin" in PERMISSIONS[holder] and may <= PERMISSIONS[holder]
            assert may_give(caller, role, 1) is expected
            assert may_give(caller, role, 2) is (expected and place is None)
            assert may_give(caller, role, None) is (expected and place is None)
