"""A dispatcher at the console: one vocabulary for what is done, by either of two hands."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, Position

from tests.acceptance.browser import Visit
from tracker.child import wait_for

ROOT: Final = Path(__file__).parents[2]
FOCUSED: Final = "element => element === document.activeElement"
#: So many presses of Tab go round the whole page.
ROUND: Final = 150
#: What comes while it goes round, and the browser's own.
SPARE: Final = 10
LONGEST_LIST: Final = 100
#: Away from its middle and from all vehicles, css px.
ON_MAP: Final[Position] = {"x": 120, "y": 300}
#: Of a service on a loaded machine.
WITHIN_S: Final = 20.0


@cache
def words(language: str) -> dict[str, str]:
    """Every text of the console in a language."""
    path = ROOT / "maps" / "words" / f"{language}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@dataclass
class Hand(ABC):
    """Does what a person does, and counts the actions: a click, a press of a key, a text typed."""

    page: Page
    actions: int = field(default=0)

    def type(self, text: str) -> None:
        """Into what has the focus."""
        self.actions += 1
        self.page.keyboard.insert_text(text)

    def enter(self) -> None:
        """That is all."""
        self.actions += 1
        self.page.keyboard.press("Enter")

    @abstractmethod
    def press(self, control: Locator, key: str | None = None) -> None:
        """A button, which may have a key (`g a` is two presses)."""

    @abstractmethod
    def go_into(self, box: Locator, key: str | None = None) -> None:
        """A field, to type there."""

    @abstractmethod
    def pick(self, choice: Locator, value: str) -> None:
        """One of a list of choices."""

    @abstractmethod
    def tick(self, way: Locator) -> None:
        """One of several ways that exclude each other."""

    @abstractmethod
    def point(self, listed: Locator, row: Locator, is_there: Callable[[], bool]) -> None:
        """A row of a list."""

    @abstractmethod
    def point_out(self, pane: Locator, offer: Locator, key: str) -> None:
        """A place on a map, and what is offered of it; a key takes its middle."""

    @abstractmethod
    def leaf(self, listed: Locator) -> None:
        """On by a page of a list."""


class Mouse(Hand):
    """Clicks; types only what is a text."""

    def press(self, control: Locator, key: str | None = None) -> None:
        self.actions += 1
        control.click()

    def go_into(self, box: Locator, key: str | None = None) -> None:
        self.actions += 1
        box.click(click_count=3)

    def pick(self, choice: Locator, value: str) -> None:
        self.actions += 1
        choice.select_option(value)

    def tick(self, way: Locator) -> None:
        self.press(way)

    def point(self, listed: Locator, row: Locator, is_there: Callable[[], bool]) -> None:
        self.press(row)

    def point_out(self, pane: Locator, offer: Locator, key: str) -> None:
        self.actions += 1
        pane.click(position=ON_MAP)
        self.press(offer)

    def leaf(self, listed: Locator) -> None:
        self.actions += 1
        listed.hover()
        self.page.mouse.wheel(0, 300)


class Keyboard(Hand):
    """Touches no mouse: what has no key of its own is reached by Tab."""

    def press(self, control: Locator, key: str | None = None) -> None:
        if key is None:
            self._reach(control)
            key = "Enter"
        for each in key.split():
            self.actions += 1
            self.page.keyboard.press(each)

    def go_into(self, box: Locator, key: str | None = None) -> None:
        if key is None:
            self._reach(box)
            self.page.keyboard.press("Control+a")
            return
        self.press(box, key)
        assert wait_for(lambda: bool(box.evaluate(FOCUSED)), WITHIN_S), f"{key} leads to {box}"

    def pick(self, choice: Locator, value: str) -> None:
        self._reach(choice)
        self.page.keyboard.press("Home")
        while choice.input_value() != value:
            before = choice.input_value()
            self.page.keyboard.press("ArrowDown")
            assert choice.input_value() != before, f"{choice} has no {value}"
        self.actions += 1

    def tick(self, way: Locator) -> None:
        """Tab leads to the one that is ticked, the arrows to the others."""
        name = way.get_attribute("name")
        self._reach(self.page.locator(f'input[name="{name}"]:checked'))
        for _ in range(LONGEST_LIST):
            if way.is_checked():
                return
            self.actions += 1
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not lead to {way}")

    def point(self, listed: Locator, row: Locator, is_there: Callable[[], bool]) -> None:
        self._reach(listed)
        for _ in range(LONGEST_LIST):
            if is_there():
                return
            self.actions += 1
            self.page.keyboard.press("j")
        raise AssertionError(f"j does not lead to {row}")

    def point_out(self, pane: Locator, offer: Locator, key: str) -> None:
        self.press(offer, key)

    def leaf(self, listed: Locator) -> None:
        self._reach(listed)
        self.actions += 1
        self.page.keyboard.press("PageDown")

    def _reach(self, control: Locator) -> None:
        for _ in range(ROUND):
            if control.evaluate(FOCUSED):
                return
            self.actions += 1
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {control}")


HANDS: Final[dict[str, type[Hand]]] = {"mouse": Mouse, "keyboard": Keyboard}


@dataclass
class Dispatcher:
    """Somebody signed in at the console, with a language and a hand."""

    visit: Visit
    hand: Hand
    language: str

    @property
    def page(self) -> Page:
        """What they look at."""
        return self.visit.page

    def at(self, test_id: str) -> Locator:
        """A part of the page."""
        return self.page.get_by_test_id(test_id)

    def of(self, test_id: str, ref: str) -> Locator:
        """The part that is about a vehicle, an alert or a rule."""
        named = "".join(f'[data-testid="{test_id}"][data-{kind}="{ref}"], ' for kind in KINDS)
        return self.page.locator(named.removesuffix(", "))

    def say(self, key: str, **values: object) -> str:
        """What the console says in their language."""
        return words(self.language)[key].format(**values)

    def until(self, what: str, condition: Callable[[], bool], within_s: float = WITHIN_S) -> None:
        """Wait until they see it."""
        self.visit.until(what, condition, within_s)

    def reads(self, where: Locator, text: str) -> None:
        """Wait until it says something."""
        self.until(text, lambda: text in where.inner_text())

    def is_gone(self, where: Locator) -> None:
        """Wait until there is none."""
        self.until(f"no {where}", lambda: where.count() == 0)

    def refs(self, test_id: str) -> list[str]:
        """Whom rows are about."""
        found: list[str] = self.at(test_id).evaluate_all("all => all.map(one => one.dataset.ref)")
        return found

    def count(self, act: Callable[[], object]) -> int:
        """Actions that something takes."""
        before = self.hand.actions
        act()
        return self.hand.actions - before

    # What is done.

    def come(self) -> None:
        """To the live screen, as it is in the morning."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.visit.origin}/#/live")
        self.page.locator('[data-testid="connection"][data-state="live"]').wait_for()

    def go(self, screen: str) -> None:
        """To another screen."""
        self.hand.press(self.at(f"go-{screen}"), f"g {SCREEN_KEYS[screen]}")

    def find(self, text: str) -> None:
        """A vehicle, and its details."""
        self.hand.go_into(self.at("search"), "/")
        self.hand.type(text)
        self.hand.press(self.at("vehicle-row").first, "Enter")
        self.at("details").wait_for()

    def nearest(self, place: str) -> None:
        """The five nearest to a place."""
        self.hand.press(self.at("nearest-open"), "n")
        self._in(self.at("nearest-place"))
        self.hand.type(place)
        self.hand.enter()

    def nearest_on_map(self) -> None:
        """The five nearest to a place on the map."""
        self.hand.point_out(self.at("map"), self.at("place-nearest"), "n")
        self._in(self.at("nearest-place"))

    def acknowledge_newest(self) -> None:
        """Where it stands, on the live screen."""
        self.hand.press(self.at("strip-acknowledge").first, "a")

    def point_at_alert(self, alert: str) -> None:
        """In the queue."""
        row = self.of("queue-row", alert)
        row.wait_for()
        pointed = f'tr.pointed[data-alert="{alert}"]'
        self.hand.point(self.at("queue"), row, lambda: self.page.locator(pointed).count() == 1)

    def note(self, text: str) -> None:
        """A comment on the alert pointed at."""
        self.hand.go_into(self.at("note"), "m")
        self.hand.type(text)
        self.hand.enter()

    def deal_with(self, alert: str, *, note: str, end: str) -> None:
        """Acknowledge, comment and close a new alert, and see who did what in its history."""
        self.point_at_alert(alert)
        self.hand.press(self.at("act-acknowledge"), "a")
        self.is_gone(self.of("queue-row", alert))
        self.hand.press(self.at("tab-mine"))
        self.point_at_alert(alert)
        self.note(note)
        history = self.at("alert-history")
        self.reads(history, note)
        self.hand.press(self.at(f"act-alert.close.{end}"), CLOSING_KEYS[end])
        self.is_gone(self.of("queue-row", alert))
        self.hand.press(self.at("tab-closed"))
        self.point_at_alert(alert)
        for what in ("acknowledged", "noted", "closed"):
            self.reads(history, self.say(f"alert.change.{what}"))
        self.reads(history, self.say(f"alert.closed.{end}"))
        lines = history.locator("small").all_inner_texts()
        assert all(re.fullmatch(r"Chan · .*\d\d:\d\d:\d\d", line) for line in lines[-3:]), lines
        self.hand.press(self.at("tab-new"))

    def open_rule(self, rule: str) -> None:
        """What is known of a rule."""
        self.go("fences")
        self.hand.press(self.at("tab-rules"))
        row = self.of("rule-row", rule)
        row.wait_for()
        chosen = f'[data-rule="{rule}"][aria-current="true"]'
        self.hand.point(self.at("rule-rows"), row, lambda: self.page.locator(chosen).count() == 1)

    def look_back(self, purpose: str) -> None:
        """Playback, of everybody; what for is asked once a session."""
        self.go("playback")
        self.at("purpose").or_(self.at("transport")).first.wait_for()
        if self.at("purpose").count() > 0:
            self._in(self.at("purpose"))
            self.hand.type(purpose)
            self.hand.enter()
        self.at("transport").wait_for()

    def seek(self, time: str) -> None:
        """To a time of the day, in playback."""
        self.hand.go_into(self.at("at"))
        self.hand.type(time)
        self.hand.enter()

    def _in(self, box: Locator) -> None:
        """The page has put the focus there."""
        self.until(f"the focus in {box}", lambda: bool(box.evaluate(FOCUSED)))


