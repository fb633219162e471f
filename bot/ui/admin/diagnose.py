"""`/admin diagnose`: why can't this person use that command there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord
from discord import app_commands, ui

from bot.production.greenlights import MAX_WAITING
from bot.production.productions import Productions
from bot.production.switches import ALL
from bot.speech import counted, say
from bot.status.collector import Collector
from bot.status.diagnosis import Facts, Line, Service, diagnose
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets, Spending
from bot.studio.errors import NotAdmin
from bot.studio.house_rules import HouseRules
from bot.ui.answering import Answer, answer
from bot.ui.card_layout import BAD, GOOD, layout
from bot.ui.client import Greenlight
from bot.ui.custom_ids import Action
from bot.ui.entrance import PRIVATE, location_of
from bot.ui.offer import Offer
from bot.ui.permissions import missing
from bot.ui.rights import Rights
from bot.ui.surface import Press

Channel = app_commands.AppCommandChannel | app_commands.AppCommandThread


class Diagnose:
    """A part of `/admin`, for operators and those who manage the server."""

    def __init__(
        self,
        rights: Rights,
        rules: HouseRules,
        blocks: Blocks,
        budgets: Budgets,
        productions: Productions,
        collector: Collector,
        offer: Offer,
    ) -> None:
        self._rights = rights
        self._rules = rules
        self._blocks = blocks
        self._budgets = budgets
        self._productions = productions
        self._collector = collector
        self._offer = offer

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {}

    def add_to(self, group: app_commands.Group) -> None:
        @group.command(name="diagnose", description="Why can't somebody use a command somewhere?")
        @app_commands.describe(channel="Where", member="Who", command="Which command, without its slash")
        @app_commands.autocomplete(command=_commands)
        @app_commands.guild_only()
        async def look(
            interaction: discord.Interaction,
            channel: app_commands.AppCommandChannel | app_commands.AppCommandThread,
            member: discord.Member,
            command: app_commands.Range[str, 1, 32],
        ) -> None:
            async def act() -> Answer:
                return Answer(view=await self.diagnosis(interaction, channel, member, command))

            await answer(interaction, act)

    async def diagnosis(
        self, interaction: discord.Interaction, channel: Channel, member: discord.Member, command: str
    ) -> ui.LayoutView:
        """What was found. Raises `NotAdmin`."""
        guild = interaction.guild
        if guild is None or not self._rights.of(interaction).governs(guild.id):
            raise NotAdmin
        place = channel.resolve()
        if place is None:  # it exists, and we may not even see it
            lines = [Line(say("I can't see that channel."), say("Give me View Channel there, and look again."))]
        else:
            lines = diagnose(await self._facts(interaction, guild, place, member, command.removeprefix("/").strip()))
        return diagnosis_card(member.id, channel.id, command, lines)

    async def _facts(
        self,
        interaction: discord.Interaction,
        guild: discord.Guild,
        place: discord.abc.GuildChannel | discord.Thread,
        member: discord.Member,
        command: str,
    ) -> Facts:
        tree = _tree_of(interaction)
        known = tree.get_command(command) if tree is not None else None
        theirs = place.permissions_for(member)
        by_default = getattr(known, "default_permissions", None)
        settings = await self._rules.guilds.of(guild.id)
        share = settings.share({guild.id, *(role.id for role in member.roles)})
        blocked = [block.guild_id for block in await self._blocks.of(member.id)]
        status = await self._collector.collect()
        paused = {each.name for each in status.paused}
        return Facts(
            command=command,
            is_known=known is not None,
            is_work=command not in PRIVATE,
            may_see=theirs.use_application_commands and (by_default is None or by_default <= theirs),
            hears=interaction.client.intents.message_content,
            lacking=missing(place.permissions_for(guild.me)),
            settings=settings,
            place=location_of(place),
            is_server_blocked=guild.id in self._rules.blocked_guilds,
            block="everywhere" if None in blocked else "here" if guild.id in blocked else "",
            asks_age=await self._rules.ages.are_asked(member.id),
            waiting=await self._productions.count_waiting_of(member.id),
            waiting_at_most=min(MAX_WAITING, share.waiting or MAX_WAITING),
            spendings=await self._spendings(member.id, guild.id, share.day_microusd),
            is_all_paused=ALL in paused,
            services=[
                Service(name=each.name, health=[key.view.health for key in each.keys], is_paused=each.name in paused)
                for each in status.services
            ],
            can_plan=self._offer.can_plan,
            models=len(self._offer.video_models),
        )

    async def _spendings(self, user_id: int, guild_id: int, day_microusd: int | None) -> list[tuple[str, Spending]]:
        standing = await self._budgets.standing(user_id, guild_id)
        found = [(say("What they may spend today"), standing.user), (say("What the bot may spend today"), standing.bot)]
        if standing.guild is not None:
            found.append((say("What this server may spend this month"), standing.guild))
        if day_microusd is not None:
            theirs = await self._budgets.member_day(user_id, guild_id, day_microusd)
            found.append((say("What this server lets them spend today"), theirs))
        return found


def diagnosis_card(member_id: int, channel_id: int, command: str, lines: Sequence[Line]) -> ui.LayoutView:
    """What is in the way first, then what is not."""
    bad = [line for line in lines if not line.passed and not line.is_minor]
    if bad:
        verdict = counted(len(bad), "**{number} thing is in the way.**", "**{number} things are in the way.**")
    else:
        verdict = say("**Nothing is in the way.** If it fails all the same, tell the operator the code of the answer.")
    head = say(
        "## 🩺 /{command} for <@{member}> in <#{channel}>", command=command, member=member_id, channel=channel_id
    )
    failed = [f"❌ {line.what}\n-# ↳ {line.remedy}" for line in bad]
    minor = [f"⚠️ {line.what}\n-# ↳ {line.remedy}" for line in lines if line.is_minor]
    passed = [f"✅ {line.what}" for line in lines if line.passed]
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{verdict}")]
    for group in (failed, minor, passed):
        if group:
            parts += [ui.Separator(), ui.TextDisplay("\n".join(group))]
    return layout(ui.Container(*parts, accent_colour=BAD if bad else GOOD))


async def _commands(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    tree = _tree_of(interaction)
    names = {each.name for each in tree.get_commands()} if tree is not None else set()
    found = [name for name in sorted(names) if typed.lower().lstrip("/") in name.lower()]
    return [app_commands.Choice(name=name, value=name) for name in found[:25]]


def _tree_of(interaction: discord.Interaction) -> app_commands.CommandTree[discord.Client] | None:
    client: discord.Client = interaction.client
    return client.tree if isinstance(client, Greenlight) else None
