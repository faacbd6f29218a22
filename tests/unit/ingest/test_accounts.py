"""The rights that the broker is told."""

from __future__ import annotations

from ingest.accounts import rights
from tracker.accounts import Accounts


def of(user: str, text: str) -> list[str]:
    """The lines of one user."""
    return text.partition(f"user {user}\n")[2].partition("\n\n")[0].splitlines()


def test_the_first_shard_is_not_given_what_is_of_others() -> None:
    text = rights(Accounts(shards=(1, 2), elsewhere=("FSD", "HKPF")))
    both = [
        "topic read gov/#",
        "topic write gov/1/+/+/ack",
        "topic write gov/1/+/+/config",
        "topic write gov/1/+/+/cmd",
    ]
    denied = ["topic deny gov/1/FSD/#", "topic deny gov/1/HKPF/#"]
    assert of("milepost-ingest-1", text) == denied + both, "the first line that fits decides"
    assert of("milepost-ingest-2", text) == both
