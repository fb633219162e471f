"""`/admin limits`: what each account may do, as set and as learned, what of it is used, and where to change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.ui.admin.pieces import in_place, moment, turning, usage_words
from bot.ui.answering import Answer, answer
from bot.ui.away import titled
from bot.ui.card_layout import READY, fitted, layout
from bot.ui.custom_ids import Action
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from ratelimit import Allowance, KeyPool, KeyView

ON_A_PAGE = 6
#: Models of one account with the same limits that are named.
_NAMED = 4


class Limits:
    """A part of `/admin`, for operators."""

    def __init__(self, pools: Mapping[str, KeyPool], rights: Rights) -> None:
        self._pools = pools
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.OPLIMITS: in_place(self._rights, lambda asker, at: self.page(asker, at.version or 1))}

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here

        @group.command(
            name="limits", description="What each account may do, what of it is used, and where to change it"
        )
        async def limits(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self.page(self._rights.of(interaction)))

            await answer(interaction, act)

    async def page(self, asker: Asker, number: int = 1) -> ui.LayoutView:
        """The accounts of all services, a few on a page. Raises `NotOperator`."""
        asker.check_operator()
        accounts = [
            (name, view) for name, pool in self._pools.items() for view in _one_key_each(pool.view().keys).values()
        ]
        pages = max(1, -(-len(accounts) // ON_A_PAGE))
        number = min(max(1, number), pages)
        shown = accounts[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
        return fitted(lambda room: _view(shown, number, pages, most=max(3, room // 40)))


def _one_key_each(keys: Sequence[KeyView]) -> dict[str, KeyView]:
    """All keys of an account tell the same of it."""
    return {view.account: view for view in reversed(keys)}


def _view(accounts: Sequence[tuple[str, KeyView]], number: int, pages: int, *, most: int) -> ui.LayoutView:
    head = say("## 📏 Limits of the accounts")
    if pages > 1:
        head += "\n-# " + say("page {number} of {pages}", number=number, pages=pages)
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(head)]
    for service, view in accounts:
        parts += [ui.Separator(), ui.TextDisplay(_account(service, view, most))]
    if not accounts:
        parts.append(ui.TextDisplay(say("No key is lent, so there is nothing to limit.")))
    if pages > 1:
        parts.append(turning(Action.OPLIMITS, number, pages))
    example = "`RUNWAY_LIMITS=@studio=60/min+room:4,gen4.5=5/min`"
    parts += [
        ui.Separator(),
        ui.TextDisplay(
            say(
                "Limits are the service's own or the settings'. Change them there, as in {example}, and restart me: a "
                "service counts on, so they take nobody by surprise. Room that a service tells is learned by itself.",
                example=example,
            )
        ),
    ]
    return layout(ui.Container(*parts, accent_colour=READY))


def _account(service: str, view: KeyView, most: int) -> str:
    lines = [f"**{titled(service)}** · `{view.account}`"]
    allowed = _allowed(view.limits.account)
    each = _allowed(view.limits.each_model)
    if allowed:
        lines.append("- " + say("over all: {limits}", limits=allowed))
    if each:
        lines.append("- " + say("each model: {limits}", limits=each))
    alike: dict[str, list[str]] = {}
    for model, allowance in view.limits.models.items():
        alike.setdefault(_allowed(allowance) or say("no limit"), []).append(f"`{model}`")
    for words, models in alike.items():
        shown = ", ".join(models[:_NAMED])
        if len(models) > _NAMED:
            shown = say("{models} and {number} more", models=shown, number=len(models) - _NAMED)
        lines.append("- " + say("{model}: {limits}", model=shown, limits=words))
    if not (allowed or each or view.limits.models):
        lines.append("- " + say("no limit is known"))
    used = usage_words(view)
    if used:
        lines.append("- " + say("used: {usage}", usage="; ".join(used)))
    lines += [
        "- " + say("{model} rests until {when}", model=f"`{model}`", when=moment(until))
        for model, until in view.resting_models.items()
        if until < float("inf")
    ]
    return "\n".join(lines[: most + 1])


def _allowed(allowance: Allowance) -> str:
    limits = [str(rate) for rate in allowance.rates]
    if allowance.room is not None:
        limits.append(say("{room} open at once", room=allowance.room))
    return ", ".join(limits)
