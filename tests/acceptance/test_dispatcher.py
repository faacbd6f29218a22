"""A dispatcher's jobs (D1 to D10), by mouse and by keyboard alone, in both languages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product

import pytest

from tests.acceptance.browser import visiting
from tests.acceptance.dispatcher import HANDS, Dispatcher, Mouse, out_of_reach
from tests.acceptance.languages import foreign
from tests.acceptance.shift import (
    CORDON_S,
    DEPOT_LAT,
    HOSTILE,
    LATE_LON,
    LATE_S,
    LON,
    RANKED,
    WAY,
    Place,
    Shift,
    on_shift,
)

TURNS = list(product(HANDS, ("en", "zh-Hant")))
#: Names and what was typed are in no language.
NOBODYS = (HOSTILE, "Chan", "Lee", "PAST", "case 12", "the fire at the docks", "a test")
#: Nor are what fields show of what may be typed there: refs, codes.
EXAMPLES = ("AMB-012", "FEHD/WASTE-1", "mon-fri", "anna", "key:mp_", "duress")
CLASSES = ("ambulance", "patrol", "lorry", "boat")
#: Tries at what is there within two seconds unless the machine has much else to do.
TRIES, SOON_S = 10, 2.0


@pytest.fixture(scope="module")
def shift() -> Iterator[Shift]:
    """One for all: each turn has vehicles of its own."""
    with on_shift() as made:
        yield made


@pytest.fixture(scope="module", params=range(len(TURNS)), ids=["-".join(each) for each in TURNS])
def turn(request: pytest.FixtureRequest) -> int:
    """Whose turn it is."""
    return int(request.param)


@pytest.fixture(scope="module")
def signed_in(shift: Shift, turn: int) -> Iterator[Dispatcher]:
    """The dispatcher of a turn, who stays."""
    hand, language = TURNS[turn]
    with visiting(shift.service.web_url) as visit:
        visit.sign_in_by(shift.key, language)
        yield Dispatcher(visit, HANDS[hand](visit.page), language)


@pytest.fixture
def dispatcher(signed_in: Dispatcher) -> Iterator[Dispatcher]:
    """On the live screen; nothing that attacks has run when they are done."""
    signed_in.come()
    yield signed_in
    assert signed_in.page.evaluate("window.ran") is None
    assert (signed_in.visit.errors, signed_in.visit.elsewhere) == ([], [])


#: What stands in the rows at one moment: they come and go while one scrolls.
ROWS = "rows => Object.fromEntries(rows.map(row => [row.dataset.ref, row.innerText]))"


def test_d1_all_and_only_own_and_lent_vehicles_with_their_ages(
    dispatcher: Dispatcher, shift: Shift
) -> None:
    own = shift.sql("SELECT array_agg('FSD/' || ref) FROM vehicle WHERE department_id = 1")
    assert isinstance(own, list)
    expected = {*own, "HKPF/LENT"}
    shift.report("NEW", Place(22.45))

    def all_are_there() -> bool:
        return bool(dispatcher.visit.diagnostics("vehicles") == len(expected))

    def came_soon() -> bool:
        began_s = time.monotonic()
        dispatcher.come()
        dispatcher.until("all", all_are_there)
        return time.monotonic() - began_s <= SOON_S

    assert any(came_soon() for _ in range(TRIES))
    rows: dict[str, str] = {}

    def read_on() -> bool:
        rows.update(dispatcher.at("vehicle-row").evaluate_all(ROWS))
        if len(rows) < len(expected):
            dispatcher.hand.leaf(dispatcher.at("vehicle-list"))
        return len(rows) >= len(expected)

    dispatcher.until("every row", read_on)
    assert rows.keys() == expected
    # In words, not by colour alone.
    assert dispatcher.say("freshness.late") in rows["FSD/DUE"]
    assert dispatcher.say("freshness.silent") in rows["FSD/OUT"]
    assert dispatcher.say("freshness.unheard") in rows[f"FSD/LOST-{len(TURNS) - 1}"]
    assert "HKPF ⇄" in rows["HKPF/LENT"]
    for ref in ("FSD/NEW", "HKPF/LENT"):
        assert not any(
            dispatcher.say(f"freshness.{each}") in rows[ref] for each in ("late", "silent")
        )
    ages = [dispatcher.say(f"age.{unit}", n="N") for unit in ("seconds", "minutes")]
    is_age = re.compile("|".join(re.escape(each).replace("N", r"\d+") for each in ages))
    assert all(is_age.search(rows[f"FSD/{ref}"]) for ref in (*RANKED, "NEW", "DUE", "OUT"))


def test_d2_a_fix_is_on_the_screen_within_two_seconds_and_the_map_follows(
    dispatcher: Dispatcher, shift: Shift, turn: int
) -> None:
    ref = f"MOVES-{turn}"
    shift.report(ref, Place(22.31, age_s=120))
    dispatcher.find(ref)
    dispatcher.hand.press(dispatcher.at("details-follow"), "f")
    dispatcher.at("follow").wait_for()
    # So far off that a map which stays where it is shows it at its rim, or not.
    lats = iter(22.36 + n / 10_000 for n in range(TRIES))

    def shows_soon() -> bool:
        lat = next(lats)
        shift.report(ref, Place(lat))
        began_s = time.monotonic()
        position = dispatcher.at("details-position")
        dispatcher.until("the fix", lambda: f"{lat:.5f}" in position.inner_text())
        return time.monotonic() - began_s <= SOON_S

    assert any(shows_soon() for _ in range(TRIES))

    def is_in_the_middle() -> bool:
        point = dispatcher.page.evaluate("r => window.milepost.screenPoint(r)", f"FSD/{ref}")
        pane = dispatcher.at("map").bounding_box()
        assert pane is not None
        away = (point["x"] / pane["width"] - 0.5, point["y"] / pane["height"] - 0.5)
        return bool(max(map(abs, away)) < 0.1)

    dispatcher.until("it in the middle of the map", is_in_the_middle)


def nearest_told(dispatcher: Dispatcher, place: str, *capabilities: str) -> list[str]:
    """Of whom the API tells, in its order."""
    able = "".join(f"&capability={each}" for each in capabilities)
    asked = f"{dispatcher.visit.origin}/v1/near?place={place}&k=5{able}"
    answer = dispatcher.page.request.get(asked)
    return [each["properties"]["vehicle"] for each in answer.json()["features"]]


def test_d3_the_nearest_that_can_are_in_the_order_of_the_api(dispatcher: Dispatcher) -> None:
    dispatcher.nearest("22.33, 114.17")
    expected = nearest_told(dispatcher, "114.17,22.33")
    dispatcher.until("the nearest", lambda: dispatcher.refs("nearest-row") == expected)
    dispatcher.hand.press(dispatcher.at("capability-pump"))
    pumps = nearest_told(dispatcher, "114.17,22.33", "pump")
    assert set(pumps) == {f"FSD/{ref}" for ref in RANKED[::2]}
    dispatcher.until("pumps", lambda: dispatcher.refs("nearest-row") == pumps)
    assert dispatcher.say("nearest.straight") in dispatcher.at("nearest").inner_text()
    row = dispatcher.of("nearest-row", pumps[1])
    dispatcher.hand.press(row)
    dispatcher.at("details").wait_for()
    assert dispatcher.at("details").get_attribute("data-ref") == pumps[1]


def test_d3_the_nearest_that_can_of_a_place_on_the_map_take_three_actions_at_most(
    dispatcher: Dispatcher,
) -> None:
    """By mouse; by key it is the map's middle, and a filter is as far as Tab has to go."""
    asked = dispatcher.count(dispatcher.nearest_on_map)
    lat, lon = dispatcher.at("nearest-place").input_value().split(", ")
    expected = nearest_told(dispatcher, f"{lon},{lat}")
    dispatcher.until("the nearest", lambda: dispatcher.refs("nearest-row") == expected)
    narrowed = dispatcher.count(lambda: dispatcher.hand.press(dispatcher.at("capability-ladder")))
    ladders = nearest_told(dispatcher, f"{lon},{lat}", "ladder")
    assert set(ladders) == {f"FSD/{ref}" for ref in RANKED[1::2]}
    dispatcher.until("ladders", lambda: dispatcher.refs("nearest-row") == ladders)
    assert asked + (narrowed if isinstance(dispatcher.hand, Mouse) else 0) <= 3


