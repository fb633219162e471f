"""**Report** below a film: a reason, a card for those who govern the place, what they decide, and an answer.

The cards, the withdrawing of what was hidden and the answer to the reporter come from rows, by a loop: a crash between
two of them leaves nothing half told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn

import discord
from discord import app_commands, ui

from bot.jobs.wake import Listener, keep_looking
from bot.production.reports import LONGEST_REASON, Report, Reports, ReportState
from bot.speech import Language, later, say, speaking
from bot.studio.blocks import Blocks
from bot.studio.errors import NobodyReads, NotAdmin
from bot.studio.guilds import Guilds
from bot.studio.text import clean, shorten
from bot.studio.tongues import Tongues
from bot.ui.answering import answer, open_modal, submitted
from bot.ui.card_layout import BAD, PAST, PENDING, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.receivers import Receiver, Receivers
from bot.ui.rights import CANNOT_BLOCK, Rights
from bot.ui.sending import Busy, Malformed, NotAllowed, Vanished, nonce, persistently
from bot.ui.surface import Press
from bot.ui.wording import plain

logger = logging.getLogger(__name__)

#: Seconds between two looks, at most and at least.
LOOK_EVERY, BREATH = 30.0, 0.5
_REASON = "reason"

_HEADS = {
    ReportState.OPEN: later("## 🚩 A film was reported"),
    ReportState.HIDDEN: later("## 🙈 Hidden after a report"),
    ReportState.DISMISSED: later("## ✅ Dismissed: nothing wrong with it"),
    ReportState.LIFTED: later("## 👁️ Shown again after it was hidden"),
}
_COLOURS = {
    ReportState.OPEN: BAD,
    ReportState.HIDDEN: PENDING,
    ReportState.DISMISSED: PAST,
    ReportState.LIFTED: PAST,
}
_ANSWERS = {
    ReportState.HIDDEN: later("Thank you for your report. The film was hidden."),
    ReportState.DISMISSED: later("Thank you for your report. It was looked at, and the film stays."),
    ReportState.LIFTED: later("The film that you reported was looked at once more, and it is shown again."),
}
_DECISIONS = {
    Action.HIDE: ReportState.HIDDEN,
    Action.DISMISS: ReportState.DISMISSED,
    Action.LIFT: ReportState.LIFTED,
}


def report_card(report: Report, title: str, *, names_reporter: bool) -> ui.LayoutView:
    """What is reported and why, with what can be done; or what was decided.

    By whom is for those who run the bot: a server's channel may have more readers than its admins think of.
    """
    lines = [
        say(_HEADS[report.state]),
        f"**{plain(shorten(title, 100))}**" if title else say("A film that its owner has deleted"),
        _about(report, names_reporter=names_reporter),
        f"> {plain(report.reason)}",
    ]
    if report.decided_by is not None and report.decided_at is not None:
        by, at = report.decided_by, int(report.decided_at)
        lines.append(say("-# Decided by <@{by}> <t:{at}:R>. Whoever reported it was told.", by=by, at=at))
    buttons = [_button(Action.BLOCKUSER, report, say("Block its owner"), discord.ButtonStyle.secondary)]
    if report.state is ReportState.OPEN:
        buttons = [
            _button(Action.HIDE, report, say("Hide the film"), discord.ButtonStyle.danger),
            *buttons,
            _button(Action.DISMISS, report, say("Dismiss"), discord.ButtonStyle.success),
        ]
    if report.state is ReportState.HIDDEN:
        buttons.insert(0, _button(Action.LIFT, report, say("Show it again"), discord.ButtonStyle.secondary))
    return layout(
        ui.Container(ui.TextDisplay("\n".join(lines)), ui.ActionRow(*buttons), accent_colour=_COLOURS[report.state])
    )


def _about(report: Report, *, names_reporter: bool) -> str:
    where = say("in this server") if report.guild_id is not None else say("in a direct message")
    facts = {"owner": report.owner_id, "where": where, "at": int(report.at)}
    if not names_reporter:
        return say("Film of <@{owner}>, seen {where} · reported <t:{at}:R>", **facts)
    return say(
        "Film of <@{owner}>, seen {where} · reported by <@{reporter}> <t:{at}:R>", reporter=report.reporter_id, **facts
    )


class Reporting:
    """The button, the form, and the buttons of the card. `operators_in` is the channel of those who run the bot."""

    def __init__(
        self, reports: Reports, blocks: Blocks, rights: Rights, guilds: Guilds, *, operators_in: int | None = None
    ) -> None:
        self._reports = reports
        self._blocks = blocks
        self._rights = rights
        self._guilds = guilds
        self._operators_in = operators_in

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.REPORT: self._report,
            **dict.fromkeys(_DECISIONS, self._decide),
            Action.BLOCKUSER: self._block,
        }

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command."""

    async def _report(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if interaction.type is not discord.InteractionType.modal_submit:
            await open_modal(interaction, lambda: self._form(interaction, custom_id))
            return

        async def act() -> str:
            await self._check_read(interaction.guild_id)
            is_new = await self._reports.report(
                custom_id.ref,
                reporter_id=interaction.user.id,
                guild_id=interaction.guild_id,
                reason=shorten(clean(submitted(interaction, _REASON)), LONGEST_REASON),
            )
            if not is_new:
                return say("You have reported this film before. I write to you when it is decided.")
            return say(
                "Thank you. The people who run this place are told now, and I write to you what they decided. That it "
                "was you is seen by nobody but the people who run this bot."
            )

        await answer(interaction, act)

    async def _decide(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            report = await self._governed(interaction, custom_id.ref)
            state = _DECISIONS[custom_id.action]
            everywhere = self._rights.of(interaction).is_operator
            if state is ReportState.LIFTED and report.everywhere and not everywhere:
                raise NotAdmin  # an operator hid it, in every server
            await self._reports.decide(custom_id.ref, state, by=interaction.user.id, everywhere=everywhere)
            return _decided(state, everywhere=everywhere)

        await answer(interaction, act)

    async def _block(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            report = await self._governed(interaction, custom_id.ref)
            asker = self._rights.of(interaction)
            if not self._rights.may_block(asker, report.owner_id):
                return say(CANNOT_BLOCK)
            is_theirs = interaction.guild_id is None or interaction.channel_id == self._operators_in
            guild_id = None if asker.is_operator and is_theirs else report.guild_id
            await self._blocks.block(report.owner_id, guild_id=guild_id, by=asker.user_id, reason=report.reason)
            if guild_id is None:
                return say("<@{user}> is blocked everywhere. `/admin user` lifts it.", user=report.owner_id)
            return say("<@{user}> is blocked in this server. `/admin user` lifts it.", user=report.owner_id)

        await answer(interaction, act)

    async def _form(self, interaction: discord.Interaction, custom_id: CustomId) -> ui.Modal:
        await self._check_read(interaction.guild_id)
        return await _form(custom_id)

    async def _check_read(self, guild_id: int | None) -> None:
        """Raises `NobodyReads`: nobody could be shown a report from there."""
        if self._rights.operators or self._operators_in is not None:
            return
        if guild_id is None or (await self._guilds.of(guild_id)).log_channel_id is None:
            raise NobodyReads

    async def _governed(self, interaction: discord.Interaction, report_id: str) -> Report:
        """The report, where it is theirs to decide. Raises `NotAdmin | NoSuchFilm`."""
        report = await self._reports.get(report_id)
        if not self._rights.of(interaction).governs(report.guild_id):
            raise NotAdmin
        return report


class ReportDesk:
    """Shows reports to whoever governs the place, withdraws what was hidden, and answers the reporters."""

    def __init__(
        self,
        client: discord.Client,
        reports: Reports,
        guilds: Guilds,
        receivers: Receivers,
        tongues: Tongues,
        *,
        claim: Callable[[str], AbstractAsyncContextManager[bool]],
    ) -> None:
        self._claim = claim
        self._client = client
        self._reports = reports
        self._guilds = guilds
        self._receivers = receivers
        self._tongues = tongues

    async def run(self, listener: Listener) -> NoReturn:
        await keep_looking(self.look, listener, every=LOOK_EVERY, breath=BREATH)

    async def look(self) -> None:
        """Bring everything up to date, in one process of all."""
        if not await self._reports.pending():
            return
        async with self._claim("reports") as is_ours:
            for report in await self._reports.pending() if is_ours else ():
                try:
                    await self._bring_up_to_date(report)
                except Busy as error:  # the next look goes on
                    logger.warning("report not told yet", extra={"report": report.id, "error": str(error)})

    async def _bring_up_to_date(self, report: Report) -> None:
        if report.shown is not report.state:
            if report.state is ReportState.HIDDEN:
                await self._withdraw(report)
            await self._show(report)
        if report.state is not ReportState.OPEN and report.answered_at is None:
            await self._answer(report)

    async def _show(self, report: Report) -> None:
        """Show it in the server's log channel; where that takes nothing, to those who run the bot."""
        title = await self._reports.title_of(report)
        reached = False
        settings = await self._guilds.of(report.guild_id)
        if report.guild_id is not None and settings.log_channel_id is not None:
            with speaking(settings.language or Language.nearest(self._locale_of(report.guild_id))):
                card = report_card(report, title, names_reporter=False)
                reached = await self._tell(report, card, [Receiver(settings.log_channel_id)])
        if not reached:
            with speaking(Language.ENGLISH):
                card = report_card(report, title, names_reporter=True)
                reached = await self._tell(report, card, self._receivers.of_bot)
        await self._reports.shown(report)
        if reached:
            logger.info("report shown", extra={"report": report.id, "state": report.state})
        else:
            logger.error("nobody can be shown a report", extra={"report": report.id, "state": report.state})

    async def _tell(self, report: Report, card: ui.LayoutView, receivers: Sequence[Receiver]) -> bool:
        """Whether any of them has the card now."""
        reached = False
        for receiver in receivers:
            message_id = report.told.get(receiver.id)
            if message_id is not None:
                await self._receivers.edit(receiver, message_id, card)
            elif receiver.id not in report.told:
                message_id = await self._receivers.post(receiver, card, nonce("report", report.id, receiver.id))
                await self._reports.told(report, receiver.id, message_id)
            reached = reached or message_id is not None
        return reached

    def _locale_of(self, guild_id: int | None) -> str | None:
        """What a server is in that this process is connected to."""
        guild = self._client.get_guild(guild_id) if guild_id is not None else None
        return str(guild.preferred_locale) if guild is not None else None

    async def _withdraw(self, report: Report) -> None:
        """Remove every message with the film in it: of the server, where its own people decided."""
        for channel_id, message_id in await self._reports.posts_of(report.project_id):
            try:
                if report.everywhere or await self._is_in(channel_id, report.guild_id):
                    message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
                    await persistently(message.delete)
            except (NotAllowed, Vanished, Malformed) as error:
                logger.info("not withdrawn", extra={"channel": channel_id, "error": str(error)})

    async def _is_in(self, channel_id: int, guild_id: int | None) -> bool:
        channel = await persistently(lambda: self._client.fetch_channel(channel_id))
        guild: discord.Guild | None = getattr(channel, "guild", None)
        return guild is not None and guild.id == guild_id

    async def _answer(self, report: Report) -> None:
        """Tell the reporter, who asked to be told; one who takes no messages of ours is not."""
        where = report.guild_id
        tongue = await self._tongues.of(report.reporter_id, where, guild_locale=self._locale_of(where))
        with speaking(tongue.private):
            words = say(_ANSWERS[report.state])
        try:
            channel = await persistently(lambda: self._client.create_dm(discord.Object(report.reporter_id)))
            await persistently(lambda: channel.send(words, nonce=nonce("answered", report.id, report.state)))
        except (NotAllowed, Vanished, Malformed) as error:
            logger.info("reporter not answered", extra={"report": report.id, "error": str(error)})
        await self._reports.answered(report)


def _decided(state: ReportState, *, everywhere: bool) -> str:
    """What the one who decided reads."""
    match state:
        case ReportState.HIDDEN if everywhere:
            return say(
                "Hidden: its posts are being removed, and I post it nowhere again. What waited of it is called off, "
                "and its owner is told; they keep the film."
            )
        case ReportState.HIDDEN:
            return say(
                "Hidden here: its posts in this server are being removed, and I post it here no more. What waited of "
                "it is called off, and its owner is told."
            )
        case ReportState.LIFTED:
            return say(
                "It may be made and posted again. What was removed does not come back by itself: its owner sends it."
            )
        case _:
            return say("Dismissed. The film stays.")


async def _form(custom_id: CustomId) -> ui.Modal:
    modal = ui.Modal(title=say("Report this film"), custom_id=str(custom_id), timeout=None)
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        style=discord.TextStyle.paragraph, custom_id=_REASON, max_length=LONGEST_REASON
    )
    hint = say("Only the people who run this place read it. I write to you what they decide.")
    modal.add_item(ui.Label(text=say("What is wrong with it?"), description=hint, component=field))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal


def _button(action: Action, report: Report, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, report.id)))
