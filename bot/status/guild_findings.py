"""What is not well in one server, for its own admins: permissions that are missing, and money that runs out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.speech import counted, say
from bot.status.finding import Finding, Severity
from bot.studio.budget import Spending

#: The share of a cap at which it is told that it runs out.
NEARLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingHere:
    """A channel that was chosen, and what is missing there, as Discord's settings name it; nothing where it is gone."""

    channel_id: int
    names: Sequence[str]


def guild_findings(month: Spending | None, missing: Sequence[MissingHere], asking: int = 0) -> list[Finding]:
    """Everything that is not well in a server, of which so many films are `asking` for their price to be approved."""
    return [*_of_money(month), *_of_prices(asking), *map(_of_channel, missing)]


def _of_money(month: Spending | None) -> Iterator[Finding]:
    if month is None or not month.cap_microusd:
        return
    again = f"<t:{int(month.resets_at)}:R>"
    if month.left_microusd == 0:
        yield Finding(
            name="month spent",
            severity=Severity.CRITICAL,
            what=say("This server has spent what it may this month, so no film can be ordered here."),
            remedy=say("It starts anew {again}; the operator of this bot can raise the bound.", again=again),
        )
    elif month.used_microusd >= NEARLY * month.cap_microusd:
        yield Finding(
            name="month nearly spent",
            severity=Severity.WARNING,
            what=say(
                "This server has spent {share} % of what it may this month.",
                share=month.used_microusd * 100 // month.cap_microusd,
            ),
            remedy=say(
                "It starts anew {again}. `/setup` bounds what one member may spend a day; the operator of this bot can "
                "raise the month's bound.",
                again=again,
            ),
        )


def _of_prices(asking: int) -> Iterator[Finding]:
    if asking:
        yield Finding(
            name="films asking",
            severity=Severity.WARNING,
            what=counted(
                asking,
                "{number} film waits for somebody to approve its price.",
                "{number} films wait for somebody to approve their price.",
            ),
            remedy=say(
                "Whoever may approves or declines it on its card; `/admin queue` shows it. After three days it ends by "
                "itself."
            ),
        )


def _of_channel(missing: MissingHere) -> Finding:
    where = f"<#{missing.channel_id}>"
    if not missing.names:
        return Finding(
            name=f"channel {missing.channel_id} gone",
            severity=Severity.WARNING,
            what=say("A channel that was chosen for me is gone: {channel}.", channel=where),
            remedy=say("Choose another one with `/setup`."),
        )
    return Finding(
        name=f"channel {missing.channel_id}",
        severity=Severity.WARNING,
        what=say("In {channel} I lack: {names}.", channel=where, names=", ".join(missing.names)),
        remedy=say("Give them to my role in the channel's settings; `/setup` looks again and has the invitation."),
    )