KINDS: Final = ("ref", "alert", "rule")
CLOSING_KEYS: Final = {"handled": "h", "false": "f"}
SCREEN_KEYS: Final = {"live": "l", "alerts": "a", "playback": "p", "fences": "e", "admin": "m"}

#: What acts, is shown, and stands for itself: what is led to by an arrow is led to from another.
ACTIONS: Final = """() => [...document.querySelectorAll(
  'button, a[href], input, select, textarea, summary, [tabindex="0"]'
)].filter(each => each.checkVisibility({visibilityProperty: true}) && !each.disabled
  && each.tabIndex >= 0 && !(each.type === 'radio' && !each.checked))"""
NAMED: Final = "each => each.dataset.testid || each.ariaLabel || each.innerText || each.outerHTML"


def out_of_reach(hand: Hand) -> list[str]:
    """Controls that the hand does not come to: by Tab, or by a click on 24 px and more."""
    page = hand.page
    if isinstance(hand, Mouse):
        found: list[str] = page.evaluate(f"""() => ({ACTIONS})().filter(each => {{
          const isHit = target => {{
            target.scrollIntoView({{block: 'nearest', inline: 'nearest'}});
            const {{x, y, width, height}} = target.getBoundingClientRect();
            const hit = document.elementFromPoint(x + width / 2, y + height / 2);
            return Math.min(width, height) >= 24 && (target.contains(hit) || hit?.contains(target));
          }};
          return !isHit(each) && !(each.closest('label') && isHit(each.closest('label')));
        }}).map({NAMED})""")
        return found
    page.evaluate("""() => {
      window.reached = new Set([document.activeElement]);
      document.addEventListener('focusin', event => window.reached.add(event.target));
    }""")
    for _ in range(page.evaluate(f"() => ({ACTIONS})().length") + SPARE):
        page.keyboard.press("Tab")
    missed: list[str] = page.evaluate(
        f"() => ({ACTIONS})().filter(each => !window.reached.has(each)).map({NAMED})"
    )
    return missed
