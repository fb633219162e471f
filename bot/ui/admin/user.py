"""`/admin user`: one person: spend, films, blocks and quota; to block them, or to give them another quota.

Operators see all of it. Those who manage a server see that person's films there, and may keep them out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import discord
from discord import app_commands, ui

from bot.production.model import ProductionState
from bot.production.overseen import Overseer
from bot.speech import say
from bot.studio.blocks import Block, Blocks
from bot.studio.budget import Bound, Budgets, Standing
from bot.studio.cap_book import CapBook, SetCap
from bot.studio.errors import NotAdmin
from bot.studio.text import clean, shorten
from bot.ui.admin.pieces import button, in_place, moment
from bot.ui.admin.status_card import film_counts
from bot.ui.admin.sums import SUM_FIELD, set_typed, sum_form, sum_words
from bot.ui.admin.switching import REASON
from bot.ui.answering import Answer, answer, open_modal, submitted, turn
from bot.ui.card_layout import BAD, READY, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_of, owner_ref
from bot.ui.receipts import spending_line
from bot.ui.rights import CANNOT_BLOCK, Asker, Rights
from bot.ui.surface import Press
from bot.ui.wording import plain

#: What a button's `version` says of where a block counts.
HERE, EVERYWHERE = 1, 2
_REASON_FIELD = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, as far as whoever looks may know them; `standing` is `None` for those who learn of no money."""

    user_id: int
    films: Mapping[ProductionState, int]
    blocks: Sequence[Block] = ()
    standing: Standing | None = None
    quota: SetCap | None = None
    guild_id: int | None = None
    is_operators: bool = False
    note: str = field(default="")


