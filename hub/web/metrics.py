"""Figures for Prometheus, on an address of their own: by directive and channel, never by recipient."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.config import Alarms
from hub.context import Hub
from hub.flow import alarms
from hub.flow.observe import Progress, Seen
from hub.model.delivery import Outcome
from hub.web.look import LOOK, Look
from hub.web.pages import HUB


class Sample(NamedTuple):
    """One value and what it is of."""

    value: float
    labels: tuple[str, ...] = ()


class Picture(Collector):
    """Hands the last look to the registry, in Prometheus' own form."""

    def __init__(self, limits: Alarms) -> None:
        self._limits = limits
        self.seen: Seen | None = None

    def collect(self) -> Iterator[Metric]:
        if self.seen is None:
            return
        yield from _dispatches(self.seen)
        yield from _oldest(self.seen)
        yield from _senders(self.seen, self._limits)
        yield from _house(self.seen)
        yield from _alarms(self.seen, self._limits)


_OF_A_DISPATCH: tuple[tuple[str, str, Callable[[Progress], float]], ...] = (
    ("planned", "Deliveries planned, of a dispatch that is under way.", lambda each: each.planned),
    ("left", "Deliveries that a sender has yet to finish.", lambda each: each.left),
    ("rate", "Deliveries finished a second, over the last minute.", lambda each: each.rate),
    ("uncertain", "Deliveries that may have arrived.", lambda each: each.count(Outcome.UNCERTAIN)),
    ("held", "Deliveries in doubt that wait for a person.", lambda each: each.due.held),
)

PICTURE = web.AppKey("picture", Picture)
REGISTRY = web.AppKey("registry", CollectorRegistry)


def application(hub: Hub, look: Look) -> web.Application:
    """What listens on [metrics]: a registry of its own, so that two instances in one process stay apart."""
    app = web.Application()
    app[HUB], app[LOOK] = hub, look
    app[PICTURE], app[REGISTRY] = Picture(hub.config.alarms), CollectorRegistry()
    app[REGISTRY].register(app[PICTURE])
    app.add_routes([web.get("/metrics", metrics)])
    return app


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics, in the text format."""
    try:
        request.app[PICTURE].seen = await request.app[LOOK].now()
    except Exception as error:
        # A failed scrape is what `up == 0` is for; figures of yesterday would look like health.
        raise web.HTTPServiceUnavailable(text="the database does not answer\n") from error
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _dispatches(seen: Seen) -> Iterator[Metric]:
    yield _gauge(
        "deliveries",
        "Deliveries by where they stand, over all dispatches; those never tried are in dispatch_left.",
        ("channel", "outcome"),
        (Sample(number, (channel, outcome)) for (channel, outcome), number in seen.totals.items()),
    )
    for name, told, value in _OF_A_DISPATCH:
        samples = (Sample(value(each), _place(each)) for each in seen.progress)
        yield _gauge(f"dispatch_{name}", told, ("directive", "channel"), samples)
    yield _gauge(
        "dispatch_seconds_to_expiry",
        "Until nothing of it is sent any more; negative afterwards.",
        ("directive", "channel"),
        (Sample((p.dispatch.expires_at - seen.at).total_seconds(), _place(p)) for p in seen.progress),
    )


def _oldest(seen: Seen) -> Iterator[Metric]:
    unsent = [(p.dispatch, p.age(seen.at)) for p in seen.progress if p.left]
    unsent += [(dispatch, seen.at - dispatch.approved_at) for dispatch in seen.unplanned]
    ages: dict[str, float] = dict.fromkeys(alarms.UNSENT, 0.0)
    ends: dict[str, float] = {}
    for dispatch, age in unsent:
        urgency = dispatch.urgency
        ages[urgency] = max(ages[urgency], age.total_seconds())
        end = (dispatch.expires_at - seen.at).total_seconds()
        ends[urgency] = min(ends.get(urgency, end), end)
    yield _gauge(
        "oldest_unsent_seconds",
        "For how long the oldest unsent message might have left.",
        ("urgency",),
        _each(ages),
    )
    yield _gauge(
        "unsent_deadline_seconds", "Until the time of an unsent message ends.", ("urgency",), _each(ends)
    )


def _senders(seen: Seen, limits: Alarms) -> Iterator[Metric]:
    alive = alarms.alive(seen, limits)
    yield _gauge("slots_alive", "Senders that were heard of lately.", (), [Sample(len(alive))])
    lanes = [
        (slot.name, name, channel)
        for slot in seen.slots
        if slot.name in alive
        for name, channel in slot.pulse.channels.items()
    ]
    labels = ("slot", "channel")
    yield _gauge(
        "lanes", "Connections that a sender may hold.", labels, (Sample(c.lanes, (s, n)) for s, n, c in lanes)
    )
    yield _gauge(
        "lanes_busy",
        "Connections with a delivery in hand.",
        labels,
        (Sample(c.busy, (s, n)) for s, n, c in lanes),
    )
    yield _gauge(
        "channel_paused",
        "1 while the breaker is open: the far side takes nothing from anybody.",
        labels,
        (Sample(c.paused_since is not None, (s, n)) for s, n, c in lanes),
    )
    relays = [(s, n, relay) for s, n, c in lanes for relay in c.relays]
    servers = (*labels, "relay")
    yield _gauge(
        "relay_in_use",
        "1 for the server that took the newest connection.",
        servers,
        (Sample(relay.in_use, (s, n, relay.place)) for s, n, relay in relays),
    )
    yield _gauge(
        "relay_resting",
        "1 while a server's breaker is open: it took no connection, and is left alone for a while.",
        servers,
        (Sample(relay.rests, (s, n, relay.place)) for s, n, relay in relays),
    )
    yield _gauge(
        "callbacks_silent",
        "SMS that the far side took long ago and never reported on, at least.",
        (),
        [Sample(seen.silence.number)],
    )


def _house(seen: Seen) -> Iterator[Metric]:
    yield _gauge("stops", "Stops in force on everything or on a channel.", (), [Sample(len(seen.stops))])
    yield _gauge("journal_entries", "Height of the journal.", (), [Sample(seen.journal)])
    yield _gauge("disk_free_bytes", "Free on the disk of the data directory.", (), [Sample(seen.free_space)])
    yield _gauge(
        "counts_current", "0 while counts cannot be kept, and are older.", (), [Sample(seen.current)]
    )
    lag = (seen.at - seen.unpublished_since).total_seconds() if seen.unpublished_since else 0
    yield _gauge("unpublished_seconds", "How long the published files have lagged behind.", (), [Sample(lag)])
    if seen.published_at is not None:
        at = seen.published_at.timestamp()
        yield _gauge("published_timestamp_seconds", "When the feeds last changed.", (), [Sample(at)])


def _alarms(seen: Seen, limits: Alarms) -> Iterator[Metric]:
    raised = {alarm.name for alarm in alarms.raised(seen, limits)}
    names = (rule.name for rule in alarms.RULES)
    yield _gauge(
        "alarm",
        "1 while somebody has to look.",
        ("name",),
        (Sample(name in raised, (name,)) for name in names),
    )


def _gauge(name: str, told: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(f"univoque_{name}", told, labels=labels)
    for sample in samples:
        family.add_metric(sample.labels, sample.value)
    return family


def _each(values: Mapping[str, float]) -> Iterator[Sample]:
    for label, value in values.items():
        yield Sample(value, (label,))


def _place(progress: Progress) -> tuple[str, str]:
    return progress.dispatch.directive, progress.channel
