"""What can go wrong with a read alone; the rest, and the base, is in `tracker.errors`."""

from __future__ import annotations

from tracker.errors import TrackerError


class TooSlow(TrackerError):
    """The answer took too long and was given up: ask for less, or again in a moment."""


class Unanswerable(TrackerError):
    """That cannot be asked of the database: change the parameters."""


class TooMuch(TrackerError):
    """More fixes lie there than one answer weighs: ask for a shorter window or a smaller radius."""


class NoLongerSeen(TrackerError):
    """A grant ended meanwhile, so the rest is not told: what came before is not the whole."""


class BadFilter(Unanswerable):
    """The filter cannot be used here, change it:"""


class BadCursor(Unanswerable):
    """There is no such page: begin again with the first one."""
