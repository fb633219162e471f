"""Takes of a shot: the same shot made once more, under a number of its own. Clips that were made stay.

Which take a film uses is part of its plan, so that choosing one is a new version, and its number is part of what names
the clip, so that another take never lies in the place of one that is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.speech import say
from bot.studio.casting import Casting
from bot.studio.errors import EditRefused
from bot.studio.model import MAX_TAKES, Plan, ShotStart


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotTakes:
    """What there is of one shot as the plan has it now, by the numbers of its takes in their order.

    `kept` are those whose clips lie there, by the clip's content; `used` those that were ever ordered or are kept.
    """

    current: int
    kept: Mapping[int, str]
    used: Collection[int]

    @property
    def following(self) -> int | None:
        """The number of the next take: one that nothing was ever ordered under; `None` where there is none left."""
        upwards = [*range(self.current + 1, MAX_TAKES + 1), *range(1, self.current)]
        return next((number for number in upwards if number not in self.used), None)


def contents_of_takes(casting: Casting) -> dict[int, str]:
    """What would name the clip of each take that a shot may have."""
    return {number: casting.content_of(number) for number in range(1, MAX_TAKES + 1)}


def takes_of(castings: Sequence[Casting], *, ordered: Collection[str], kept: Collection[str]) -> dict[int, ShotTakes]:
    """The takes of each shot, by its number.

    `ordered` are contents that were ever ordered for this film, `kept` those whose clips lie there.
    """
    found = {}
    for casting in castings:
        contents = contents_of_takes(casting)
        found[casting.number] = ShotTakes(
            current=casting.shot.take,
            kept={number: content for number, content in contents.items() if content in kept},
            used={number for number, content in contents.items() if content in kept or content in ordered},
        )
    return found


def another_take(plan: Plan, shot: int, takes: Mapping[int, ShotTakes]) -> Plan:
    """The plan with one more take of a shot, under the same version. Raises `EditRefused`."""
    found = takes.get(shot)
    if found is None or found.current not in found.used:
        raise EditRefused(
            say(
                "Shot {shot} is not made yet as it stands in the plan, so there is nothing to take again: press "
                "**Greenlight** on the newest card to have it made.",
                shot=shot,
            )
        )
    if found.following is None:
        raise EditRefused(
            say(
                "Shot {shot} has had {most} takes, and more I don't keep apart. Choose one of them, or change its "
                "words: that makes a new shot of it.",
                shot=shot,
                most=MAX_TAKES,
            )
        )
    return with_take(plan, shot, found.following)


def every_take_anew(plan: Plan, takes: Mapping[int, ShotTakes]) -> Plan:
    """The plan with one more take of every shot that was made, under the same version. Raises `EditRefused`."""
    made = [number for number, found in sorted(takes.items()) if found.current in found.used]
    if not made:
        raise EditRefused(
            say("Nothing of this plan is made yet: press **Greenlight** on the newest card to have it made.")
        )
    for number in made:
        plan = another_take(plan, number, takes)
    return plan


def chosen_take(plan: Plan, shot: int, take: int, takes: Mapping[int, ShotTakes]) -> Plan:
    """The plan with a take of a shot that is kept, under the same version. Raises `EditRefused`."""
    found = takes.get(shot)
    kept = sorted(found.kept) if found is not None else []
    if take not in kept:
        if not kept:
            raise EditRefused(
                say(
                    "Take {take} of shot {shot} is not there: none is kept as the shot stands now.",
                    take=take,
                    shot=shot,
                )
            )
        there = ", ".join(map(str, kept))
        raise EditRefused(
            say("Take {take} of shot {shot} is not there: kept are {takes}.", take=take, shot=shot, takes=there)
        )
    return with_take(plan, shot, take)


def with_take(plan: Plan, shot: int, take: int) -> Plan:
    shots = [replace(each, take=take) if number == shot else each for number, each in enumerate(plan.shots, 1)]
    return replace(plan, shots=tuple(shots))


def followers(plan: Plan, shot: int) -> list[int]:
    """The shots that start from the last frame of this one, directly or through each other."""
    found = []
    for number, each in enumerate(plan.shots[shot:], shot + 1):
        if each.start is not ShotStart.PREVIOUS:
            break
        found.append(number)
    return found
