"""Passwords of devices against Mosquitto's own program that makes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tracker.passwords import hashed, is_hash, matches, new_password


def test_mosquittos_own_hash_of_a_password_matches_it_and_no_other(tmp_path: Path) -> None:
    password, file = new_password(), tmp_path / "passwords"
    file.touch()
    subprocess.run(  # noqa: S603  the test's own command line
        ["/usr/bin/mosquitto_passwd", "-b", str(file), "box", password],
        check=True,
        capture_output=True,
    )
    kept = file.read_text().strip().removeprefix("box:")
    assert is_hash(kept)
    assert matches(password, kept)
    assert not matches(new_password(), kept)


def test_a_password_is_new_each_time_and_so_is_its_hash() -> None:
    first, second = new_password(), new_password()
    assert first != second
    assert len(first) == 43
    assert hashed(first) != hashed(first)
    assert first not in hashed(first)
    assert matches(first, hashed(first))
    assert not matches(second, hashed(first))


@pytest.mark.parametrize("kept", ["", "plain", "$6$c2FsdA==$aGFzaA==", "$7$101$c2FsdA==$aGFzaA=="])
def test_what_mosquitto_cannot_read_is_no_hash(kept: str) -> None:
    assert not is_hash(kept)
    assert not matches("plain", kept)


def test_a_line_break_is_no_part_of_a_hash() -> None:
    assert not is_hash(f"{hashed('x')}\n")
