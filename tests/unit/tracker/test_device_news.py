"""What devices say of themselves: any order and any repetition, and no word of the dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tracker.test_sorting import NOW, device
from tracker.device_news import MINUTE_MS, News, State, settled
from tracker.message import Beside, DeviceSaid, Message, Notice
from tracker.reads.device_health import periods

BOX = device("box", 1)
HOUR = datetime(2026, 11, 24, 11, tzinfo=UTC)


def news(*noticed: Notice) -> News:
    made = News()
    for each in noticed:
        said = Message("mqtt", "D", "box", NOW)
        made.take(said, Beside(notices=[each]), BOX)
    return made


def rows(made: News) -> dict[tuple[str, str], list[tuple[int, int]]]:
    return {(key.kind, key.detail): list(minutes) for key, minutes in made.minutes.items()}


NOTICES = st.lists(
    st.builds(
        Notice,
        kind=st.sampled_from(["antenna", "no_fix"]),
        detail=st.sampled_from(["", "open", "ok"]),
        at=st.integers(0, 3000).map(lambda s: HOUR + timedelta(seconds=s)),
    ),
    min_size=1,
    max_size=20,
)


@given(NOTICES, st.data())
def test_any_order_and_any_repetition_give_the_same(
    noticed: list[Notice], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(noticed), max_size=10))
    shuffled = data.draw(st.permutations([*noticed, *again]))
    assert rows(news(*shuffled)) == rows(news(*noticed))


def test_a_clock_that_is_wrong_notices_nothing() -> None:
    fitting = Notice(kind="no_fix", detail="", at=NOW + timedelta(seconds=50))
    wrong = (NOW + timedelta(seconds=70), NOW - timedelta(days=31))
    assert rows(news(*(Notice(kind="antenna", detail="ok", at=at) for at in wrong), fitting)) == {
        ("no_fix", ""): [(int(NOW.timestamp()) // 60,) * 2]
    }


class _Range:
    """As asyncpg has it."""

    def __init__(self, first: int, last: int) -> None:
        self.lower, self.upper = first, last + 1


def test_minutes_are_shown_as_times_across_midnight() -> None:
    midnight = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp()) * 1000 // MINUTE_MS
    found = periods(
        [
            {"kind": "no_fix", "detail": "", "minutes": [_Range(midnight - 10, midnight - 1)]},
            {"kind": "no_fix", "detail": "", "minutes": [_Range(midnight + 3, midnight + 4)]},
            {"kind": "no_fix", "detail": "", "minutes": [_Range(midnight - 90, midnight - 80)]},
            {"kind": "antenna", "detail": "open", "minutes": [_Range(midnight, midnight)]},
        ],
        since=datetime(2026, 11, 23, 23, 0, tzinfo=UTC),
    )
    assert [(each.kind, f"{each.since:%H:%M}", f"{each.until:%H:%M}") for each in found] == [
        ("no_fix", "23:50", "00:04"),
        ("antenna", "00:00", "00:00"),
    ]


def birth(boot: str, **more: str | int) -> DeviceSaid:
    return DeviceSaid(online=True, boot=boot, **more)  # type: ignore[arg-type]  # by name


def will(boot: str) -> DeviceSaid:
    return DeviceSaid(online=False, boot=boot)


def after(*said: DeviceSaid, known: State | None = None) -> State:
    """The state after these came, a minute apart."""
    for number, each in enumerate(said):
        known = settled(known, each, HOUR + timedelta(minutes=number))
    assert known is not None
    return known


def test_birth_and_last_will() -> None:
    born = after(birth("b1", firmware="1.4", protocol=1, config_rev=17))
    assert (born.online, born.since, born.firmware, born.config_rev) == (True, HOUR, "1.4", 17)
    gone = after(birth("b1", firmware="1.4"), will("b1"))
    assert (gone.online, gone.since) == (False, HOUR + timedelta(minutes=1))
    assert gone.firmware == "1.4", "a last will does not say what is forgotten"


def test_a_repetition_changes_nothing() -> None:
    once = after(birth("b1", config_rev=3))
    assert after(*[birth("b1", config_rev=3)] * 3) == once
    gone = after(birth("b1"), will("b1"))
    assert after(birth("b1"), will("b1"), will("b1")) == gone


def test_a_new_configuration_is_no_new_start() -> None:
    changed = after(birth("b1", config_rev=3), birth("b1", config_rev=4))
    assert (changed.config_rev, changed.since) == (4, HOUR)
    refused = after(birth("b1", config_rev=3), birth("b1", config_rev=3, config_error="interval_s"))
    assert refused.config_error == "interval_s"
    cured = after(birth("b1", config_rev=5), known=refused)
    assert refused.config_error is not None
    assert settled(refused, birth("b1", config_rev=5), NOW).config_error is None
    assert cured == refused, "said before it: not listened to"


def test_the_old_boot_takes_the_new_one_nowhere() -> None:
    """The broker tells a last will when it notices, perhaps after the device is back."""
    back = after(birth("b1"), birth("b2"))
    for late in (will("b1"), birth("b1"), will("b0")):
        assert settled(back, late, NOW) == back


def test_what_is_read_again_later_is_old() -> None:
    gone = after(birth("b1"), will("b1"))
    assert settled(gone, birth("b1"), HOUR) == gone


@given(st.lists(st.sampled_from([birth("a"), will("a"), birth("b"), will("b")]), max_size=12))
def test_the_boot_that_came_last_stays(said: list[DeviceSaid]) -> None:
    """Whatever still comes of `a`, once `b` is there it is `b`."""
    state = after(birth("a"), birth("b"), *said)
    assert state.boot == "b"
    words = [each.online for each in said if each.boot == "b"]
    assert state.online == (words[-1] if words else True)
