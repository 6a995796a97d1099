"""The vitals of a running watch in the text format of Prometheus; every registry is its own, nothing is global."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from nightside import __version__
from nightside.engine.live.vitals import ChannelVitals, ShareVitals, SourceVitals, Vitals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_FAULTS = 256
"""Faults with labels of their own; the first seen keep theirs, all later ones are counted together."""
FURTHER = "further"


class Metrics:
    """What a scrape gets."""

    def __init__(self, vitals: Callable[[], Vitals]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Of(vitals))
        # Memory, processor time, open files.
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """All of them, now."""
        return generate_latest(self._registry)


class _Of(Collector):
    def __init__(self, vitals: Callable[[], Vitals]) -> None:
        self._vitals = vitals

    def describe(self) -> Iterable[Metric]:
        """Nothing: who asks before the start would be told of a watch that is not there yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One snapshot, so that all figures are of the same instant."""
        v = self._vitals()
        yield InfoMetricFamily("nightside_build", "The program.", value={"version": __version__})
        yield _gauge("ready", "1 while a verdict can be told of this instant.", not v.why_not_ready())
        if v.share is None or v.share.judges:
            yield from _judge(v)
        if v.share is not None:
            yield from _share(v.share)
        yield from _collectors(v)
        yield from _sources(v)
        yield from _channels(v)
        yield from _kept(v)


def _judge(v: Vitals) -> Iterator[Metric]:
    if v.behind_s is not None:
        yield _gauge("behind_seconds", "How far the judge is behind where it is meant to be.", v.behind_s)
    yield _gauge("peer_ases_known", "Peer ASes with a known full-feed session.", v.known)
    yield _gauge("peer_ases_expected", "Full-feed peer ASes of the last 24 hours.", v.expected)
    yield _gauge("blind", "1 while too few peer ASes are known: nothing can be told.", v.blind)
    yield _gauge("incidents_open", "Incidents that have not ended.", v.incidents_open)
    yield CounterMetricFamily("nightside_elements", "Elements that were taken in.", value=v.elements)
    told = CounterMetricFamily("nightside_messages_told", "Messages, by kind.", labels=["kind"])
    for kind, count in v.told.items():
        told.add_metric([kind], count)
    yield told


def _share(v: ShareVitals) -> Iterator[Metric]:
    yield _gauge("judges", "1 while this program judges what all of them hear.", v.judges)
    yield _gauge("programs", "Programs that share the work.", v.programs)
    held = GaugeMetricFamily("nightside_lease_held", "1 for what this program does alone.", labels=["lease"])
    for lease in v.leases:
        held.add_metric([lease], 1)
    yield held
    yield CounterMetricFamily(
        "nightside_relay_pieces", "Pieces of what was heard, handed on.", value=v.pieces
    )


def _collectors(v: Vitals) -> Iterator[Metric]:
    up = GaugeMetricFamily("nightside_collector_up", "1 while a collector is heard.", labels=["collector"])
    lag = GaugeMetricFamily(
        "nightside_lag_seconds",
        "The clock less the time of a collector's newest element.",
        labels=["collector"],
    )
    for collector in v.collectors:
        up.add_metric([collector.name], collector.up)
        if collector.newest_s is not None:
            lag.add_metric([collector.name], v.now_s - collector.newest_s)
    yield up
    yield lag


_SOURCE: tuple[tuple[str, str, Callable[[SourceVitals], int]], ...] = (
    ("connections", "Connections begun, the refused ones too.", lambda s: s.connections),
    ("received_bytes", "Bytes that came.", lambda s: s.received_bytes),
    ("messages", "Messages that came.", lambda s: s.messages),
    ("duplicates", "Messages that had come before.", lambda s: s.duplicates),
    ("elements", "Elements that messages held.", lambda s: s.elements),
    ("restamped", "Messages with the time of their arrival for their own.", lambda s: s.restamped),
)


def _sources(v: Vitals) -> Iterator[Metric]:
    for name, words, figure in _SOURCE:
        family = CounterMetricFamily(f"nightside_source_{name}", words, labels=["source"])
        for source in v.sources:
            family.add_metric([source.name], figure(source))
        yield family
    faults = CounterMetricFamily(
        "nightside_faults",
        "What could not be used, by what it was of (a collector, an address, an endpoint) and kind.",
        labels=["source", "of", "kind"],
    )
    for source in v.sources:
        for (of, kind), count in islice(source.faults.items(), MOST_FAULTS):
            faults.add_metric([source.name, of, kind], count)
        if len(source.faults) > MOST_FAULTS:
            rest = sum(islice(source.faults.values(), MOST_FAULTS, None))
            faults.add_metric([source.name, "", FURTHER], rest)
    yield faults


_CHANNEL: tuple[tuple[str, str, Callable[[ChannelVitals], int]], ...] = (
    ("waiting", "Messages that a channel has not taken yet.", lambda c: c.waiting),
    ("failing", "1 while a channel takes nothing.", lambda c: c.failing),
)
_CHANNEL_TOTAL: tuple[tuple[str, str, Callable[[ChannelVitals], int]], ...] = (
    ("delivered", "Messages that a channel has taken.", lambda c: c.delivered),
    ("refused", "Messages that a channel has refused for good.", lambda c: c.refused),
)


def _channels(v: Vitals) -> Iterator[Metric]:
    for family, figures in ((GaugeMetricFamily, _CHANNEL), (CounterMetricFamily, _CHANNEL_TOTAL)):
        for name, words, figure in figures:
            metric = family(f"nightside_channel_{name}", words, labels=["channel"])
            for channel in v.channels:
                metric.add_metric([channel.name], figure(channel))
            yield metric


def _kept(v: Vitals) -> Iterator[Metric]:
    queues = GaugeMetricFamily("nightside_queue_length", "What waits, by queue.", labels=["queue"])
    queues.add_metric(["elements"], v.waiting)
    queues.add_metric(["findings"], v.untold)
    yield queues
    if v.checkpoint is None:
        return
    if v.checkpoint.at_s is not None:
        yield _gauge("checkpoint_age_seconds", "Since the newest checkpoint.", v.now_s - v.checkpoint.at_s)
    yield _gauge("checkpoint_bytes", "The newest checkpoint.", v.checkpoint.checkpoint_bytes)
    yield _gauge("state_kept", "1 while what comes is written down.", v.checkpoint.is_kept)
    yield _gauge("journal_bytes", "What came in since the newest checkpoint.", v.checkpoint.journal_bytes)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"nightside_{name}", words, value=value)
