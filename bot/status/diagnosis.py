"""Why can't somebody use the bot somewhere? All that could be in the way, passed or not, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.speech import say
from bot.studio.budget import Spending
from bot.studio.guilds import GuildSettings, Location
from ratelimit import KeyHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service with keys here: what its keys can do now, and whether an operator paused it."""

    name: str
    health: Sequence[KeyHealth]
    is_paused: bool

    @property
    def works(self) -> bool:
        return any(health is not KeyHealth.OUT for health in self.health)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is looked at for one person, one place and one command.

    Args:
        is_known: there is such a command.
        is_work: it begins, asks or posts something; what is a person's own is in nobody's way.
        may_see: what Discord itself says: the member may use application commands there, and this one by default.
        hears: we may read what is said without being mentioned (the message-content intent).
        lacking: permissions of ours that are missing there, by name.
        block: "" or where the person is kept out: "everywhere" or "here".
        waiting, waiting_at_most: films of theirs in the line, and the bound on that.
        spendings: what is bounded, by what it is called.
        is_all_paused: no film begins.
        models: how many video models are on offer.
    """

    command: str
    is_known: bool
    is_work: bool
    may_see: bool
    hears: bool
    lacking: Sequence[str]
    settings: GuildSettings
    place: Location
    is_server_blocked: bool
    block: str
    asks_age: bool
    waiting: int
    waiting_at_most: int
    spendings: Sequence[tuple[str, Spending]]
    is_all_paused: bool
    services: Sequence[Service]
    can_plan: bool
    models: int


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `remedy` is empty where it is as it should be."""

    what: str
    remedy: str = ""
    #: Good to know, and in nobody's way.
    is_minor: bool = False

    @property
    def passed(self) -> bool:
        return not self.remedy


def diagnose(facts: Facts) -> list[Line]:
    """Every line, in the order in which somebody would come by it."""
    lines = [*_of_discord(facts)]
    if not facts.is_work:
        return [
            *lines,
            Line(say("`/{command}` is for each person alone: no rule is in its way.", command=facts.command)),
        ]
    return [*lines, *_of_rules(facts), *_of_money(facts), *_of_services(facts)]


def _of_discord(facts: Facts) -> Iterator[Line]:
    if facts.is_known:
        yield Line(say("There is a command `/{command}`.", command=facts.command))
    else:
        remedy = say("Reload Discord, or choose one that is suggested; what no service is set up for, is not offered.")
        yield Line(say("There is no command `/{command}`.", command=facts.command), remedy)
    if facts.may_see:
        yield Line(say("Discord lets them use it there."))
    else:
        remedy = say("Give them Use Application Commands, or let them in on the server's Integrations page.")
        yield Line(say("Discord does not show them this command there."), remedy)
    if facts.lacking:
        names = ", ".join(facts.lacking)
        remedy = say("Give them to my role in the channel's settings; `/setup` has the invitation that brings them.")
        yield Line(say("I lack permissions there: {names}.", names=names), remedy)
    else:
        yield Line(say("I have every permission I need there."))
    if facts.hears:
        yield Line(say("I read what is said in a film's thread."))
    else:
        remedy = say("Mention me or reply to me; the operator can switch that intent on in Discord's portal.")
        yield Line(say("I only hear mentions and replies: the message-content intent is off."), remedy, is_minor=True)


def _of_rules(facts: Facts) -> Iterator[Line]:
    if facts.is_server_blocked:
        yield Line(say("The operator does nothing in this server."), say("Ask the operator of this bot."))
    if facts.settings.allows(facts.place):
        yield Line(say("The server has me in this channel."))
    else:
        yield Line(say("The server does not have me in this channel."), say("Change that under Channels in `/setup`."))
    if facts.block:
        where = say("everywhere") if facts.block == "everywhere" else say("in this server")
        yield Line(say("They are blocked {where}.", where=where), say("Lift it with `/admin user`."))
    else:
        yield Line(say("They are not blocked."))
    if facts.asks_age:
        remedy = say("They are asked when they use it; their press is enough, and nobody can do it for them.")
        yield Line(say("They have not said that they are old enough for the services' terms."), remedy)


def _of_money(facts: Facts) -> Iterator[Line]:
    if facts.waiting >= facts.waiting_at_most:
        remedy = say("They wait for one to finish or cancel one; `/setup` changes how many a role may have.")
        yield Line(
            say(
                "{number} films of theirs wait already, and {most} may.",
                number=facts.waiting,
                most=facts.waiting_at_most,
            ),
            remedy,
        )
    else:
        yield Line(say("They may have more films in the line."))
    spent = [(name, spending) for name, spending in facts.spendings if spending.left_microusd == 0]
    for name, spending in spent:
        again = f"<t:{int(spending.resets_at)}:R>"
        yield Line(say("{whose} is used up.", whose=name), say("There is room again {again}.", again=again))
    if not spent:
        yield Line(say("No bound on money is reached."))


def _of_services(facts: Facts) -> Iterator[Line]:
    if facts.is_all_paused:
        yield Line(say("An operator paused the line: no film begins."), say("It goes on with `/admin resume`."))
    for service in facts.services:
        if service.is_paused:
            remedy = say("It goes on with `/admin resume`.")
            yield Line(say("{service} is paused: nothing is ordered there.", service=service.name), remedy)
        elif not service.works:
            remedy = say("The operator has to look at its keys: `/admin keys`.")
            yield Line(say("None of the keys of {service} works.", service=service.name), remedy)
    if facts.services and all(service.works and not service.is_paused for service in facts.services):
        yield Line(say("Every service has a key that works, and none is paused."))
    if not facts.can_plan:
        yield Line(say("No language model is set up, so nothing is planned."), say("The operator has to add a key."))
    if not facts.models:
        yield Line(say("No video model is on offer."), say("The operator has to add a key of a video service."))
    elif facts.can_plan:
        yield Line(say("Plans are written, and {number} video models are on offer.", number=facts.models))
