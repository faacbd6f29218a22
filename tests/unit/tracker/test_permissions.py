"""The table of roles: as it is documented, and what holds of every caller."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tracker.permissions import ALL_PERMISSIONS, EVERYWHERE, PERMISSIONS, ROLES
from tracker.reads import Held, caller_with

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security.md"
DEPARTMENTS = {1: "A", 2: "B", 3: "C"}


def test_the_page_has_the_table() -> None:
    head, _, *rows = re.findall(r"^\|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)[
        _line_of("| may |") :
    ]
    roles = [cell.strip() for cell in head.split("|")][1:]
    told: dict[str, set[str]] = {role: set() for role in roles}
    for row in rows:
        name = re.match(r" `([a-z]+:[a-z]+)`", row)
        if name is None:
            break
        for role, cell in zip(roles, row.split("|")[1:], strict=True):
            if cell.strip():
                told[role].add(name[1])
    assert told == {role: set(PERMISSIONS[role]) for role in PERMISSIONS}
    assert set().union(*told.values()) == ALL_PERMISSIONS


def _line_of(start: str) -> int:
    """Which of the page's table rows begins so."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return next(number for number, line in enumerate(rows) if line.startswith(start))


def test_what_shows_several_things_needs_each_of_them() -> None:
    for role, may in PERMISSIONS.items():
        if "layers:read" in may:
            assert {"positions:read", "tracks:read", "fences:read", "alerts:read"} <= may, role
        if "positions:read" in may:
            assert {"vehicles:read", "alerts:read"} <= may, role
    assert PERMISSIONS["steering"] == {"figures:read"}
    for blind in ("steering", "platform", "engineer", "auditor"):
        assert (
            not {"positions:read", "tracks:read", "layers:read", "alerts:read"} & PERMISSIONS[blind]
        )


PLACES = st.sampled_from([None, *DEPARTMENTS])
HELD = st.builds(
    lambda role, place: Held(
        role=role,
        department_id=None
        if role in EVERYWHERE
        else place or (1 if role == "contractor" else None),
        contractor_id=7 if role == "contractor" else None,
    ),
    st.sampled_from(ROLES),
    PLACES,
)


@given(st.lists(HELD), st.none() | st.sets(st.sampled_from(sorted(ALL_PERMISSIONS))))
def test_a_caller_within_a_permission_is_where_a_role_of_theirs_has_it(
    held: list[Held], scopes: set[str] | None
) -> None:
    caller = caller_with(held, DEPARTMENTS, id="user:1", label="x", scopes=scopes)
    counted = [each for each in held if each.role == "contractor"] or held
    for permission in ALL_PERMISSIONS:
        expected = {
            number
            for number in DEPARTMENTS
            for each in counted
            if permission in PERMISSIONS[each.role]
            and each.department_id in (None, number)
            and (scopes is None or permission in scopes)
        }
        assert caller.within(permission).department_ids == expected
        if permission not in caller.permissions:
            assert not expected
    department_ids, contractor_ids = caller.sight
    assert department_ids == set(caller.refs)
    assert bool(contractor_ids) is any(each.role == "contractor" for each in held)
