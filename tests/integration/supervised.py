"""A small Milepost for the tests: both private servers and two idle workers under a supervisor.

Usage: supervised.py DATA [flaky], where `flaky` adds a worker that always dies.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ingest.broker import PrivateBroker
from tracker.child import Child, ChildSpec
from tracker.data_folder import DataFolder
from tracker.postgres import PrivatePostgres
from tracker.supervisor import Supervisor


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _worker(data: DataFolder, name: str, command: str) -> Child:
    argv = ["/bin/sh", "-c", command]
    return Child(ChildSpec(name=name, argv=argv, log=data.log / f"{name}.log"))


def main() -> None:
    """Run until SIGTERM."""
    data = DataFolder(Path(sys.argv[1]))
    with data.lock(), Supervisor(_say) as supervisor:
        for server in (PrivatePostgres(data).child, PrivateBroker(data).child):
            supervisor.add(server, wait=True)
        supervisor.finish(_worker(data, "step", "echo done"))
        for name in ("ingest", "serve"):
            supervisor.add(_worker(data, name, "exec sleep 1000"))
        if "flaky" in sys.argv:
            supervisor.add(_worker(data, "flaky", "echo no luck; exit 3"))
        supervisor.watch()


if __name__ == "__main__":
    main()