def test_to_find_to_ask_for_the_nearest_and_to_acknowledge_take_three_actions_at_most(
    dispatcher: Dispatcher, shift: Shift, turn: int
) -> None:
    shift.enter_depot(f"TAKEN-{turn}")
    alert = dispatcher.at("strip-alert").first
    alert.wait_for()
    taken = {
        "find": dispatcher.count(lambda: dispatcher.find(f"TAKEN-{turn}")),
        "nearest": dispatcher.count(lambda: dispatcher.nearest("22.33, 114.17")),
    }
    dispatcher.come()
    alert.wait_for()
    taken["acknowledge"] = dispatcher.count(dispatcher.acknowledge_newest)
    state = "SELECT state FROM alert WHERE id::text = $1"
    alert_id = shift.alert(f"taken-{turn}")
    dispatcher.until("in hand", lambda: shift.sql(state, alert_id) == "acknowledged")
    assert max(taken.values()) <= 3, taken


def test_d6_an_alert_rings_is_escalated_acknowledged_noted_and_closed_as_false(
    dispatcher: Dispatcher, shift: Shift, turn: int
) -> None:
    dispatcher.go("alerts")
    dispatcher.at("queue").wait_for()
    chimes = dispatcher.visit.diagnostics("chimes")
    for ref in (f"RINGS-{turn}", f"WAITS-{turn}"):
        shift.enter_depot(ref)
    rings, waits = shift.alert(f"rings-{turn}"), shift.alert(f"waits-{turn}")
    dispatcher.until("a chime", lambda: bool(dispatcher.visit.diagnostics("chimes") > chimes))
    escalated = dispatcher.say("alert.escalated")
    dispatcher.reads(dispatcher.of("queue-row", rings), escalated)
    assert escalated not in dispatcher.of("queue-row", waits).inner_text()

    dispatcher.deal_with(rings, note="called the driver", end="false")
    dispatcher.deal_with(waits, note="sent a car", end="handled")
    for rule, percent, useful, false in (("rings", 0, 0, 1), ("waits", 100, 1, 0)):
        dispatcher.open_rule(f"FSD/{rule}-{turn}")
        worth = dispatcher.say("rules.precision.value", percent=percent, useful=useful, false=false)
        dispatcher.reads(dispatcher.at("precision"), worth)


