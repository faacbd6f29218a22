"""Who looked at what and who changed what: an append-only chain of hashes, its heads signed."""

from tracker.audit.entry import Entry, Who, append, definition_hash, named, note
from tracker.audit.look import Asked, chain_state, rows, who_saw

__all__ = [
    "Asked",
    "Entry",
    "Who",
    "append",
    "chain_state",
    "definition_hash",
    "named",
    "note",
    "rows",
    "who_saw",
]
