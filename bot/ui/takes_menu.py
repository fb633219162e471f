"""What only its owner sees after **Shots…**: the shots of a film, the takes of one, and what choosing one would cost.

Every step is an answer of its own, whose buttons carry where it leads; so they work after any restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import discord
from discord import ui

from bot.studio.casting import Quote
from bot.studio.errors import PlanMoved
from bot.studio.model import MAX_TAKES, Plan
from bot.studio.takes import ShotTakes, followers
from bot.studio.text import shorten
from bot.ui.answering import Answer
from bot.ui.custom_ids import Action, CustomId
from bot.ui.previews import Previews
from bot.ui.retakes import Proposal, Retakes, Rushes
from bot.ui.wording import money, plain, seconds

OF_TAKES = frozenset({Action.SHOTS, Action.SHOT, Action.ANOTHER, Action.TAKE})


class TakesMenu:
    """Answers the buttons from **Shots…** on."""

    def __init__(self, retakes: Retakes, previews: Previews) -> None:
        self._retakes = retakes
        self._previews = previews

    async def answer(self, custom_id: CustomId, user_id: int) -> Answer:
        """What the owner reads. Raises `StudioError | RequestFault`; `NotYours` for anybody else."""
        rushes = await self._retakes.rushes(custom_id.ref, user_id)
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
        style=discord.ButtonStyle.secondary, label="Shots…", custom_id=str(CustomId(Action.SHOTS, project_id))
    )


def shots_menu(rushes: Rushes) -> Answer:
    """Every shot with its takes, to choose one."""
    plan = rushes.plan
    lines = [f"**{plain(plan.title)}** · plan v{plan.version}. Change one shot, and only that is made and paid anew."]
    lines += [_shot_line(number, plan, rushes.takes.get(number)) for number in range(1, len(plan.shots) + 1)]
    buttons = [
        _button(Action.SHOT, rushes, f"Shot {number}", number, style=discord.ButtonStyle.primary)
        for number in range(1, len(plan.shots) + 1)
    ]
    return Answer("\n".join(lines), _view(buttons))


def shot_menu(rushes: Rushes, shot: int, another: Quote | None, shown: Sequence[int]) -> Answer:
    """The takes of one shot. `another` is what one more would cost; `shown` are the takes attached, in that order."""
    plan, takes = rushes.plan, rushes.takes.get(shot)
    lines = [_shot_line(shot, plan, takes), plain(shorten(plan.shots[shot - 1].prompt, 300))]
    if shown:
        lines.append(f"Attached: {', '.join(f'take {take}' for take in shown)}.")
    buttons: list[ui.Button[ui.View]] = []
    if another is not None:
        price = money(another.price_microusd)
        lines.append(
            f"**Another take** has the same shot made once more, for at most {price}{_also(plan, shot, another)}; the "
            "takes you have are kept. You see the price again before anything is ordered."
        )
        buttons.append(
            _button(Action.ANOTHER, rushes, f"Another take · {price}", shot, style=discord.ButtonStyle.primary)
        )
    elif takes is not None and takes.current in takes.used:
        lines.append(f"It has had its {MAX_TAKES} takes. Choose one, or change its words for a new shot.")
    else:
        lines.append("It is not made yet as it stands in the plan: **Greenlight** on the newest card has it made.")
    if takes is not None:
        buttons += [
            _button(Action.TAKE, rushes, f"Use take {take}", shot, take)
            for take in sorted(takes.kept)
            if take != takes.current
        ]
    return Answer("\n".join(lines), _view(buttons) if buttons else None)


def proposed(project_id: str, before: Plan, proposal: Proposal, shot: int) -> Answer:
    """A version that was added, with the button that greenlights it at the price that stands beside it."""
    plan, price = proposal.plan, money(proposal.quote.price_microusd)
    take = plan.shots[shot - 1].take
    goes = f"goes back to take {take}" if shot not in proposal.anew else f"gets take {take}"
    lines = [f"**Plan v{plan.version}**: shot {shot} {goes} in place of take {before.shots[shot - 1].take}."]
    others = [number for number in proposal.anew if number != shot]
    follow = [number for number in followers(plan, shot) if number in others]
    if follow:
        lines.append(f"{_shots(follow)} {_continues(follow)} from it, so {_is_made(follow)} made anew, too.")
    if rest := [number for number in others if number not in follow]:
        lines.append(f"{_shots(rest)} {_is_not_there(rest)}, so {_is_made(rest)} made with it.")
    if proposal.anew:
        lines.append(f"It costs at most **{price}**; nothing is ordered before you greenlight it.")
    elif proposal.quote.price_microusd:
        lines.append(f"No shot is ordered for it. Sound that is not there costs at most **{price}**.")
    else:
        lines.append("Everything it needs lies here, so nothing is ordered and it costs nothing: the film is cut anew.")
    greenlight: ui.Button[ui.View] = ui.Button(
        style=discord.ButtonStyle.success,
        label=f"Greenlight · {price}",
        custom_id=str(
            CustomId(Action.GREENLIGHT, project_id, plan.version, (proposal.quote.price_microusd,)),
        ),
    )
    return Answer("\n".join(lines), _view([greenlight]))


def _shot_line(number: int, plan: Plan, takes: ShotTakes | None) -> str:
    shot = plan.shots[number - 1]
    line = f"**{number}. {plain(shorten(shot.title, 60))}** · {seconds(shot.duration)}"
    if takes is None or not takes.kept:
        return f"{line} · not made yet"
    line += f" · take {shot.take}"
    others = [take for take in sorted(takes.kept) if take != shot.take]
    if shot.take not in takes.kept:
        line += " (not made yet)"
    if others:
        line += f" · {'take' if len(others) == 1 else 'takes'} {', '.join(map(str, others))} kept, too"
    return line


def _also(plan: Plan, shot: int, quoted: Quote) -> str:
    """That more than this shot is in a price."""
    follow = [number for number in followers(plan, shot) if number not in quoted.kept]
    return f" with {_shots(follow).lower()}, which {_continues(follow)} from it" if follow else ""


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


def _shots(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Shot {numbers[0]}"
    return f"Shots {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _continues(numbers: Sequence[int]) -> str:
    return "continues" if len(numbers) == 1 else "continue"


def _is_made(numbers: Sequence[int]) -> str:
    return "it is" if len(numbers) == 1 else "they are"


def _is_not_there(numbers: Sequence[int]) -> str:
    return "is not there" if len(numbers) == 1 else "are not there"
