"""What only its owner sees after **Shots…**: the shots of a film, the takes of one, and what choosing one would cost.

Every step is an answer of its own, whose buttons carry where it leads; so they work after any restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.casting import Quote
from bot.studio.errors import PlanMoved
from bot.studio.model import MAX_TAKES, Plan
from bot.studio.rights import Act
from bot.studio.takes import ShotTakes, followers
from bot.studio.text import shorten, spans
from bot.ui.answering import MAX_CONTENT, Answer
from bot.ui.card_layout import fitted_words, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.previews import Previews
from bot.ui.retakes import Proposal, Retakes, Rushes
from bot.ui.wording import enumerated, money, plain, seconds

OF_TAKES = frozenset({Action.SHOTS, Action.SHOT, Action.ANOTHER, Action.TAKE})


class TakesMenu:
    """Answers the buttons from **Shots…** on."""

    def __init__(self, retakes: Retakes, previews: Previews) -> None:
        self._retakes = retakes
        self._previews = previews

    async def answer(self, custom_id: CustomId, user_id: int) -> Answer:
        """What the owner reads. Raises `StudioError | RequestFault`; `NotYours` for anybody else."""
        rushes = await self._retakes.rushes(custom_id.ref, user_id, Act.SEE)
        match custom_id.action, custom_id.numbers:
            case Action.SHOTS, _:
                return shots_menu(rushes)
            case Action.SHOT, (shot,):
                return await self._shot(rushes, shot)
            case Action.ANOTHER, (shot,):
                proposal = await self._retakes.another(
                    project_id=custom_id.ref, version=custom_id.version or 0, shot=shot, user_id=user_id
                )
            case Action.TAKE, (shot, take):
                proposal = await self._retakes.use(
                    project_id=custom_id.ref, version=custom_id.version or 0, shot=shot, take=take, user_id=user_id
                )
            case _:
                raise AssertionError(custom_id)
        return proposed(custom_id.ref, rushes.plan, proposal, shot)

    async def _shot(self, rushes: Rushes, shot: int) -> Answer:
        if not 1 <= shot <= len(rushes.plan.shots):  # of an older version
            raise PlanMoved(rushes.plan.version)
        takes = rushes.takes.get(shot)
        files = await self._previews.of(rushes.project.id, shot, takes.kept) if takes is not None else {}
        another = await self._retakes.price_of_another(rushes, shot)
        return replace(shot_menu(rushes, shot, another, list(files)), files=list(files.values()))


def shots_button(project_id: str) -> ui.Button[ui.LayoutView]:
    """On the card of a film that is over: the way to change one shot of it."""
    return ui.Button(
        style=discord.ButtonStyle.secondary, label=say("Shots…"), custom_id=str(CustomId(Action.SHOTS, project_id))
    )


def shots_menu(rushes: Rushes) -> Answer:
    """Every shot with its takes, to choose one."""
    plan = rushes.plan
    buttons = [
        _button(Action.SHOT, rushes, say("Shot {shot}", shot=number), number, style=discord.ButtonStyle.primary)
        for number in range(1, len(plan.shots) + 1)
    ]
    return Answer(fitted_words(lambda room: _shots_told(rushes, room), MAX_CONTENT), _view(buttons))


def _shots_told(rushes: Rushes, room: int) -> str:
    plan = rushes.plan
    lines = [
        say(
            "**{title}** · plan v{version}. Change one shot, and only that is made and paid anew.",
            title=title(plan, room),
            version=plan.version,
        )
    ]
    lines += [_shot_line(number, plan, rushes.takes.get(number), room) for number in range(1, len(plan.shots) + 1)]
    return "\n".join(lines)


def shot_menu(rushes: Rushes, shot: int, another: Quote | None, shown: Sequence[int]) -> Answer:
    """The takes of one shot. `another` is what one more would cost; `shown` are the takes attached, in that order."""
    plan, takes = rushes.plan, rushes.takes.get(shot)
    lines = [_shot_line(shot, plan, takes), plain(shorten(plan.shots[shot - 1].prompt, 300))]
    if shown:
        lines.append(say("Attached: {takes}.", takes=", ".join(say("take {take}", take=take) for take in shown)))
    buttons: list[ui.Button[ui.View]] = []
    if another is not None:
        price = money(another.price_microusd)
        lines.append(_offer(plan, shot, another))
        buttons.append(
            _button(
                Action.ANOTHER,
                rushes,
                say("Another take · {price}", price=price),
                shot,
                style=discord.ButtonStyle.primary,
            )
        )
    elif takes is not None and takes.current in takes.used:
        lines.append(
            say("It has had its {most} takes. Choose one, or change its words for a new shot.", most=MAX_TAKES)
        )
    else:
        lines.append(say("It is not made yet as it stands in the plan: **Greenlight** on the newest card has it made."))
    if takes is not None:
        buttons += [
            _button(Action.TAKE, rushes, say("Use take {take}", take=take), shot, take)
            for take in sorted(takes.kept)
            if take != takes.current
        ]
    return Answer("\n".join(lines), _view(buttons) if buttons else None)


def proposed(project_id: str, before: Plan, proposal: Proposal, shot: int) -> Answer:
    """A version that was added, with the button that greenlights it at the price that stands beside it."""
    plan, price = proposal.plan, money(proposal.quote.price_microusd)
    take = plan.shots[shot - 1].take
    facts = {"version": plan.version, "shot": shot, "take": take, "before": before.shots[shot - 1].take}
    lines = [
        say("**Plan v{version}**: shot {shot} gets take {take} in place of take {before}.", **facts)
        if shot in proposal.anew
        else say("**Plan v{version}**: shot {shot} goes back to take {take} in place of take {before}.", **facts)
    ]
    others = [number for number in proposal.anew if number != shot]
    follow = [number for number in followers(plan, shot) if number in others]
    if follow:
        lines.append(
            counted(
                len(follow),
                "Shot {shots} continues from it, so it is made anew, too.",
                "Shots {shots} continue from it, so they are made anew, too.",
                shots=enumerated(follow),
            )
        )
    if rest := [number for number in others if number not in follow]:
        lines.append(
            counted(
                len(rest),
                "Shot {shots} is not there, so it is made with it.",
                "Shots {shots} are not there, so they are made with it.",
                shots=enumerated(rest),
            )
        )
    if proposal.anew:
        lines.append(say("It costs at most **{price}**; nothing is ordered before you greenlight it.", price=price))
    elif proposal.quote.price_microusd:
        lines.append(say("No shot is ordered for it. Sound that is not there costs at most **{price}**.", price=price))
    else:
        lines.append(
            say("Everything it needs lies here, so nothing is ordered and it costs nothing: the film is cut anew.")
        )
    return Answer("\n".join(lines), greenlight_view(project_id, proposal))


def greenlight_view(project_id: str, proposal: Proposal) -> ui.View:
    """The button that greenlights a version at its price."""
    price = proposal.quote.price_microusd
    greenlight: ui.Button[ui.View] = ui.Button(
        style=discord.ButtonStyle.success,
        label=say("Greenlight · {price}", price=money(price)),
        custom_id=str(CustomId(Action.GREENLIGHT, project_id, proposal.plan.version, (price,))),
    )
    return _view([greenlight])


def _shot_line(number: int, plan: Plan, takes: ShotTakes | None, room: int = 60) -> str:
    shot = plan.shots[number - 1]
    line = f"**{number}. {plain(shorten(shot.title, min(60, room)))}** · {seconds(shot.duration)}"
    if takes is None or not takes.kept:
        return f"{line} · {say('not made yet')}"
    if shot.take in takes.kept:
        line += f" · {say('take {take}', take=shot.take)}"
    else:
        line += f" · {say('take {take} (not made yet)', take=shot.take)}"
    others = [take for take in sorted(takes.kept) if take != shot.take]
    if others:
        kept = spans(others)
        line += f" · {counted(len(others), 'take {takes} kept, too', 'takes {takes} kept, too', takes=kept)}"
    return line


def _offer(plan: Plan, shot: int, quoted: Quote) -> str:
    """What another take costs, and that more than this shot is in the price."""
    price = money(quoted.price_microusd)
    follow = [number for number in followers(plan, shot) if number not in quoted.kept]
    if not follow:
        return say(
            "**Another take** has the same shot made once more, for at most {price}; the takes you have are kept. You "
            "see the price again before anything is ordered.",
            price=price,
        )
    return counted(
        len(follow),
        "**Another take** has the same shot made once more, for at most {price} with shot {shots}, which continues "
        "from it; the takes you have are kept. You see the price again before anything is ordered.",
        "**Another take** has the same shot made once more, for at most {price} with shots {shots}, which continue "
        "from it; the takes you have are kept. You see the price again before anything is ordered.",
        price=price,
        shots=enumerated(follow),
    )


def _button(
    action: Action,
    rushes: Rushes,
    label: str,
    *numbers: int,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> ui.Button[ui.View]:
    custom_id = CustomId(action, rushes.project.id, rushes.plan.version, numbers)
    return ui.Button(style=style, label=label, custom_id=str(custom_id))


def _view(buttons: Sequence[ui.Button[ui.View]]) -> ui.View:
    """Sent and not stored: a press comes to our router, after restarts, too. Discord takes 25 buttons."""
    view = ui.View(timeout=None)
    for button in buttons[:25]:
        view.add_item(button)
    view.stop()
    return view
