"""Everything is told, at least once and in order a vehicle, whatever its receiver does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.integration.api_world import World
from tests.integration.receivers import Got, Receiver, receiving
from tests.integration.telling_world import outbox_ids, quick, subscribe, telling, until
from tracker.outbox import Outbox


async def drive_about(world: World, visits: int, *, start_s: float = 0.0) -> int:
    """Two vehicles in and out of the square, so many times; what there is to tell by then."""
    for number in range(visits):
        for vehicle in ("A/AMB-1", "A/AMB-2"):
            await world.cross_square(vehicle, start_s=start_s + 80 * number)
    return len(await outbox_ids(world))


async def assert_all_in_order(world: World, *receivers: Receiver) -> None:
    for vehicle in ("A/AMB-1", "A/AMB-2"):
        expected = await outbox_ids(world, vehicle)
        for receiver in receivers:
            assert receiver.ids(vehicle) == expected


async def test_what_is_told_is_a_signed_cloud_event(world: World) -> None:
    with receiving() as [receiver]:
        added = await subscribe(world, "hook", target=receiver.url)
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await until(lambda: len(receiver.ids()) == 2)
    assert added.secret is not None
    receiver.verify(added.secret)
    got = receiver.taken[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(added.secret).verify(got.body + b" ", got.headers)
    event = from_structured_event(HTTPMessage(got.headers, got.body))
    assert (event.get_type(), event.get_source(), event.get_subject()) == (
        "milepost.fence.enter.v1", "/departments/A", "A/AMB-1",
    )  # fmt: skip
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert event.get_id() == got.id == got.json["data"]["event"]
    assert got.json["time"] == got.json["data"]["time"]
    [alert] = got.json["data"]["alerts"]
    assert (alert["rule"], alert["severity"], alert["state"]) == ("A/A-RULE", "critical", "open")


async def test_away_failing_and_slow_receivers_miss_nothing_and_delay_nobody(world: World) -> None:
    slow = threading.Event()

    def dawdle(_got: Got) -> int:
        slow.wait(30)
        return 204

    with receiving(4) as [well, away, failing, slowed]:
        away.stop()
        failing.answer = lambda _got: 500
        slowed.answer = dawdle
        secrets = {
            each.port: (await subscribe(world, f"hook-{each.port}", target=each.url)).secret
            for each in (well, away, failing, slowed)
        }
        async with telling(world):
            count = await drive_about(world, 3)
            began_s = time.monotonic()
            await until(lambda: len(well.ids()) == count)
            assert time.monotonic() - began_s < 10, "it waited for the others"
            assert [*away.came, *failing.taken] == []
            await until(lambda: len(failing.came) > 3 and slowed.came)

            total = await drive_about(world, 1, start_s=400)
            away.start()
            failing.answer = lambda _got: 204
            slow.set()
            slowed.answer = lambda _got: 204
            for each in (well, away, failing, slowed):
                await until(lambda each=each: len(each.ids()) == total)
        await assert_all_in_order(world, well, away, failing, slowed)
        for each in (well, away, failing, slowed):
            each.verify(secrets[each.port] or "")
        assert len(well.came) == total, "nothing came twice to the one that answered"


async def test_a_receiver_that_never_takes_one_still_gets_the_other_vehicles(world: World) -> None:
    with receiving() as [receiver]:
        await subscribe(world, "hook", target=receiver.url)
        receiver.answer = lambda got: 500 if got.json["subject"] == "A/AMB-1" else 204
        async with telling(world):
            total = await drive_about(world, 2)
            await until(lambda: len(receiver.ids("A/AMB-2")) == total // 2)
            assert not receiver.ids("A/AMB-1")
            assert {each.id for each in receiver.came if each.json["subject"] == "A/AMB-1"} == {
                (await outbox_ids(world, "A/AMB-1"))[0]
            }, "a later one overtook it"
            receiver.answer = lambda _got: 204
            await until(lambda: len(receiver.ids()) == total)
        await assert_all_in_order(world, receiver)


async def test_a_refusal_for_good_is_a_dead_letter_and_the_next_ones_go(world: World) -> None:
    with receiving() as [receiver]:
        await subscribe(world, "hook", target=receiver.url)
        receiver.answer = lambda got: 422 if got.json["type"].endswith("enter.v1") else 204
        async with telling(world):
            await drive_about(world, 1)

            async def all_done() -> bool:
                return bool(await world.sql("SELECT count(done_at) = 4 FROM delivery"))

            await until(all_done)
        assert len(receiver.came) == 4
    assert await world.sql(
        "SELECT array_agg(state || ' ' || attempts ORDER BY outbox_id) FROM delivery"
    ) == ["dead 1", "sent 1", "dead 1", "sent 1"]
    assert await world.sql("SELECT min(last_error) FROM delivery") == "it answered 422"


async def test_what_waits_too_long_is_given_up(world: World) -> None:
    with receiving() as [receiver]:
        receiver.answer = lambda _got: 503
        await subscribe(world, "hook", target=receiver.url)
        async with telling(world, quick(give_up_s=0.3)):
            await world.cross_square("A/AMB-1")

            async def all_dead() -> bool:
                return bool(
                    await world.sql("SELECT count(*) = 2 FROM delivery WHERE state = 'dead'")
                )

            await until(all_dead)


async def test_who_wants_nothing_more_is_told_nothing_more(world: World) -> None:
    with receiving() as [receiver]:
        receiver.answer = lambda _got: 410
        await subscribe(world, "hook", target=receiver.url)
        async with telling(world):
            await world.cross_square("A/AMB-1")

            async def is_off() -> bool:
                return bool(await world.sql("SELECT disabled_at IS NOT NULL FROM subscription"))

            await until(is_off)
            await world.cross_square("A/AMB-2")

            async def is_planned() -> bool:
                return not await world.sql("SELECT count(*) FROM outbox WHERE planned_at IS NULL")

            await until(is_planned)
    # One where the first was refused before the second happened; the other vehicle's make it more.
    assert 1 <= await world.sql("SELECT count(*) FROM delivery") <= 2
    assert await world.sql("SELECT disabled_reason FROM subscription") == "it answered 410"


async def test_when_to_come_again_the_receiver_may_say(world: World) -> None:
    with receiving() as [receiver]:
        receiver.answer = lambda _got: 429
        receiver.headers = {"Retry-After": "1800"}
        await subscribe(world, "hook", target=receiver.url)
        async with telling(world):
            await world.cross_square("A/AMB-1")

            async def waits() -> bool:
                return bool(
                    await world.sql(
                        "SELECT coalesce(bool_or(next_at > milepost_now() + interval '29 minutes'"
                        " AND last_error IS NOT NULL), false) FROM delivery"
                    )
                )

            await until(waits)


async def test_filters_choose_by_type_severity_rule_and_vehicle(world: World) -> None:
    with receiving(4) as [exits, mine, grave, nobodys]:
        await subscribe(world, "a", target=exits.url, types=["milepost.fence.exit.v1"])
        await subscribe(world, "b", target=mine.url, vehicles=["A/AMB-2"], types=["milepost.*"])
        await subscribe(world, "c", target=grave.url, severities=["critical"], rules=["A/A-RULE"])
        await subscribe(world, "d", target=nobodys.url, severities=["info"])
        await subscribe(world, "e", target=nobodys.url, department="B")
        async with telling(world):
            await drive_about(world, 1)
            await until(lambda: len(grave.ids()) == 4 and len(exits.ids()) == 2)
            await until(lambda: len(mine.ids()) == 2)
    assert {each.json["type"] for each in exits.came} == {"milepost.fence.exit.v1"}
    assert {each.json["subject"] for each in mine.came} == {"A/AMB-2"}
    assert not nobodys.came


async def test_both_secrets_sign_while_they_rotate(world: World) -> None:
    with receiving() as [receiver]:
        added = await subscribe(world, "hook", target=receiver.url)
        old, new = added.secret or "", "whsec_" + "bmV3" * 10
        await world.sql(
            "UPDATE subscription SET old_secret = secret, secret = :new,"
            " old_secret_until = milepost_now() + interval '1 hour'",
            new=new,
        )
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await until(lambda: len(receiver.ids()) == 2)
            receiver.verify(old, new)
            await world.sql("UPDATE subscription SET old_secret_until = milepost_now()")
            receiver.came.clear()
            await world.cross_square("A/AMB-2")
            await until(lambda: len(receiver.ids()) == 4)
        receiver.verify(new)
        with pytest.raises(WebhookVerificationError):
            receiver.verify(old)


async def test_nothing_is_sent_to_addresses_inside_unless_the_operator_allows_it(
    world: World,
) -> None:
    with receiving() as [receiver]:
        for number, host in enumerate(
            ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433")
        ):
            await subscribe(world, f"h{number}", target=f"http://{host}:{receiver.port}/x")
        async with telling(world, quick(allow=[])):
            await world.cross_square("A/AMB-1")

            async def all_tried() -> bool:
                return bool(
                    await world.sql(
                        "SELECT count(DISTINCT subscription_id) = 4 FROM delivery"
                        " WHERE last_error LIKE '%not public%'"
                    )
                )

            await until(all_tried)
        assert not receiver.came


async def test_redirects_are_not_followed(world: World) -> None:
    with receiving(2) as [receiver, inside]:
        receiver.answer = lambda _got: 302
        receiver.headers = {"Location": inside.url}
        await subscribe(world, "hook", target=receiver.url)
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await until(lambda: len(receiver.came) > 1)
        assert not inside.came


async def test_kill_9_between_loses_nothing_and_doubles_with_the_same_id(world: World) -> None:
    """The program itself, killed again and again while it tells."""
    environment = os.environ | world.database.environment() | {
        "MILEPOST_DATABASE_WORKER_URL": world.database.dsn("milepost_worker"),
        "MILEPOST_TELL_ALLOW": '["127.0.0.0/8"]',
        "MILEPOST_TELL_POLL_S": "0.05",
        "MILEPOST_TELL_TIMEOUT_S": "0.5",
    }  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "milepost", "tell"], env=environment)

    with receiving() as [receiver]:
        added = await subscribe(world, "hook", target=receiver.url)
        total = await drive_about(world, 4)
        for taken in (1, 5, 9):
            teller = start()
            await until(lambda taken=taken: len(receiver.taken) >= taken)
            teller.send_signal(signal.SIGKILL)
            teller.wait()
        teller = start()
        try:
            await until(lambda: len(receiver.ids()) == total)
        finally:
            teller.send_signal(signal.SIGTERM)
            # It may not have been at work yet: the one before it told everything.
            assert teller.wait(30) in (0, -signal.SIGTERM)
        await assert_all_in_order(world, receiver)
        receiver.verify(added.secret or "")


async def test_two_tellers_tell_in_order_too(world: World) -> None:
    with receiving() as [receiver]:
        await subscribe(world, "hook", target=receiver.url)
        async with telling(world), telling(world):
            total = await drive_about(world, 4)
            await until(lambda: len(receiver.ids()) == total)
        await assert_all_in_order(world, receiver)
        assert len(receiver.came) == total


async def test_what_is_long_done_is_cleared_away(world: World) -> None:
    with receiving() as [receiver]:
        await subscribe(world, "hook", target=receiver.url)
        async with telling(world):
            await drive_about(world, 1)
            await until(lambda: len(receiver.ids()) == 4)

            async def all_sent() -> bool:
                return bool(
                    await world.sql("SELECT count(*) = 4 FROM delivery WHERE state = 'sent'")
                )

            await until(all_sent)
        outbox = await Outbox.open(world.database.dsn("milepost_worker"))
        assert await outbox.prune() == 0
        for statement in (
            "UPDATE delivery SET done_at = done_at - interval '31 days' WHERE outbox_id < 4",
            "UPDATE delivery SET state = 'dead' WHERE outbox_id = 1",
            "UPDATE outbox SET planned_at = planned_at - interval '31 days'",
        ):
            await world.sql(statement)
        assert await outbox.prune() == 4, "two deliveries, and their rows of the outbox"
        await outbox.close()