def test_d7_what_was_is_replayed_as_known_then_and_as_known_now(
    dispatcher: Dispatcher, shift: Shift
) -> None:
    vehicle = "FSD/PAST"

    def place() -> list[float] | None:
        found: list[float] | None = dispatcher.page.evaluate(
            f"window.milepostPlayback.placeOf('{vehicle}')"
        )
        return found

    def fences() -> list[str]:
        found: list[str] = dispatcher.page.evaluate("window.milepostPlayback.fences()")
        return sorted(found)

    def clock(second: float) -> str:
        return f"{shift.past + timedelta(seconds=second, hours=8):%F %T}"

    dispatcher.look_back("case 12")
    dispatcher.seek(clock(LATE_S))
    dispatcher.until("the place of now", lambda: place() == [LATE_LON, DEPOT_LAT])
    assert dispatcher.at("news").get_attribute("data-news") == "1"
    assert dispatcher.say("playback.news.now.one", n=1) in dispatcher.at("known").inner_text()
    dispatcher.hand.tick(dispatcher.at("known-then"))
    dispatcher.until("the place of then", lambda: place() == [LON, DEPOT_LAT])
    assert dispatcher.say("playback.news.then.one", n=1) in dispatcher.at("known").inner_text()
    # Fences and alerts of that moment: the alert is there, and so is the fence that is no more.
    assert fences() == ["FSD/cordon", "FSD/depot"]
    dispatcher.hand.press(dispatcher.at("playback-marks"))
    mark = dispatcher.page.locator('[data-testid="mark"][data-kind="alert"]').first
    state = dispatcher.say("alert.state.open")
    dispatcher.reads(mark, state)
    dispatcher.seek(clock(WAY[5][0]))
    dispatcher.until("not yet", lambda: state not in mark.inner_text())
    # It was heard last at the end of its way, and that was so old.
    dispatcher.hand.press(dispatcher.at("playback-units"))
    dispatcher.seek(clock(WAY[-1][0] + 19))
    unit = dispatcher.of("unit", vehicle)
    dispatcher.reads(unit, dispatcher.say("age.seconds", n=19))
    dispatcher.seek(clock(CORDON_S + 10))
    dispatcher.until("the cordon gone", lambda: fences() == ["FSD/depot"])
    dispatcher.hand.tick(dispatcher.at("known-now"))
    dispatcher.until("nothing is known then", lambda: place() is None)
    dispatcher.reads(unit, dispatcher.say("playback.nothing"))
    # And on at eight times life and more.
    dispatcher.hand.pick(dispatcher.at("rate"), "10")
    before = dispatcher.page.evaluate("window.milepostPlayback.atMs()")
    dispatcher.hand.press(dispatcher.at("play"))
    dispatcher.until(
        "it plays",
        lambda: bool(dispatcher.page.evaluate("window.milepostPlayback.atMs()") > before + 8000),
    )


