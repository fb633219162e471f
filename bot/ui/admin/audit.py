"""`/admin audit`: who did what, in pages or as a file. Those who manage a server read what was done to that one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import discord
from discord import app_commands, ui

from bot.speech import counted, say
from bot.studio.audit import RULE, Audit, Noted
from bot.ui.admin.pieces import button, in_place, moment, turning
from bot.ui.answering import Answer, answer
from bot.ui.card_layout import READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from bot.ui.wording import plain

ON_A_PAGE = 12
#: Lines of one file: more than any instance writes in years, and far below what Discord takes.
MOST_IN_A_FILE = 20_000
_COLUMNS = ("at", "actor_id", "action", "ref", "detail", "guild_id")


class Book:
    """A part of `/admin`, for operators and for those who manage a server."""

    def __init__(self, audit: Audit, rights: Rights) -> None:
        self._audit = audit
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPAUDIT: in_place(self._rights, lambda asker, at: self.page(asker, at.version or 1)),
            Action.OPBOOK: self._file,
        }

    def add_to(self, group: app_commands.Group) -> None:
        @group.command(name="audit", description="Who did what: pauses, keys, caps, blocks, moved and stopped films")
        async def audit(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self.page(self._rights.of(interaction)))

            await answer(interaction, act)

    async def page(self, asker: Asker, number: int = 1) -> ui.LayoutView:
        """A page of the book, the newest lines first. Raises `NotAdmin`."""
        scope = asker.scope()
        total = await self._audit.count(guild_id=scope)
        number = min(max(1, number), max(1, -(-total // ON_A_PAGE)))
        lines = await self._audit.lines(begin=(number - 1) * ON_A_PAGE, most=ON_A_PAGE, guild_id=scope)
        return fitted(lambda room: _view(lines, number, total, room))

    async def file(self, asker: Asker) -> Answer:
        """All of it as a table. Raises `NotAdmin`."""
        lines = await self._audit.lines(begin=0, most=MOST_IN_A_FILE, guild_id=asker.scope())
        file = discord.File(io.BytesIO(as_csv(lines).encode("utf-8-sig")), filename="audit.csv")
        return Answer(counted(len(lines), "{number} line, as a table.", "{number} lines, as a table."), files=(file,))

    async def _file(self, interaction: discord.Interaction, _custom_id: CustomId) -> None:
        await answer(interaction, lambda: self.file(self._rights.of(interaction)))


def as_csv(lines: Iterable[Noted]) -> str:
    """A table that spreadsheets open, in which nothing is taken for a formula (OWASP, CSV Injection, 2026-11)."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_COLUMNS)
    for line in lines:
        at = datetime.fromtimestamp(line.at, tz=UTC).isoformat(timespec="seconds")
        told = (str(line.actor_id), line.action, line.ref, line.detail, str(line.guild_id or ""))
        table.writerow([at, *(f"'{text}" if text[:1] in set("=+-@\t\r") else text for text in told)])
    return out.getvalue()


def _view(lines: list[Noted], number: int, total: int, room: int) -> ui.LayoutView:
    pages = max(1, -(-total // ON_A_PAGE))
    facts = counted(total, "{number} line, the newest first", "{number} lines, the newest first")
    if pages > 1:
        facts = say("{lines} · page {number} of {pages}", lines=facts, number=number, pages=pages)
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(say("## 📖 Who did what") + f"\n-# {facts}")]
    told = "\n".join(_line(line, room) for line in lines) or say("Nobody has done anything yet that is noted here.")
    parts += [ui.Separator(), ui.TextDisplay(told)]
    if pages > 1:
        parts.append(turning(Action.OPAUDIT, number, pages))
    parts.append(ui.ActionRow(button(Action.OPBOOK, say("As a file (CSV)"), disabled=not lines)))
    return layout(ui.Container(*parts, accent_colour=READY))


def _line(line: Noted, room: int) -> str:
    who = say("a rule") if line.actor_id == RULE else f"<@{line.actor_id}>" if line.actor_id > 0 else say("somebody")
    detail = plain(line.detail)
    detail = f" — {detail[:room]}" if detail else ""
    return f"- {moment(line.at)} {who} **{plain(line.action)}** `{line.ref.replace('`', '')[:40]}`{detail}"
