"""Whether what somebody asks for is taken up here: the house's rules, at every way in.

Commands, presses and forms come by `Doors`, messages by the client; both ask here before anything is done. What only
the person sees and what orders nothing is let through unasked, so that nobody is ever kept from their own films.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

import discord

from bot.db import AWAY
from bot.speech import say
from bot.studio.errors import AgeUnconfirmed, StudioError
from bot.studio.guilds import Location
from bot.studio.house_rules import HouseRules, Visit
from bot.ui.ages import age_question
from bot.ui.answering import Answer, told
from bot.ui.custom_ids import Action, CustomId
from bot.ui.postponed import Postponed

logger = logging.getLogger(__name__)

#: Seconds for a look at the rules: the first answer has three in all.
LOOK_WITHIN = 1.5
#: Seconds between two answers to refused messages of one person, and of how many people that is remembered.
TELL_EVERY, _REMEMBERED = 300.0, 1000
#: Commands that anybody may use anywhere: what they show is for the person alone, and they order nothing.
PRIVATE = frozenset({"admin", "cancel", "films", "help", "models", "privacy", "queue", "quota", "settings", "setup"})
#: Presses and forms that order something, ask a model, or post something for others to see.
WORKS = frozenset(
    {
        Action.GREENLIGHT,
        Action.CHANGE,
        Action.AGAIN,
        Action.RETRY,
        Action.INSTEAD,
        Action.SEND,
        Action.ANOTHER,
        Action.TAKE,
        Action.SOFTEN,
        Action.UNDO,
        Action.BACK,
        Action.FORKIT,
        Action.ROLE,
        Action.ANEW,
        Action.VARY,
        Action.LIKE,
        Action.ASK,
        Action.FILMOF,
        Action.LOOKAT,
        Action.STORYBOARD,
        Action.FROMSTILL,
        Action.DRAFT,
        Action.WITHOUT,
        Action.APPROVE,
        Action.RESEND,
    }
)


class Entrance:
    """Asks the rules about whoever comes in. `postponed` keeps the commands of those who are asked their age first."""

    def __init__(
        self,
        rules: HouseRules,
        *,
        postponed: Postponed | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._postponed = postponed
        self._rules = rules
        self._clock = clock
        self._told_at: OrderedDict[int, float] = OrderedDict()

    def tells(self, user_id: int) -> bool:
        """Whether to answer a refused message: everybody sees that, so nobody makes us fill a channel by writing."""
        now = self._clock()
        if now - self._told_at.get(user_id, -TELL_EVERY) < TELL_EVERY:
            return False
        self._told_at[user_id] = now
        self._told_at.move_to_end(user_id)
        if len(self._told_at) > _REMEMBERED:
            self._told_at.popitem(last=False)
        return True

    async def refusal(self, interaction: discord.Interaction) -> Answer | None:
        """What to say to somebody whose command or press is not taken up; `None` where it is."""
        if not _is_work(interaction):
            return None
        unknown = Location(channel_id=interaction.channel_id or 0)  # Discord did not tell what it is
        visit = Visit(
            user_id=interaction.user.id,
            guild_id=interaction.guild_id,
            place=location_of(interaction.channel) if interaction.channel is not None else unknown,
            words=tuple(_typed(interaction.data)),
        )
        return await self._refused(visit, interaction)

    async def hears(self, message: discord.Message) -> Answer | None:
        """As `refusal`, for a message that was meant for us."""
        visit = Visit(
            user_id=message.author.id,
            guild_id=message.guild.id if message.guild is not None else None,
            place=location_of(message.channel),
            words=(message.content,),
        )
        return await self._refused(visit)

    async def _refused(self, visit: Visit, asked: discord.Interaction | None = None) -> Answer | None:
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                await self._rules.check(visit)
        except AgeUnconfirmed as error:
            waits = asked is not None and self._postponed is not None and self._postponed.keep(asked)
            return age_question(error.least, visit.user_id, command_waits=waits)
        except StudioError as error:
            logger.info("not taken up", extra={"why": type(error).__name__, "guild": visit.guild_id})
            return Answer(told(error))
        except (TimeoutError, *AWAY) as error:  # better asked twice than let in against the rules
            logger.warning("rules not looked up", extra={"error": type(error).__name__})
            return Answer(
                say("I can't look up the rules of this place just now. Nothing was done; try again in a minute.")
            )
        return None


def location_of(channel: object) -> Location:
    """Where something happens, as far as Discord tells."""
    assert isinstance(channel, discord.abc.Snowflake)
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        return Location(
            channel_id=channel.id,
            parent_id=channel.parent_id,
            category_id=parent.category_id if parent is not None else None,
            is_age_restricted=parent is not None and parent.is_nsfw(),
        )
    nsfw = getattr(channel, "is_nsfw", None)
    return Location(
        channel_id=channel.id,
        category_id=getattr(channel, "category_id", None),
        is_age_restricted=bool(nsfw()) if callable(nsfw) else False,
    )


def is_age_restricted(interaction: discord.Interaction) -> bool:
    """Whether this happens in a place that Discord restricts by age; not where it does not tell of the place."""
    return interaction.channel is not None and location_of(interaction.channel).is_age_restricted


def _is_work(interaction: discord.Interaction) -> bool:
    assert interaction.data is not None
    match interaction.type:
        case discord.InteractionType.application_command:
            return str(interaction.data.get("name", "")) not in PRIVATE
        case discord.InteractionType.component | discord.InteractionType.modal_submit:
            custom_id = CustomId.parse(str(interaction.data.get("custom_id", "")))
            return custom_id is not None and custom_id.action in WORKS
        case _:
            return False


def _typed(data: object) -> Iterator[str]:
    """Everything that a person wrote into options or fields, and what stands in a message they used a command on."""
    used_on = (data.get("resolved") or {}).get("messages") or {} if isinstance(data, dict) else {}
    yield from (str(message.get("content", "")) for message in used_on.values())
    pending: list[object] = [data]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            if isinstance(found.get("value"), str):
                yield str(found["value"])
            pending += [found[key] for key in ("options", "components", "component") if key in found]
        elif isinstance(found, list):
            pending += found