def test_d9_a_silent_unit_returns_with_its_buffer_and_the_alert_is_disproved(
    dispatcher: Dispatcher, shift: Shift, turn: int
) -> None:
    ref, away_s = f"LOST-{turn}", 20 * 60
    shift.report(ref, Place(22.30, age_s=away_s, lon=114.20))
    dispatcher.go("alerts")
    alert = shift.alert(f"lost-{turn}")
    dispatcher.point_at_alert(alert)
    facts = dispatcher.at("alert-facts")
    dispatcher.reads(facts, "22.30000, 114.20000")
    assert dispatcher.say("alert.kind.silent") in facts.inner_text()
    dispatcher.go("live")
    dispatcher.find(ref)
    details = dispatcher.at("details")
    dispatcher.reads(details, dispatcher.say("freshness.silent"))

    # Back on the air: ten messages of what it kept, the newest first.
    kept = [Place(22.30 + n / 10_000, age_s=away_s - 30 * n, lon=114.20) for n in range(1, 41)]
    for n in reversed(range(0, len(kept), 4)):
        shift.report(ref, *kept[n : n + 4])
    dispatcher.reads(details, "22.30400")
    dispatcher.until(
        "fresh", lambda: dispatcher.say("freshness.silent") not in details.inner_text()
    )

    def way() -> list[list[float]]:
        answer = dispatcher.page.request.get(
            f"{dispatcher.visit.origin}/v1/vehicles/FSD/{ref}/track",
            headers={"Milepost-Purpose": "a test"},
        )
        found: list[list[float]] = answer.json()["geometry"]["coordinates"]
        return found

    told = [[place.lon, pytest.approx(place.lat, abs=1e-6)] for place in kept]
    dispatcher.until("all of it, in order", lambda: way()[1:] == told, 60)
    dispatcher.go("alerts")
    dispatcher.is_gone(dispatcher.of("queue-row", alert))
    dispatcher.hand.press(dispatcher.at("tab-closed"))
    dispatcher.reads(dispatcher.of("queue-row", alert), dispatcher.say("alert.withdrawn"))
    count = "SELECT count(*) FROM alert JOIN vehicle ON vehicle.id = vehicle_id WHERE ref = $1"
    assert shift.sql(count, ref) == 1


@dataclass
class Faults:
    """What is out of the hand's reach, or in the other language, by where it is."""

    dispatcher: Dispatcher
    found: dict[str, list[str]] = field(default_factory=dict)

    def look(self, where: str) -> None:
        """Over the page as it is."""
        page, language = self.dispatcher.page, self.dispatcher.language
        faults = [
            *out_of_reach(self.dispatcher.hand),
            *foreign(page, language, *NOBODYS, *EXAMPLES, *CLASSES),
        ]
        self.found |= {where: faults} if faults else {}


def test_d10_every_action_is_within_reach_and_nothing_is_in_the_other_language(
    dispatcher: Dispatcher,
) -> None:
    dispatcher.find("LENT")
    dispatcher.hand.press(dispatcher.at("details-follow"), "f")
    dispatcher.hand.press(dispatcher.at("details-close"), "Escape Escape")
    for ref in RANKED[:2]:
        dispatcher.find(ref)
        dispatcher.hand.press(dispatcher.at("details-follow"), "f")
    dispatcher.at("follow-tile").nth(1).wait_for()
    dispatcher.nearest("22.33, 114.17")
    faults = Faults(dispatcher)
    faults.look("live")
    dispatcher.come()
    dispatcher.go("alerts")
    dispatcher.at("queue").wait_for()
    faults.look("alerts")
    dispatcher.come()
    dispatcher.look_back("case 12")
    faults.look("playback")
    assert faults.found == {}


def test_d10_so_it_is_with_fences_rules_and_the_administration(dispatcher: Dispatcher) -> None:
    faults = Faults(dispatcher)
    dispatcher.go("fences")
    for tab, row, form in (
        ("fences", "fence-row", "fence-form"),
        ("rules", "rule-row", "rule-form"),
    ):
        dispatcher.hand.press(dispatcher.at(f"tab-{tab}"))
        dispatcher.at(row).first.wait_for()
        faults.look(tab)
        dispatcher.hand.press(dispatcher.at(f"new-{tab}"))
        dispatcher.at(form).wait_for()
        faults.look(form)
        dispatcher.page.keyboard.press("Escape")
        dispatcher.is_gone(dispatcher.at(form))
    dispatcher.go("admin")
    dispatcher.at("admin-rows").wait_for()
    count = dispatcher.at("admin-count")
    kinds = dispatcher.page.locator('[data-testid^="admin-tab-"]').evaluate_all(
        "tabs => tabs.map(tab => tab.dataset.testid.replace('admin-tab-', ''))"
    )
    for kind in kinds:
        dispatcher.page.evaluate("hash => { location.hash = hash }", f"#/admin?tab={kind}")
        dispatcher.page.locator(
            f'[data-testid="admin-tab-{kind}"][aria-selected="true"]'
        ).wait_for()
        dispatcher.until(f"how many {kind}", lambda: count.inner_text() != "")
        faults.look(kind)
        if dispatcher.at("admin-new").count() > 0:
            dispatcher.hand.press(dispatcher.at("admin-new"))
            dispatcher.at("admin-form").wait_for()
            faults.look(f"{kind}, a new one")
            dispatcher.hand.press(dispatcher.at("admin-discard"))
            dispatcher.is_gone(dispatcher.at("admin-form"))
    assert faults.found == {}
