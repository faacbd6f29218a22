"""Figures for Prometheus: what ingest says of itself, and this process' live feed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from api.live.hub import Hub
from tracker.reads import Row

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

#: Counters of a shard since its start: by key in `ingest_health.counters`.
_COUNTED: Final = {
    "accepted": ("fixes", "Fixes stored."),
    "late": ("late_fixes", "Fixes stored that were older than the newest of their vehicle."),
    "suppressed": ("suppressed_fixes", "Fixes of private times, of which no position is kept."),
    "implausible": ("implausible_fixes", "Fixes found to be impossible jumps."),
    "repeated": ("repeated", "Fixes and messages that were dealt with before."),
    "acknowledged": ("acknowledged_messages", "Messages named durable to their device."),
    "events": ("events", "Events found."),
    "alerts": ("alerts", "Alerts opened."),
    "commits": ("commits", "Commits."),
    "commit_seconds": ("commit_seconds", "Time spent in commits."),
}
#: What holds now, of a shard.
_MEASURED: Final = {
    "commit_lag_s": ("commit_lag_seconds", "Age of the oldest arrival in the last commit."),
    "commit_waits_s": ("commit_waits_seconds", "How long the commit at hand has been tried."),
    "waiting": ("waiting_messages", "Messages that wait for a commit."),
}


#: What of a subscription is told, by column of `list_subscription.sql`.
_TELLINGS: Final = {
    "waiting": "Tellings that wait for a subscription.",
    "failing": "Of these, tried and not taken.",
    "dead": "Dead letters of a subscription.",
}


def exposition(health: Sequence[Row], subscriptions: Sequence[Row], hub: Hub) -> bytes:
    """All figures in Prometheus' text form 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Figures(health, subscriptions, hub))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, health: Sequence[Row], subscriptions: Sequence[Row], hub: Hub) -> None:
        self._subscriptions = subscriptions
        self._health = [(str(row["shard"]), row["counters"], row) for row in health]
        self._hub = hub

    def collect(self) -> Iterable[Metric]:
        yield from self._ingest()
        yield from self._live()
        yield from self._tellings()

    def _ingest(self) -> Iterator[Metric]:
        for key, (name, told) in _COUNTED.items():
            counter = CounterMetricFamily(f"milepost_ingest_{name}", told, labels=["shard"])
            for shard, counters, _ in self._health:
                counter.add_metric([shard], _number(counters, key))
            yield counter
        for key, (name, told) in _MEASURED.items():
            gauge = GaugeMetricFamily(f"milepost_ingest_{name}", told, labels=["shard"])
            for shard, counters, _ in self._health:
                gauge.add_metric([shard], _number(counters, key))
            yield gauge
        yield self._rejected()
        yield self._ais()
        yield self._refused_by_broker()
        yield self._heard()

    def _rejected(self) -> Metric:
        rejected = CounterMetricFamily(
            "milepost_ingest_rejected", "Lines and fixes refused.", labels=["shard", "reason"]
        )
        for shard, counters, _ in self._health:
            reasons = counters.get("rejected", {})
            for reason in reasons:
                rejected.add_metric([shard, reason], _number(reasons, reason))
        return rejected

    def _ais(self) -> Metric:
        counter = CounterMetricFamily(
            "milepost_ingest_ais",
            "Messages by AIS that made no fix: of nobody registered, undated, of the own ship.",
            labels=["shard", "source", "what"],
        )
        for shard, counters, _ in self._health:
            for source, counts in counters.get("ais", {}).items():
                for what in counts:
                    counter.add_metric([shard, source, what], _number(counts, what))
        return counter

    def _refused_by_broker(self) -> Metric:
        refused = CounterMetricFamily(
            "milepost_broker_refused",
            "Connections and messages that the private broker refused.",
            labels=["shard", "reason"],
        )
        for shard, counters, _ in self._health:
            counts = counters.get("refused_by_broker") or {}
            for reason in counts.keys() - {"clients"}:
                refused.add_metric([shard, reason], _number(counts, reason))
        return refused

    def _tellings(self) -> Iterator[Metric]:
        for column, told in _TELLINGS.items():
            gauge = GaugeMetricFamily(
                f"milepost_tellings_{column}", told, labels=["subscription", "kind"]
            )
            for row in self._subscriptions:
                gauge.add_metric([row["subscription"], row["kind"]], row[column])
            yield gauge

    def _heard(self) -> Metric:
        heard = GaugeMetricFamily(
            "milepost_ingest_heard_timestamp_seconds",
            "When the process of the shard last spoke, about once a second.",
            labels=["shard"],
        )
        for shard, _, row in self._health:
            heard.add_metric([shard], row["at"].timestamp())
        return heard

    def _live(self) -> Iterator[Metric]:
        hub = self._hub
        yield _gauge("viewers", "Live connections to this process.", hub.viewers)
        yield _gauge("scopes", "Different scopes that they watch.", hub.scopes)
        yield _gauge("lag_seconds", "Age of the oldest arrival in the last frame.", hub.tally.lag_s)
        yield CounterMetricFamily("milepost_live_frames", "Frames made.", hub.tally.frames)
        yield CounterMetricFamily(
            "milepost_live_skipped_frames",
            "Frames that a lagging viewer was not given.",
            hub.tally.skipped,
        )


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"milepost_live_{name}", told, value)


def _number(counters: Mapping[str, Any], key: str) -> float:
    return float(counters.get(key, 0))
