"""The health file: the newest word of each process, whatever was there before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tracker.health_file import SIZE_BYTES, HealthFile, read_health


def test_the_newest_word_is_read(tmp_path: Path) -> None:
    file = HealthFile(tmp_path / "ingest.health")
    before = datetime.now(UTC)
    file.write({"accepted": 1, "database_away_since": "2026-11-24T00:00:00+00:00"})
    file.write({"accepted": 2, "database_away_since": None})
    file.close()
    [said] = read_health(tmp_path)
    assert said["accepted"] == 2
    assert said["database_away_since"] is None
    assert before <= said["at"] <= datetime.now(UTC)


def test_a_file_keeps_its_size_so_that_it_needs_no_room_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "ingest.health"
    file = HealthFile(path)
    file.write({"rejected": {"a" * 1000: 1}})
    first = path.stat()
    file.write({})
    file.close()
    assert (path.stat().st_size, path.stat().st_ino) == (SIZE_BYTES, first.st_ino)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "ingest.health").write_text("half a wo", encoding="ascii")
    (tmp_path / "ingest.ready").write_text("17\n", encoding="ascii")
    assert list(read_health(tmp_path)) == [{"unreadable": "ingest.health"}]
