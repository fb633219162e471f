"""The message that brings a draft: what it is, and the way to the real film."""

from __future__ import annotations

from pathlib import Path

import discord
from discord import ui

from bot.production.model import Production
from bot.speech import say
from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui import wording
from bot.ui.custom_ids import Action, CustomId
from bot.ui.ends import End
from bot.ui.film_row import about_buttons
from bot.ui.remarks import remarks_on
from bot.ui.talk_facts import way_to_change


def draft_end(
    production: Production, plan: Plan, *, film: Path, told: str, price_microusd: int | None, hears_all: bool = True
) -> End:
    """A draft that is done. `told` is the receipt; `price_microusd` what the film itself costs at most, `None` where it
    cannot be greenlit just now; `hears_all` is as in `TalkFacts`.
    """
    news = say(
        "The **draft** of **{title}** is ready · {length}",
        title=wording.plain(plan.title),
        length=wording.seconds(round(production.film_duration or plan.duration, 1)),
    )
    words = [say("It is small, to see how it plays."), way_to_change(hears_all=hears_all)]
    if price_microusd is not None:
        price = wording.money(price_microusd)
        words.append(say("**Greenlight** has the film itself made, for at most {price}.", price=price))
    foot = f"-# {say('draft of plan v{version}', version=plan.version)}"
    return End(
        production=production,
        news=news,
        small=[" ".join(words), *remarks_on(production.notes), *([told] if told else []), foot],
        film=film,
        alt=shorten(say("Draft of {title}: {logline}", title=plan.title, logline=plan.logline), 1000),
        view=_row(production, plan, price_microusd),
    )


def _row(production: Production, plan: Plan, price_microusd: int | None) -> ui.View:
    """The way to the film itself, how the draft was made, and a word about it: others see a draft, too."""
    view = ui.View(timeout=None)
    if price_microusd is not None:
        button: ui.Button[ui.View] = ui.Button(
            style=discord.ButtonStyle.success,
            label=say("Greenlight the film · {price}", price=wording.money(price_microusd)),
            custom_id=str(CustomId(Action.GREENLIGHT, production.project_id, plan.version, (price_microusd,))),
        )
        view.add_item(button)
    for each in about_buttons(production.project_id, production.id):
        view.add_item(each)
    view.stop()
    return view
