"""The roles of the database: which one a process connects as decides what it can do and see."""

from typing import Literal

#: `postgres` is the superuser of a private cluster; the others are made by `superuser.sql`.
Role = Literal["postgres", "milepost_owner", "milepost_ingest", "milepost_api", "milepost_worker"]
