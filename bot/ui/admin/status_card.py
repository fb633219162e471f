"""`/admin status` as a card: is it well, and if not, what to do; then everything that is known, the gravest first.

A pure rendering. What does not fit is counted, and what is ill goes before what is well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import discord
from discord import ui

from bot.jobs.ledger import CallState
from bot.production.model import ProductionState
from bot.production.switches import ALL
from bot.speech import counted, gibibytes, lasting, later, say
from bot.status.finding import Finding, Severity
from bot.status.service_findings import unit_words
from bot.status.status import DiscordStatus, KeyStatus, LineStatus, MoneyStatus, ServiceStatus, Status
from bot.ui.admin.pieces import button, health_words, moment, usage_words
from bot.ui.card_layout import BAD, GOOD, PENDING, fitted, layout
from bot.ui.custom_ids import Action
from bot.ui.replies import words_for_closed
from bot.ui.wording import money, plain, size, titled
from ratelimit import KeyHealth, Priority

#: The chart's name among the message's files.
CHART = "last-24-hours.png"

_SYMBOLS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟡", Severity.NOTE: "🔵"}
_CLASSES = {
    Priority.HIGH: later("analysis"),
    Priority.MEDIUM: later("chat"),
    Priority.GENERATION: later("films"),
    Priority.LOW: later("background"),
}
_STATES = {
    ProductionState.RUNNING: later("{number} running"),
    ProductionState.ACCEPTED: later("{number} in line"),
    ProductionState.ASKING: later("{number} waiting for approval"),
    ProductionState.HELD: later("{number} held for their owners"),
    ProductionState.DONE: later("{number} done"),
    ProductionState.FAILED: later("{number} failed"),
    ProductionState.CANCELLED: later("{number} cancelled"),
}
_WENT_WRONG = (CallState.FAILED, CallState.REFUSED, CallState.UNKNOWN, CallState.LOST)
#: The worst first: what is cut off for want of room is what is well.
_ILL_FIRST = (
    KeyHealth.OUT,
    KeyHealth.COOLING,
    KeyHealth.PROBING,
    KeyHealth.PAUSED,
    KeyHealth.RETIRED,
    KeyHealth.HEALTHY,
)


def status_view(status: Status, found: Sequence[Finding], *, chart: str | None = None, note: str = "") -> ui.LayoutView:
    """The card. `chart` is what the picture shows in words, where there is one; `note` stands there without it."""
    return fitted(lambda room: _status_view(status, found, chart, note, room))


def _status_view(status: Status, found: Sequence[Finding], chart: str | None, note: str, room: int) -> ui.LayoutView:
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(_head(status, found))]
    if found:
        parts.append(ui.TextDisplay(_findings(found, most=max(2, room // 55), room=max(60, room // 2))))
    parts += [
        ui.Separator(),
        ui.TextDisplay("\n".join(_house(status))),
        ui.TextDisplay("\n".join([*_films(status), *_lines(status)])),
    ]
    if status.services:
        parts += [ui.Separator(), ui.TextDisplay(_services(status.services, most=max(3, room // 35)))]
    parts += [ui.Separator(), ui.TextDisplay("\n".join(_money(status.money) + _closed(status, max(2, room // 100))))]
    if chart is not None:
        parts.append(ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{CHART}", description=chart[:1000])))
    elif note:
        parts.append(ui.TextDisplay(f"-# {note}"))
    parts.append(_buttons(status))
    return layout(ui.Container(*parts, accent_colour=_colour(found)))


def _head(status: Status, found: Sequence[Finding]) -> str:
    serious = [finding for finding in found if finding.severity > Severity.NOTE]
    if any(finding.severity is Severity.CRITICAL for finding in found):
        verdict = counted(
            len(serious), "🔴 It is not well: {number} thing needs you", "🔴 It is not well: {number} things need you"
        )
    elif serious:
        verdict = counted(
            len(serious), "🟡 It goes on, but {number} thing needs you", "🟡 It goes on, but {number} things need you"
        )
    elif any(paused.name == ALL for paused in status.paused):
        verdict = say("⏸️ All is well, and new films are paused")
    else:
        verdict = say("🟢 All is well")
    facts = say(
        "v{version} · up {uptime} · seen {at}",
        version=status.version,
        uptime=lasting(status.uptime),
        at=moment(status.at),
    )
    return f"## {verdict}\n-# {facts}"


def _findings(found: Sequence[Finding], *, most: int, room: int) -> str:
    lines = [
        f"{_SYMBOLS[finding.severity]} **{_cut(finding.what, room)}**\n↳ {_cut(finding.remedy, room)}"
        for finding in found[:most]
    ]
    if len(found) > most:
        lines.append(counted(len(found) - most, "-# and {number} more", "-# and {number} more"))
    return "\n".join(lines)


def _house(status: Status) -> Iterator[str]:
    if status.discord is not None:
        yield "**Discord**: " + " · ".join(_discord(status.discord))
    base = status.database
    facts = [base.kind]
    if base.error is not None:
        facts.append(say("not reached: {error}", error=plain(base.error)))
    if base.latency is not None:
        facts.append(say("answers in {time}", time=lasting(base.latency)))
    if base.bytes is not None:
        facts.append(size(base.bytes))
    if base.waiting:
        facts.append(counted(base.waiting, "{number} waits for it", "{number} wait for it"))
    yield say("**Database**: {facts}", facts=" · ".join(facts))
    disk = status.disk
    yield say("**Disk**: {free} free of {total}", free=gibibytes(disk.free_bytes), total=gibibytes(disk.total_bytes))
    away = [process for process in status.processes if not process.is_here]
    if away:
        names = ", ".join(f"{plain(process.name)} ({process.role})" for process in away[:4])
        yield say("**Other processes**: {count}: {names}", count=len(away), names=names)


def _discord(discord_: DiscordStatus) -> Iterator[str]:
    if discord_.is_connected and discord_.latency is not None:
        yield say("connected, {latency}", latency=lasting(discord_.latency))
    else:
        yield say("connected") if discord_.is_connected else say("not connected")
    yield counted(discord_.guilds, "{number} server", "{number} servers")
    yield say("{refused} of {most} refusals in 10 min", refused=discord_.refused, most=discord_.refused_at_most)
    yield counted(discord_.limited, "{number} answer of 429", "{number} answers of 429")
    if discord_.sessions_left is not None and discord_.sessions_of is not None:
        yield say("{left} of {of} identifies left", left=discord_.sessions_left, of=discord_.sessions_of)
    if discord_.silent_until is not None:
        yield say("silent until {when}", when=moment(discord_.silent_until))


def _films(status: Status) -> Iterator[str]:
    films = status.films
    yield say("**Films**: {states}", states=film_counts(films.now) or say("none under way"))
    yield say("**Last 24 h**: {states}", states=film_counts(films.last_day) or say("none ended"))
    if films.undelivered:
        yield counted(
            films.undelivered, "⚠️ {number} film is made and not posted", "⚠️ {number} films are made and not posted"
        )


def film_counts(numbers: Mapping[ProductionState, int]) -> str:
    """How many films stand how; "" for none."""
    return " · ".join(say(words, number=numbers[state]) for state, words in _STATES.items() if numbers.get(state))


def _lines(status: Status) -> Iterator[str]:
    """Who waits: films to begin, and requests for a key, by class."""
    if status.films.line.waiting or status.films.line.p50 is not None:
        yield "- " + say("to begin: {line}", line=_line(status.films.line))
    for priority, words in _CLASSES.items():
        line = status.waits.get(priority)
        if line is not None and (line.waiting or line.p50 is not None):
            told = say("{class_} at the services: {line}", class_=say(words), line=_line(line))
            if line.by_user and line.waiting > 1:
                user, number = line.by_user[0]
                told += " · " + say("most of them of {who}: {number}", who=_who(user), number=number)
            yield "- " + told


def _who(user: str) -> str:
    """Somebody in the line for a key: a person, or what the bot itself asks for."""
    return f"<@{user}>" if user.isdecimal() else f"`{user}`"


def _line(line: LineStatus) -> str:
    facts = [counted(line.waiting, "{number} waits", "{number} wait") if line.waiting else say("nobody waits")]
    if line.oldest is not None:
        facts.append(say("the oldest for {time}", time=lasting(line.oldest)))
    if line.p50 is not None and line.p95 is not None:
        facts.append(say("p50 {half}, p95 {most}", half=lasting(line.p50), most=lasting(line.p95)))
    return ", ".join(facts)


def _services(services: Sequence[ServiceStatus], *, most: int) -> str:
    """Every service with its keys; keys that are well are counted where there is no room for all."""
    count = sum(len(service.keys) for service in services)
    lines = []
    for service in services:
        paused = say(" · ⏸️ paused by an operator") if service.paused else ""
        lines.append(f"**{titled(service.name)}**{paused}{_orders(service)}")
        keys = sorted(service.keys, key=lambda key: _ILL_FIRST.index(key.view.health))
        shown = keys if count <= most else keys[: max(1, most * len(keys) // count)]
        lines += [_key(key) for key in shown]
        if len(shown) < len(keys):
            lines.append(say("-# and {number} more, no worse than these", number=len(keys) - len(shown)))
        if not keys:
            lines.append(say("🔴 no key is left; add one with `/admin keys`"))
    return "\n".join(lines)


def _orders(service: ServiceStatus) -> str:
    """How many orders of the last day there were, and how many of them came to nothing or went unanswered."""
    if not (orders := sum(service.calls.values())):
        return ""
    failed = sum(service.calls.get(state, 0) for state in _WENT_WRONG)
    words = counted(
        orders,
        "{number} order in the last 24 hours, {failed} failed",
        "{number} orders in the last 24 hours, {failed} failed",
        failed=failed,
    )
    return f" · {words}"


def _key(key: KeyStatus) -> str:
    facts = [f"{health_words(key.view)} · `{key.view.id}`", *usage_words(key.view)[:2]]
    if key.error_rate:
        facts.append(say("{share} failed lately", share=f"{key.error_rate:.0%}"))
    if key.left is not None:
        facts.append(say("{left} {unit} left", left=f"{key.left:,}", unit=unit_words(key.unit)))
    return " · ".join(facts)


def _money(spent: MoneyStatus | None) -> list[str]:
    if spent is None:
        return []
    bot = spent.bot
    today = money(bot.used_microusd)
    if bot.cap_microusd is not None:
        today = say("{used} of {cap}", used=today, cap=money(bot.cap_microusd))
    if bot.held_microusd:
        today = say("{spent}, {held} of that kept aside", spent=today, held=money(bot.held_microusd))
    lines = [say("**Spent today**: {spent} · anew {when}", spent=today, when=moment(bot.resets_at))]
    if spent.users:
        first = spent.users[0]
        most = money(first.used_microusd)
        if spent.user_cap_microusd is not None:
            most = say("{used} of {cap}", used=most, cap=money(spent.user_cap_microusd))
        lines.append("- " + say("most by {who}: {spent}", who=f"<@{first.id}>", spent=most))
    return lines


def _closed(status: Status, most: int) -> list[str]:
    if not status.closed:
        return []
    lines = [say("**Channels closed to me**: {number}", number=len(status.closed))]
    lines += [
        "- "
        + say(
            "{channel}, tried again {when}: {why}",
            channel=f"<#{closed.id}>",
            when=moment(closed.until),
            why=words_for_closed(closed.because),
        )
        for closed in status.closed[:most]
    ]
    return lines


def _buttons(status: Status) -> ui.ActionRow[ui.LayoutView]:
    is_paused = any(paused.name == ALL for paused in status.paused)
    pause = button(Action.OPPAUSE, say("Pause new films"), style=discord.ButtonStyle.danger)
    resume = button(Action.OPRESUME, say("Go on"), style=discord.ButtonStyle.success)
    return ui.ActionRow(
        button(Action.OPSTATUS, say("Refresh"), style=discord.ButtonStyle.primary),
        button(Action.OPKEYS, say("Keys"), version=1),
        button(Action.OPLINE, say("Queue"), version=1),
        resume if is_paused else pause,
    )


def _colour(found: Sequence[Finding]) -> discord.Colour:
    worst = max((finding.severity for finding in found), default=Severity.NOTE)
    return {Severity.CRITICAL: BAD, Severity.WARNING: PENDING, Severity.NOTE: GOOD}[worst]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
