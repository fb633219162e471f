"""What a film was made from: every prompt and setting, to read and to use again. Rendered by a pure function."""

from __future__ import annotations

import io
from collections.abc import Sequence

import discord
from discord import ui

from bot.production.model import Production, ProductionState
from bot.speech import later, say
from bot.studio.casting import Casting
from bot.studio.model import Captions, Plan, ShotStart
from bot.studio.text import shorten
from bot.ui.answering import Answer
from bot.ui.card_layout import PAST, READY, fingerprint, fitted, layout, title
from bot.ui.wording import money, plain, seconds

#: The file that has every word, where the message has no room for them.
_FILE = "prompts.txt"
#: More room than any text of a plan takes.
_WHOLE = 10_000


def details_answer(production: Production, plan: Plan, castings: Sequence[Casting]) -> Answer:
    """What is told, with a file of all prompts where something was shortened.

    `castings` are empty where a model of it has left the catalogue since.
    """
    view = details_view(production, plan, castings)
    if fingerprint(view) == fingerprint(_view(production, plan, castings, _WHOLE)):
        return Answer(view=view)
    file = discord.File(io.BytesIO(prompts_text(plan, castings).encode()), filename=_FILE)
    return Answer(
        view=fitted(lambda room: _view(production, plan, castings, room, file=file)), files=(file,), bare=view
    )


def details_view(production: Production, plan: Plan, castings: Sequence[Casting]) -> ui.LayoutView:
    """The message alone."""
    return fitted(lambda room: _view(production, plan, castings, room))


def prompts_text(plan: Plan, castings: Sequence[Casting]) -> str:
    """Every word that the film was made from, as it is written, to read and to use again."""
    parts = [f"{plan.title} · {say('plan v{version}', version=plan.version)}\n{plan.logline}".strip()]
    if plan.music:
        parts.append(f"🎵 {plan.music}")
    for number, shot in enumerate(plan.shots, start=1):
        prompt = castings[number - 1].prompt if castings else shot.prompt
        lines = [f"{number}. {shot.title} · {_about_shot(number, plan, castings)}", prompt]
        lines += [f"🗣️ {shot.narration}"] if shot.narration else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _view(
    production: Production, plan: Plan, castings: Sequence[Casting], room: int, *, file: discord.File | None = None
) -> ui.LayoutView:
    models = " + ".join(dict.fromkeys(casting.model.label for casting in castings)) or plan.model
    sizes = dict.fromkeys(casting.resolution or casting.model.resolution for casting in castings)
    head = f"## 🎛️ {say('Prompt & settings')} · {title(plan, room)}"
    facts = [
        say("**Model** {model}", model=models),
        say("**Shape** {ratio}", ratio=" · ".join([plan.ratio, *sizes])),
        say("**Length** {length}", length=seconds(round(production.film_duration or plan.duration, 1))),
        say("**Plan** v{version}", version=plan.version),
    ]
    if production.draft:
        facts.append(say("**Draft**, in a small size"))
    if any(shot.narration for shot in plan.shots):
        facts.append(say("**Voice** {name}", name=plain(plan.voice_name) or say("the usual voice")))
        facts.append(say("**Captions** {how}", how=say(_CAPTIONS[plan.captions])))
    if plan.music:
        facts.append(say("**Music** {words}", words=plain(shorten(plan.music, room))))
    if production.cost_microusd is not None:
        facts.append(say("**Cost** {cost}", cost=money(production.cost_microusd)))
    logline = f"\n> {plain(shorten(plan.logline, min(240, 2 * room)))}" if plan.logline else ""
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"{head}{logline}"),
        ui.TextDisplay(" · ".join(facts)),
        ui.Separator(),
    ]
    parts.append(
        ui.TextDisplay("\n".join(_shot(number, plan, castings, room) for number in range(1, len(plan.shots) + 1)))
    )
    if file is not None:
        parts += [ui.TextDisplay(say("Not every word has room here: the file has them all.")), ui.File(file)]
    finished = production.finished_at
    foot = f"-# {say('job {id}', id=f'`{production.id[:8]}`')}"
    if finished is not None:
        foot += f" · {say('finished {moment}', moment=f'<t:{int(finished)}:R>')}"
    parts.append(ui.TextDisplay(foot))
    is_done = production.state is ProductionState.DONE
    return layout(ui.Container(*parts, accent_colour=READY if is_done else PAST))


_CAPTIONS = {
    Captions.OFF: later("off"),
    Captions.SOFT: later("to switch on"),
    Captions.BURNT: later("in the picture"),
}


def _shot(number: int, plan: Plan, castings: Sequence[Casting], room: int) -> str:
    """The very words that its model was given, where they can still be told."""
    shot = plan.shots[number - 1]
    title_room = 80 if room >= _WHOLE else min(60, room)
    line = f"**{number}. {plain(shorten(shot.title, title_room))}** · {_about_shot(number, plan, castings)}"
    line += f"\n{plain(shorten(castings[number - 1].prompt if castings else shot.prompt, room))}"
    if shot.narration:
        line += f"\n🗣️ *{plain(shorten(shot.narration, max(16, room // 2)))}*"
    return line


def _about_shot(number: int, plan: Plan, castings: Sequence[Casting]) -> str:
    """How long it is, which take, and what it starts from."""
    shot = plan.shots[number - 1]
    facts = [seconds(castings[number - 1].duration if castings else shot.duration)]
    if shot.take > 1:
        facts.append(say("take {take}", take=shot.take))
    if shot.start is not ShotStart.TEXT:
        facts.append(say(_STARTS[shot.start]))
    return " · ".join(facts)


_STARTS = {
    ShotStart.PREVIOUS: later("continues the shot before"),
    ShotStart.UPLOAD: later("starts from the uploaded video"),
    ShotStart.STILL: later("starts from its picture in the storyboard"),
}