class User:
    """A part of `/admin`, for operators and for those who manage a server."""

    def __init__(self, overseer: Overseer, budgets: Budgets, blocks: Blocks, book: CapBook, rights: Rights) -> None:
        self._overseer = overseer
        self._budgets = budgets
        self._blocks = blocks
        self._book = book
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPUSER: in_place(self._rights, lambda asker, at: self.card(asker, owner_of(at.ref))),
            Action.OPBLOCK: self._block,
            Action.OPUNBLOCK: in_place(
                self._rights, lambda asker, at: self.unblock(asker, owner_of(at.ref), at.version or HERE)
            ),
            Action.OPQUOTA: self._quota,
        }

    def add_to(self, group: app_commands.Group) -> None:
        @group.command(name="user", description="One person: what they spent and made, block them, change their quota")
        @app_commands.describe(who="Whom to look at")
        async def user(interaction: discord.Interaction, who: discord.User) -> None:
            async def act() -> Answer:
                return Answer(view=await self.card(self._rights.of(interaction), who.id))

            await answer(interaction, act)

    async def card(self, asker: Asker, user_id: int, note: str = "") -> ui.LayoutView:
        """What the asker may know of somebody. Raises `NotAdmin`, as everything here does."""
        scope = asker.scope()
        blocks = await self._blocks.of(user_id)
        return person_view(
            Person(
                user_id=user_id,
                films=await self._overseer.of_person(user_id, scope),
                blocks=[block for block in blocks if asker.is_operator or block.guild_id in {None, scope}],
                standing=await self._budgets.standing(user_id, asker.guild_id) if asker.is_operator else None,
                quota=(await self._book.of(user_id)).get(Bound.USER_DAY) if asker.is_operator else None,
                guild_id=asker.guild_id,
                is_operators=asker.is_operator,
                note=note,
            )
        )

    async def block(self, asker: Asker, user_id: int, where: int, reason: str) -> ui.LayoutView:
        """Keep somebody out of the asker's server, or (operators) everywhere."""
        guild_id = _place(asker, where)
        if not self._rights.may_block(asker, user_id):
            return await self.card(asker, user_id, say(CANNOT_BLOCK))
        reason = shorten(clean(reason), REASON)
        await self._blocks.block(user_id, guild_id=guild_id, by=asker.user_id, reason=reason)
        return await self.card(
            asker, user_id, say("⛔ Blocked. Their films stay theirs; nothing new is taken from them.")
        )

    async def unblock(self, asker: Asker, user_id: int, where: int) -> ui.LayoutView:
        await self._blocks.unblock(user_id, guild_id=_place(asker, where), by=asker.user_id)
        return await self.card(asker, user_id, say("✅ Let in again."))

    async def set_quota(self, asker: Asker, user_id: int, typed: str) -> ui.LayoutView:
        """Let somebody spend another sum a day than everybody. Raises `NotOperator`."""
        by = asker.check_operator()
        note = await set_typed(self._book, Bound.USER_DAY, typed, by=by, user_id=user_id)
        return await self.card(asker, user_id, note)

    async def _block(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        asker, where = self._rights.of(interaction), custom_id.version or HERE
        if interaction.type is discord.InteractionType.modal_submit:
            reason = submitted(interaction, _REASON_FIELD)
            await turn(interaction, lambda: self.block(asker, owner_of(custom_id.ref), where, reason))
            return

        async def form() -> ui.Modal:
            _place(asker, where)
            return _reason_form(str(custom_id))

        await open_modal(interaction, form)

    async def _quota(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        asker = self._rights.of(interaction)
        if interaction.type is discord.InteractionType.modal_submit:
            typed = submitted(interaction, SUM_FIELD)
            await turn(interaction, lambda: self.set_quota(asker, owner_of(custom_id.ref), typed))
            return

        async def form() -> ui.Modal:
            asker.check_operator()
            words = say("“none” for no bound, “default” for what everybody may.")
            return sum_form(say("What they may spend in a day"), str(custom_id), words)

        await open_modal(interaction, form)


def _place(asker: Asker, where: int) -> int | None:
    """The server that a block counts in, `None` for everywhere. Raises `NotOperator | NotAdmin`."""
    if where == EVERYWHERE:
        asker.check_operator()
        return None
    asker.scope()
    if asker.guild_id is None:
        raise NotAdmin
    return asker.guild_id


def person_view(person: Person) -> ui.LayoutView:
    """A pure rendering."""
    head = say("## 👤 {who}", who=f"<@{person.user_id}>") + f"\n-# `{person.user_id}`"
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{person.note}" if person.note else head)]
    where = say("Films") if person.is_operators else say("Films in this server")
    lines = [f"**{where}**: {film_counts(person.films) or say('none')}"]
    if person.standing is not None:
        lines.append(spending_line(say("Spent today"), person.standing.user))
    if person.quota is not None:
        lines.append(
            say(
                "**Own quota**: {sum} a day, set by {who} {when}",
                sum=sum_words(person.quota.microusd),
                who=f"<@{person.quota.by}>",
                when=moment(person.quota.at),
            )
        )
    lines += [_block_words(block) for block in person.blocks] or [say("Not blocked anywhere.")]
    parts += [ui.TextDisplay("\n".join(lines)), ui.Separator(), _buttons(person)]
    return layout(ui.Container(*parts, accent_colour=BAD if person.blocks else READY))


def _block_words(block: Block) -> str:
    where = say("everywhere") if block.guild_id is None else say("in the server `{server}`", server=block.guild_id)
    because = f": {plain(block.reason)}" if block.reason else ""
    return say("⛔ blocked {where} by {who} {when}", where=where, who=f"<@{block.by}>", when=moment(block.at)) + because


def _buttons(person: Person) -> ui.ActionRow[ui.LayoutView]:
    ref = owner_ref(person.user_id)
    blocked = {block.guild_id for block in person.blocks}
    buttons = []
    if person.guild_id is not None:
        is_out = person.guild_id in blocked
        action, label = (Action.OPUNBLOCK, say("Unblock here")) if is_out else (Action.OPBLOCK, say("Block here…"))
        style = discord.ButtonStyle.success if is_out else discord.ButtonStyle.danger
        buttons.append(button(action, label, ref=ref, version=HERE, style=style))
    if person.is_operators:
        is_out = None in blocked
        action, label = Action.OPBLOCK, say("Block everywhere…")
        if is_out:
            action, label = Action.OPUNBLOCK, say("Unblock everywhere")
        style = discord.ButtonStyle.success if is_out else discord.ButtonStyle.danger
        buttons.append(button(action, label, ref=ref, version=EVERYWHERE, style=style))
        buttons.append(button(Action.OPQUOTA, say("Quota…"), ref=ref))
    buttons.append(button(Action.OPUSER, say("Refresh"), ref=ref))
    return ui.ActionRow(*buttons)


def _reason_form(custom_id: str) -> ui.Modal:
    modal = ui.Modal(title=say("Block this person"), custom_id=custom_id, timeout=None)
    reason: ui.TextInput[ui.Modal] = ui.TextInput(custom_id=_REASON_FIELD, required=False, max_length=REASON)
    words = say("For the books; they don't see it.")
    modal.add_item(ui.Label(text=say("Why"), description=words, component=reason))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal
