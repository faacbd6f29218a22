"""How a receiver does not take something. The message is what `last_error` shows.

NotTaken
├── TryLater   away, slow, overloaded, or not safe to speak to: tried again
└── Refused    this one it will never take: a dead letter, and the next one goes
    └── Gone   it wants nothing more at all
"""

from __future__ import annotations


class NotTaken(Exception):
    """The receiver did not take it."""


class TryLater(NotTaken):
    """Perhaps later."""

    def __init__(self, reason: str, *, after_s: float | None = None) -> None:
        """`after_s`: when the receiver itself said to come again."""
        super().__init__(reason)
        self.after_s = after_s


class Refused(NotTaken):
    """Never this one."""


class Gone(Refused):
    """Nothing more."""
