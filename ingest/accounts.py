"""Who may sign in at the private broker, as the files that Mosquitto reads.

A device's user name is its full ref, so the pattern `gov/1/%u/nmea` is its own topic. One file
holds all names and hashes; whoever starts the broker reads it again when it changes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.child import server_user
from tracker.data_folder import DataFolder, write_whole
from tracker.directory import FIRST_SHARD
from tracker.passwords import hashed, matches, new_password

if TYPE_CHECKING:
    from tracker.accounts import Accounts
    from tracker.commit import Committer

log = logging.getLogger(__name__)

PACKAGE = "mosquitto"
SYSTEM_USER = "mosquitto"
LOOK_EACH_S = 0.2
RETRY_S = 5.0
#: So long after a department came to a shard, or left it, whoever has to read it does.
MOVED_WITHIN_S = 10.0

#: Our own programs at the broker. Ingest has a name for each shard, which is the client id of its
#: session too, so that the session stays the same whether names are bound to ids or not.
INGEST = "milepost-ingest-{shard}"
SIMULATOR = "milepost-simulator"
TAIL = "milepost-tail"
TELLER = "milepost-teller"
NAMES = {"ingest": INGEST, "simulate": SIMULATOR, "tail": TAIL, "tell": TELLER}

#: What each may do; what is not listed is refused. The first part is for clients without a name.
RIGHTS = f"""\
# Written by Milepost.
topic readwrite gov/#
topic read gov-out/#

user {TAIL}
topic read gov/#

user {SIMULATOR}
topic write gov/1/+/+/nmea
topic write gov/1/+/+/fix
topic write gov/1/+/+/state
topic write gov/1/+/+/cmdack
topic read gov/1/+/+/ack
topic read gov/1/+/+/config
topic read gov/1/+/+/cmd

user {TELLER}
topic write gov-out/1/#

pattern write gov/1/%u/nmea
pattern write gov/1/%u/fix
pattern write gov/1/%u/state
pattern write gov/1/%u/cmdack
pattern read gov/1/%u/ack
pattern read gov/1/%u/config
pattern read gov/1/%u/cmd
"""

#: Whoever reads what a department is told, by its subscription. Of three parts, as no device's full
#: ref is, and no topic of devices.
READER = "gov-out/{department}/{ref}"
READER_RIGHTS = "\nuser {name}\ntopic read gov-out/1/{department}/#\n"
DENY = "topic deny gov/1/{}/#"
INGEST_RIGHTS = """\
topic read gov/#
topic write gov/1/+/+/ack
topic write gov/1/+/+/config
topic write gov/1/+/+/cmd
"""

ANONYMOUS = "# Written by Milepost. Clients without a name: welcome.\n"
NAMED_ONLY = "# Written by Milepost. Clients without a name: refused.\n"


def broker_folder(data: DataFolder) -> Path:
    """The broker's own folder, made where it is missing; as root the broker's user owns it."""
    folder = data.path / "broker"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, broker_uid(), -1)
    return folder


def broker_uid() -> int:
    """The user id that must own what the broker reads; -1 where it runs as ourselves."""
    user = server_user(SYSTEM_USER, program="Mosquitto", package=PACKAGE)
    return pwd.getpwnam(user).pw_uid if user is not None else -1


def accounts_file(data: DataFolder) -> Path:
    """Where names and hashes stand."""
    return data.path / "broker" / "passwords"


def rights_file(data: DataFolder) -> Path:
    """Where it stands who may read and write which topics."""
    return data.path / "broker" / "rights"


def rights(accounts: Accounts) -> str:
    """Mosquitto's list of rights.

    The first shard reads all topics; what is other shards' the broker need not give it as well.
    """
    parts = [RIGHTS]
    for shard in accounts.shards:
        denied = accounts.elsewhere if shard == FIRST_SHARD else ()
        parts.append(f"\nuser {INGEST.format(shard=shard)}\n")
        parts += [f"{DENY.format(ref)}\n" for ref in denied]
        parts.append(INGEST_RIGHTS)
    for department, ref in accounts.readers:
        name = READER.format(department=department, ref=ref)
        parts.append(READER_RIGHTS.format(name=name, department=department))
    return "".join(parts)


def password_file(data: DataFolder, name: str) -> Path:
    """Where one of our own programs finds its password, all shards the same; made at the first
    call."""
    name = name.format(shard=FIRST_SHARD)
    path = data.run / f"{name}.password"
    if not path.exists():
        write_whole(path, f"{new_password()}\n", mode=0o600)
    return path


def lets_anonymous_in(data: DataFolder) -> bool:
    """Whether the file that was written last welcomes clients without a name."""
    with accounts_file(data).open(encoding="utf-8") as file:
        return file.readline() == ANONYMOUS


def write_accounts(data: DataFolder, accounts: Accounts) -> None:
    """Bring the files to what the registry says. Where nothing changed they are not touched."""
    _write_changed(data, rights_file(data), rights(accounts))
    path = accounts_file(data)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    known = dict(line.split(":", 1) for line in before.splitlines() if ":" in line)
    lines = [ANONYMOUS if accounts.anonymous else NAMED_ONLY]
    ingest = [INGEST.format(shard=shard) for shard in accounts.shards]
    for name in (*ingest, SIMULATOR, TAIL, TELLER):
        password = password_file(data, INGEST if name in ingest else name)
        kept = known.get(name, "")
        lines.append(f"{name}:{_hash_of(password, kept)}\n")
    lines += [f"{full_ref}:{each}\n" for full_ref, each in accounts.hashes.items()]
    lines += [
        f"{READER.format(department=department, ref=ref)}:{each}\n"
        for (department, ref), each in accounts.readers.items()
    ]
    _write_changed(data, path, "".join(lines))


def _hash_of(file: Path, kept: str) -> str:
    """The hash that stands there already where it fits: each new one is another."""
    password = file.read_text(encoding="ascii").strip()
    return kept if matches(password, kept) else hashed(password)


def _write_changed(data: DataFolder, path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        broker_folder(data)
        write_whole(path, text, mode=0o600, owner=broker_uid())


async def follow_registry(data: DataFolder, committer: Committer) -> None:
    """Keep the files at what the registry says, until cancelled."""
    written: Accounts | None = None
    moved = _Moved(rights_file(data))
    while True:
        accounts = committer.accounts
        if accounts is not None and (settled := moved.settled(accounts)) != written:
            try:
                await asyncio.to_thread(write_accounts, data, settled)
                written = settled
            except OSError as error:
                log.error("the broker does not know of the registry's last change: %s", error)
                await asyncio.sleep(RETRY_S)
        await asyncio.sleep(LOOK_EACH_S)


class _Moved:
    """The first shard is denied a department only when another one is certain to read it."""

    def __init__(self, rights: Path) -> None:
        """What is denied in the file already stays so."""
        self._denied = rights.read_text(encoding="utf-8").splitlines() if rights.exists() else []
        self._seen_s: dict[str, float] = {}

    def settled(self, accounts: Accounts) -> Accounts:
        """As the broker should know it now."""
        now_s = time.monotonic()
        self._seen_s = {ref: self._seen_s.get(ref, now_s) for ref in accounts.elsewhere}
        settled = (
            ref
            for ref, seen_s in self._seen_s.items()
            if now_s - seen_s > MOVED_WITHIN_S or DENY.format(ref) in self._denied
        )
        return replace(accounts, elsewhere=tuple(settled))
