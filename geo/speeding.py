"""Speed limits in fences: episodes of fixes that are too fast (rule R30)."""

from __future__ import annotations

from typing import Final, NamedTuple

from geo.memory import Episode
from geo.watch import KMH, LENIENCE, Watch

#: So long must fixes be too fast in a row to be told, and at or under the limit to end it.
SUSTAINED_MS: Final = 10_000
#: Speeds are compared in thousandths of km/h: they come as four bytes.
DIGITS: Final = 3


class Sample(NamedTuple):
    """A reported speed."""

    ms: int
    mps: float


def after_sample(episode: Episode | None, watch: Watch, sample: Sample) -> Episode | None:
    """How an episode, or a row that may become one, stands after the next fix inside."""
    kmh = round(sample.mps * KMH, DIGITS)
    if kmh > round(watch.limit_kmh * LENIENCE, DIGITS):
        return _over(episode, sample)
    if episode is None or not episode.told:
        return None
    if kmh > watch.limit_kmh:
        return episode._replace(slow_ms=None)
    slow_ms = sample.ms if episode.slow_ms is None else episode.slow_ms
    return None if sample.ms - slow_ms >= SUSTAINED_MS else episode._replace(slow_ms=slow_ms)


def _over(episode: Episode | None, sample: Sample) -> Episode:
    if episode is None:
        return Episode(sample.ms, sample.ms, sample.mps, None, told=False)
    return Episode(
        first_ms=episode.first_ms,
        last_ms=sample.ms,
        max_mps=max(episode.max_mps, sample.mps),
        slow_ms=None,
        told=episode.told or sample.ms - episode.first_ms >= SUSTAINED_MS,
    )
