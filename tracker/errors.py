"""What can go wrong in the tracker. The docstring is the message and names the cure.

TrackerError
├── DatabaseUnreachable
├── SchemaMissing
├── SchemaForeign
├── LeaseLost
├── Unstorable
├── Unknown
├── KeyMissing
├── NoPurpose
├── Taken
├── Stale
├── NotNow
├── KeyReused
├── Beyond
├── TrackIndexFailed
└── BadInput
    └── TooLarge
"""

from __future__ import annotations

import inspect


class TrackerError(Exception):
    """Something went wrong in the database or the domain."""

    def __init__(self, detail: str = "") -> None:
        """Take the message from the docstring, and append what this case adds."""
        sentence = inspect.cleandoc(self.__doc__ or "").replace("\n", " ")
        self.detail = detail
        super().__init__(f"{sentence} {detail}".strip())


class DatabaseUnreachable(TrackerError):
    """PostgreSQL does not answer; nothing was changed. Is `milepost run` up, or MILEPOST_DATABASE_URL right?"""  # noqa: E501  the sentence is the message


class SchemaMissing(TrackerError):
    """The database has no Milepost in it yet: run `milepost init`."""


class SchemaForeign(TrackerError):
    """The schema is newer than this program: install the Milepost that made it."""


class LeaseLost(TrackerError):
    """Another ingest process serves this shard now; this one wrote nothing more of it."""


class Unstorable(TrackerError):
    """A message cannot be stored; nothing of its batch was."""


class Unknown(TrackerError):
    """There is no such thing here."""


class KeyMissing(TrackerError):
    """There is no audit key to be read here: `milepost init`, or the worker, makes it in the data folder."""  # noqa: E501  the sentence is the message


class NoPurpose(TrackerError):
    """Say what for you read where vehicles were, for it stands in the audit: --purpose "complaint 2026/118". Nothing was read."""  # noqa: E501  the sentence is the message


class Taken(TrackerError):
    """That name is in use already, and names are never used twice: choose another."""


class Stale(TrackerError):
    """It has changed since you read it: read it again, then decide anew."""


class NotNow(TrackerError):
    """It does not stand so that this could be done to it: read it again."""


class KeyReused(TrackerError):
    """That Idempotency-Key was used for another request within a day; this one was not done: choose another key."""  # noqa: E501  the sentence is the message


class Beyond(TrackerError):
    """Nothing was changed: nobody lets others do more than they may do there themselves. Ask an administrator who may, or the platform office."""  # noqa: E501  the sentence is the message


class TrackIndexFailed(TrackerError):
    """A day that is over could not be given its track index; nothing is lost, its tracks are answered more slowly. Is the disk full? It is tried again in half an hour."""  # noqa: E501  the sentence is the message


class BadInput(TrackerError):
    """That cannot be stored; nothing was changed."""


class TooLarge(BadInput):
    """The file holds more than is taken at once; nothing of it was used: give it in parts."""
