"""`/admin announce`: tell everybody something, after a look at what goes where; once in each channel."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands, ui

from bot.production.announcements import Announcement, Announcements, Audience
from bot.speech import counted, later, say
from bot.studio.text import clean
from bot.ui.admin.pieces import button, in_place
from bot.ui.answering import Answer, answer, open_modal, submitted
from bot.ui.card_layout import GOOD, PAST, PENDING, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from bot.ui.wording import unlinked

#: Characters; a message of Discord's takes 2,000, and its head needs some.
LONGEST = 1_800
_WORDS_FIELD = "words"
#: Audiences in the order that a form's `version` counts them.
_AUDIENCES = tuple(Audience)
_WHERE = {
    Audience.LOGS: later("Log channels of all servers"),
    Audience.FILMS: later("Threads of films that are not over"),
}


class Announce:
    """A part of `/admin`, for operators."""

    def __init__(self, announcements: Announcements, rights: Rights) -> None:
        self._announcements = announcements
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPTELL: self._submitted,
            Action.OPTELLNOW: in_place(self._rights, lambda asker, at: self.send(asker, at.ref)),
            Action.OPTELLNOT: in_place(self._rights, lambda asker, at: self.drop(asker, at.ref)),
        }

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here
        choices = [app_commands.Choice(name=words, value=audience.value) for audience, words in _WHERE.items()]

        @group.command(name="announce", description="Tell everybody something; you see it before anybody else does")
        @app_commands.describe(where="Where it is told")
        @app_commands.choices(where=choices)
        async def announce(interaction: discord.Interaction, where: app_commands.Choice[str]) -> None:
            async def form() -> ui.Modal:
                self._rights.of(interaction).check_operator()
                return _form(Audience(where.value))

            await open_modal(interaction, form)

    async def draft(self, asker: Asker, audience: Audience, words: str) -> ui.LayoutView:
        """Keep the words, and show what would go where. Raises `NotOperator`."""
        by = asker.check_operator()
        words = clean(words).strip()[:LONGEST]
        if not words:
            return _over(say("There was nothing in that to tell, so nobody is told anything."))
        drafted = await self._announcements.draft(words, audience, by)
        return draft_view(drafted, len(await self._announcements.reach(audience)))

    async def send(self, asker: Asker, id_: str) -> ui.LayoutView:
        """Have a draft told. Raises `NotOperator`."""
        by = asker.check_operator()
        sent = await self._announcements.confirm(id_, by)
        if sent is None:
            progress = await self._announcements.progress(id_)
            words = say(
                "It was decided already: {posted} channels have it, {waiting} follow, {failed} did not take it.",
                posted=progress.posted,
                waiting=progress.waiting,
                failed=progress.failed,
            )
            return _over(words)
        return _over(
            counted(
                sent,
                "📣 On its way to {number} channel, once; it goes on after a restart.",
                "📣 On its way to {number} channels, once each; it goes on after a restart.",
            ),
            id_,
        )

    async def drop(self, asker: Asker, id_: str) -> ui.LayoutView:
        """Throw a draft away. Raises `NotOperator`."""
        asker.check_operator()
        gone = await self._announcements.drop(id_)
        return _over(say("Thrown away; nobody was told.") if gone else say("It was sent already."))

    async def _submitted(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        audience = _AUDIENCES[min(custom_id.version or 0, len(_AUDIENCES) - 1)]
        words = submitted(interaction, _WORDS_FIELD)

        async def act() -> Answer:
            return Answer(view=await self.draft(self._rights.of(interaction), audience, words))

        await answer(interaction, act)


def draft_view(drafted: Announcement, channels: int) -> ui.LayoutView:
    """What would be told where, with the buttons that decide: a pure rendering."""
    head = say("## 📣 Tell everybody?")
    where = say(_WHERE[drafted.audience])
    count = counted(channels, "{number} channel now", "{number} channels now")
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"{head}\n-# {where} · {count}"),
        ui.Separator(),
        ui.TextDisplay(f"📣 {unlinked(drafted.words)}"),
        ui.Separator(),
    ]
    if not channels:
        parts.append(ui.TextDisplay(say("No channel would be told just now, so there is nothing to send.")))
    send = button(
        Action.OPTELLNOW,
        say("Send it"),
        ref=drafted.id,
        style=discord.ButtonStyle.success,
        disabled=not channels,
    )
    drop = button(Action.OPTELLNOT, say("Throw it away"), ref=drafted.id, style=discord.ButtonStyle.danger)
    return layout(ui.Container(*parts, ui.ActionRow(send, drop), accent_colour=PENDING))


def _over(words: str, id_: str = "") -> ui.LayoutView:
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words)]
    if id_:
        parts.append(ui.ActionRow(button(Action.OPTELLNOW, say("How far is it?"), ref=id_)))
    return layout(ui.Container(*parts, accent_colour=GOOD if id_ else PAST))


def _form(audience: Audience) -> ui.Modal:
    custom_id = str(CustomId(Action.OPTELL, "0" * 32, _AUDIENCES.index(audience)))
    modal = ui.Modal(title=say("Tell everybody"), custom_id=custom_id, timeout=None)
    words: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=_WORDS_FIELD, style=discord.TextStyle.paragraph, min_length=3, max_length=LONGEST
    )
    modal.add_item(ui.Label(text=say("What"), description=say("You see it once more before it goes."), component=words))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal
