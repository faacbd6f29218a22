"""Whether a name and a password belong together, and who is not asked any more."""

from __future__ import annotations

from ingest.sign_in import WITHIN_S, WRONG_MOST, SignIn
from tracker.accounts import Accounts
from tracker.passwords import hashed

ACCOUNTS = Accounts(hashes={"D/box": hashed("right"), "D/other": hashed("other")})


class World:
    """A registry and a clock that the test moves."""

    def __init__(self, accounts: Accounts | None = ACCOUNTS) -> None:
        self.accounts = accounts
        self.now_s = 1000.0
        self.sign_in = SignIn(lambda: self.accounts, lambda: self.now_s)

    def check(self, name: str, password: str, address: str = "here") -> str:
        return self.sign_in.check(name, password, address)


def test_only_its_own_password_lets_a_device_in() -> None:
    world = World()
    assert world.check("D/box", "right") == "in"
    assert world.check("D/box", "other") == "wrong"
    assert world.check("D/nobody", "right") == "wrong"
    assert world.check("", "") == "wrong"


def test_while_the_registry_is_read_anew_the_last_one_holds() -> None:
    world = World(None)
    assert world.check("D/box", "right") == "unknown"
    world.accounts = ACCOUNTS
    assert world.check("D/box", "right") == "in"
    world.accounts = None
    assert world.check("D/box", "right") == "in"
    world.accounts = Accounts(hashes={})
    assert world.check("D/box", "right") == "wrong"


def test_who_guesses_is_not_listened_to_for_a_while_and_locks_nobody_else_out() -> None:
    world = World()
    for _ in range(WRONG_MOST):
        assert world.check("D/box", "guess") == "wrong"
    assert world.check("D/box", "right") == "throttled"
    assert world.check("D/box", "right", "elsewhere") == "in"
    assert world.check("D/other", "other") == "in"
    world.now_s += WITHIN_S + 1
    assert world.check("D/box", "right") == "in"
    assert world.check("D/box", "guess") == "wrong", "and its guesses are forgotten"


def test_a_device_that_mistypes_now_and_then_is_let_in() -> None:
    world = World()
    for _ in range(WRONG_MOST * 3):
        assert world.check("D/box", "guess") == "wrong"
        assert world.check("D/box", "right") == "in"


def test_a_new_password_is_not_throttled_for_being_tried_before_it_was_known() -> None:
    world = World()
    for _ in range(WRONG_MOST + 1):
        world.check("D/box", "new")
    assert world.check("D/box", "new") == "throttled"
    world.accounts = Accounts(hashes={"D/box": hashed("new")})
    assert world.check("D/box", "new") == "in"
