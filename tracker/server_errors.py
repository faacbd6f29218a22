"""What can go wrong with the data folder and with the processes that Milepost starts.

ServerError
├── FolderInUse, FolderClosed
├── MissingProgram, MissingUser, NamelessUser
├── ChildFailed, LeftoverStays, PortTaken
└── OtherMajor, SocketFolderTaken
"""

from __future__ import annotations

from tracker.errors import TrackerError


class ServerError(TrackerError):
    """A process of Milepost's own cannot run here: `milepost doctor` says what is missing."""

    def __init__(self, **facts: object) -> None:
        """Put this case's facts into the docstring."""
        super().__init__()
        self.args = (str(self).format(**facts),)


class FolderInUse(ServerError):
    """Another Milepost (pid {pid}) runs in {folder}: stop it first, or give this one a folder of
    its own with --data."""


class FolderClosed(ServerError):
    """User {user} may not enter {folder}: open its parent folders with chmod o+x, or choose
    another data folder with --data."""


class MissingProgram(ServerError):
    """{program} is not installed: apt-get install {package}."""


class MissingUser(ServerError):
    """Root does not run {program} itself, and there is no user {user} to run it: apt-get install
    {package}, or start Milepost as an ordinary user."""


class NamelessUser(ServerError):
    """User id {uid} has no name, and PostgreSQL asks for one: add it to /etc/passwd, or start
    Milepost as another user."""


class ChildFailed(ServerError):
    """{name} {what}. It last said "{last_line}"; the rest is in {log}."""


class LeftoverStays(ServerError):
    """The {program} of an earlier run (pid {pid}) still uses {folder} and does not end: see its
    log, then end it with kill -QUIT {pid}."""


class PortTaken(ServerError):
    """Port {port} of {host} is taken by another program: stop that one, or choose another port."""


class OtherMajor(ServerError):
    """{folder} was made by PostgreSQL {found}, and here is PostgreSQL {ours}: bring it over with
    pg_upgrade, or install postgresql-{found}."""


class SocketFolderTaken(ServerError):
    """{folder} is to hold the database's socket, but is not a private folder of user {user}:
    remove it, or choose a shorter data folder with --data."""
