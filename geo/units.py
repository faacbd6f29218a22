"""Conversions between units, here only: everywhere else units stand in names."""

#: One international knot in metres a second (1,852 m an hour).
KNOT_MPS = 1852.0 / 3600.0


def knots_to_mps(knots: float) -> float:
    """Metres a second of a speed in knots."""
    return knots * KNOT_MPS


def kmh_to_mps(kmh: float) -> float:
    """Metres a second of a speed in kilometres an hour."""
    return kmh / 3.6


def mps_to_kmh(mps: float) -> float:
    """Kilometres an hour of a speed in metres a second."""
    return mps * 3.6
