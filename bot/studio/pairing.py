"""Which shot of a plan was which in another version of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.studio.model import Shot


def pairs_of(before: Sequence[Shot], after: Sequence[Shot]) -> dict[int, int]:
    """The place of each later shot in the earlier version, both from 0; a new one is not among them.

    A shot is the very same, else it shows the same, else it has the same name, else, where there are as many as before,
    it stands where it stood.
    """
    pairs: dict[int, int] = {}
    kinds: tuple[Callable[[Shot, Shot], bool] | None, ...] = (
        lambda new, old: new == old,
        lambda new, old: (new.prompt, new.title) == (old.prompt, old.title),
        lambda new, old: new.prompt == old.prompt,
        lambda new, old: new.title == old.title,
        None,
    )
    for is_same in kinds:
        taken = set(pairs.values())
        for place, shot in enumerate(after):
            if place in pairs:
                continue
            if is_same is None:
                free = [place] if len(after) == len(before) and place not in taken else []
            else:
                free = [old for old, each in enumerate(before) if old not in taken and is_same(shot, each)]
            if free:
                pairs[place] = min(free, key=lambda old: abs(old - place))
                taken.add(pairs[place])
    return pairs
