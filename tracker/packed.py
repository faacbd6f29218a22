"""Many fixes as one bytea: a fraction of the time of as many rows. What `live_changes.sql` and
`playback.sql` pack, numpy reads in place."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

#: One fix as SQL packs it. Times in microseconds since 2000, as PostgreSQL has them; what is not
#: known is NaN; ignition 1 on, 0 off, -1 not known.
_PACKED: Final = np.dtype(
    [
        ("id", ">i4"),
        ("lon", ">f8"),
        ("lat", ">f8"),
        ("fixed_us", ">i8"),
        ("received_us", ">i8"),
        ("speed_mps", ">f4"),
        ("direction_deg", ">f4"),
        ("ignition", ">i2"),
    ]
)
#: The same in this machine's byte order; `id` is the vehicle's, times are unix time here.
PLACED: Final = _PACKED.newbyteorder("=")
#: Rows of PLACED.
Placed = npt.NDArray[np.void]

_EPOCH_2000_US: Final = 946_684_800_000_000


def unpacked(packed: bytes) -> Placed:
    """The rows in the order in which they were packed."""
    rows = np.frombuffer(packed, _PACKED).astype(PLACED)
    rows["fixed_us"] += _EPOCH_2000_US
    rows["received_us"] += _EPOCH_2000_US
    return rows


def by_id(rows: Placed) -> Placed:
    """One row a vehicle, by its id."""
    return rows[np.argsort(rows["id"])]


def by_id_and_time(rows: Placed) -> Placed:
    """Each vehicle's rows together, the oldest first."""
    return rows[np.lexsort((rows["fixed_us"], rows["id"]))]
