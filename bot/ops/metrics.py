"""What Prometheus reads: a status in its text format. Names carry their units; keys go by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot.status.finding import Severity
from bot.status.findings import findings
from bot.status.status import Status
from ratelimit import WAITS, Counters, KeyHealth, Priority

CONTENT_TYPE = CONTENT_TYPE_LATEST
_PREFIX = "greenlight_"

Row = tuple[Sequence[str], float]


def exposition(status: Status, counters: Mapping[str, Counters]) -> bytes:
    """The text of `/metrics`; `counters` are the pools' own, by provider."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told([*_metrics(status), *_of_counters(counters)]))
    return generate_latest(registry)


class _Told(Collector):
    """Metrics that are known already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _metrics(status: Status) -> Iterator[Metric]:
    yield from _of_process(status)
    yield from _of_discord(status)
    yield from _of_keys(status)
    yield from _of_work(status)
    yield from _of_means(status)
    found = [finding.severity for finding in findings(status)]
    rows = [((each.name.lower(),), found.count(each)) for each in Severity]
    yield _gauges("findings", "What is not well, by how much it matters.", ("severity",), rows)


def _of_process(status: Status) -> Iterator[Metric]:
    here = next(each for each in status.processes if each.is_here)
    yield _gauges("build_info", "The version.", ("version", "role"), [((status.version, here.role), 1)])
    yield _gauge("start_time_seconds", "When it was started, in Unix seconds.", status.started_at)
    yield _gauge("resident_memory_bytes", "Memory that it takes.", here.memory_bytes)
    yield _gauge("event_loop_late_seconds", "How late 99 of 100 ticks of its event loop came at most.", here.loop_late)
    yield _gauge("processes", "Processes of the bot that were heard of lately.", len(status.processes))


def _of_discord(status: Status) -> Iterator[Metric]:
    discord = status.discord
    if discord is None:
        return
    yield _gauge("discord_connected", "Whether the gateway is open.", discord.is_connected)
    yield _gauge("discord_latency_seconds", "From a heartbeat to its answer.", discord.latency)
    yield _gauge("discord_guilds", "Servers.", discord.guilds)
    yield _gauge("discord_refused_requests", "Answers of 401, 403 and 429 in the last ten minutes.", discord.refused)
    yield _counter("discord_rate_limited", "Answers of 429.", (), [((), discord.limited)])
    yield _gauge("discord_sessions_left", "Identifications left, as of the last connection.", discord.sessions_left)


def _of_keys(status: Status) -> Iterator[Metric]:
    keys = [(service.name, key) for service in status.services for key in service.keys]
    of_key = ("provider", "key")
    yield _gauges(
        "key_health",
        "1 for the health that a key has, 0 for the others.",
        (*of_key, "health"),
        [((name, key.view.id, health.value), key.view.health is health) for name, key in keys for health in KeyHealth],
    )
    yield _counter(
        "key_requests", "How often a key was lent.", of_key, [((name, k.view.id), k.view.granted) for name, k in keys]
    )
    yield _counter(
        "key_refusals",
        "What spoke against a key.",
        of_key,
        [((name, key.view.id), key.view.refused) for name, key in keys],
    )
    yield _gauges(
        "key_rest_ends_seconds",
        "When a key that rests, or is out, is asked again, in Unix seconds.",
        (*of_key, "why"),
        [((name, key.view.id, key.view.why), key.view.until) for name, key in keys if key.view.until is not None],
    )
    yield _gauges(
        "key_in_flight", "Leases that are out.", of_key, [((name, k.view.id), k.view.in_flight) for name, k in keys]
    )
    accounts = {(name, key.view.account): key for name, key in keys}
    of_account = ("provider", "account")
    yield _gauges(
        "account_open_operations",
        "Operations open and leases out.",
        of_account,
        [(place, key.view.open) for place, key in accounts.items()],
    )
    yield _gauges(
        "account_room",
        "Operations that may be open at once.",
        of_account,
        [(place, key.room) for place, key in accounts.items() if key.room is not None],
    )
    of_model = (*of_account, "model")
    rooms = [((*place, model), each) for place, key in accounts.items() for model, each in key.rooms.items()]
    yield _gauges(
        "model_open_operations", "Those of one model.", of_model, [(at, is_open) for at, (is_open, _) in rooms]
    )
    yield _gauges("model_room", "Those that may be, of one model.", of_model, [(at, room) for at, (_, room) in rooms])
    yield _gauges(
        "model_rest_ends_seconds",
        "When a model that rests on an account is asked for again, in Unix seconds.",
        of_model,
        [((*place, model), at) for place, key in accounts.items() for model, at in key.view.resting_models.items()],
    )
    windows = [
        ((*place, usage.model or "", f"{usage.limit.period:.0f}", what), used, limit)
        for place, key in accounts.items()
        for usage in key.view.usage
        for what, used, limit in (
            ("requests", usage.requests, usage.limit.requests),
            ("tokens", usage.tokens, usage.limit.tokens),
        )
        if limit is not None
    ]
    of_window = (*of_account, "model", "period_seconds", "what")
    yield _gauges("window_used", "What is used of a limit.", of_window, [(place, used) for place, used, _ in windows])
    yield _gauges("window_limit", "A limit.", of_window, [(place, limit) for place, _, limit in windows])


def _of_work(status: Status) -> Iterator[Metric]:
    films = status.films
    lines = [
        ((service.name, priority.name.lower()), line)
        for service in status.services
        for priority, line in service.waits.items()
    ]
    waiting: list[Row] = [(name, line.waiting) for name, line in lines]
    oldest: list[Row] = [(name, line.oldest or 0.0) for name, line in lines]
    of_line = ("provider", "class")
    yield _gauges("lease_waiting", "Requests that wait for a key.", of_line, waiting)
    yield _gauges("lease_oldest_wait_seconds", "How long the first of them has waited.", of_line, oldest)
    now: list[Row] = [((state.value,), number) for state, number in films.now.items()]
    ended: list[Row] = [((state.value,), number) for state, number in films.last_day.items()]
    yield _gauges("films", "Films that are not over, by state.", ("state",), now)
    yield _gauges("films_ended_last_day", "Films that ended in the last 24 hours, by state.", ("state",), ended)
    yield _gauge("film_oldest_wait_seconds", "How long the first film of the line has waited.", films.line.oldest or 0)
    yield _gauge("films_undelivered", "Films that are over and could not be posted.", films.undelivered)
    orders: list[Row] = [
        ((service.name, state), number) for service in status.services for state, number in service.calls.items()
    ]
    yield _gauges("orders_last_day", "Paid calls of the last 24 hours, by state.", ("provider", "state"), orders)


def _of_means(status: Status) -> Iterator[Metric]:
    database, disk, backups = status.database, status.disk, status.backups
    yield _gauge("database_up", "Whether the database answers.", database.error is None)
    yield _gauge("database_latency_seconds", "How long it takes to answer.", database.latency)
    yield _gauge("database_size_bytes", "What it takes on its disk.", database.bytes)
    yield _gauge("database_waiting_transactions", "Transactions that wait for a connection.", database.waiting)
    if status.money is not None:
        bot = status.money.bot
        cap = None if bot.cap_microusd is None else bot.cap_microusd / 1e6
        yield _gauge("spent_today_usd", "Spent in this UTC day, by everybody.", bot.used_microusd / 1e6)
        yield _gauge("spend_cap_usd", "What may be spent in a UTC day.", cap)
    yield _gauge("disk_free_bytes", "Free on the disk of DATA_DIR.", disk.free_bytes)
    yield _gauge("disk_reserve_bytes", "With less free nothing new is begun.", disk.reserve_bytes)
    yield _gauge("backup_made_seconds", "When the newest backup was made, in Unix seconds.", backups.made_at)
    yield _gauges("paused", "What an operator has paused.", ("name",), [((each.name,), 1) for each in status.paused])
    yield _gauge("channels_closed", "Channels that do not let the bot write.", len(status.closed))


def _of_counters(counters: Mapping[str, Counters]) -> Iterator[Metric]:
    waited = HistogramMetricFamily(
        f"{_PREFIX}lease_wait_seconds", "How long requests waited for a key.", labels=("provider", "class")
    )
    for name, each in counters.items():
        for priority in Priority:
            waits = each.waits[priority]
            below = 0
            buckets = []
            for bound, number in zip((*WAITS, float("inf")), waits.buckets, strict=True):
                below += number
                buckets.append(("+Inf" if bound == float("inf") else f"{bound:g}", below))
            waited.add_metric((name, priority.name.lower()), buckets, waits.seconds)
    yield waited
    verdicts: list[Row] = [
        ((name, key, verdict), number)
        for name, each in counters.items()
        for (key, verdict), number in each.verdicts.items()
    ]
    yield _counter("verdicts", "What was learned of keys.", ("provider", "key", "verdict"), verdicts)
    lines = [
        ((name, priority.name.lower()), each, priority) for name, each in counters.items() for priority in Priority
    ]
    timeouts: list[Row] = [(place, each.timeouts[priority]) for place, each, priority in lines]
    cancelled: list[Row] = [(place, each.cancellations[priority]) for place, each, priority in lines]
    yield _counter("lease_timeouts", "Requests that got no key in their time.", ("provider", "class"), timeouts)
    yield _counter("lease_cancellations", "Requests given up while they waited.", ("provider", "class"), cancelled)


def _gauge(name: str, means: str, value: float | None) -> Metric:
    """One number; none where it is not known."""
    return _gauges(name, means, (), [] if value is None else [((), value)])


def _gauges(name: str, means: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, means, labels=labels)
    for values, number in rows:
        family.add_metric(values, float(number))
    return family


def _counter(name: str, means: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, means, labels=labels)
    for values, number in rows:
        family.add_metric(values, float(number))
    return family
