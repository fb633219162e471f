"""What two versions of a plan differ in, shot by shot: which shots are the same, changed, new or gone."""

from __future__ import annotations

from dataclasses import dataclass

from bot.studio.changes import film_changes, shot_changes
from bot.studio.model import Plan
from bot.studio.pairing import pairs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotDifference:
    """One shot: its numbers in both versions, `None` where one has it not, and what is different about it."""

    before: int | None
    after: int | None
    title: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the later version has otherwise: of the film as a whole, and of each shot that is not the same."""

    film: tuple[str, ...]
    shots: tuple[ShotDifference, ...]

    @property
    def is_same(self) -> bool:
        return not self.film and not self.shots


def compared(before: Plan, after: Plan) -> Comparison:
    """The differences in the order of the later version; shots that are gone come last."""
    pairs = pairs_of(before.shots, after.shots)
    origins = [pairs[number] for number in range(len(after.shots)) if number in pairs]
    has_moved = origins != sorted(origins)
    found = []
    for number, shot in enumerate(after.shots):
        origin = pairs.get(number)
        if origin is None:
            found.append(ShotDifference(before=None, after=number + 1, title=shot.title))
            continue
        changes = tuple(shot_changes(before.shots[origin], shot))
        if changes or (has_moved and origin != number):
            found.append(ShotDifference(before=origin + 1, after=number + 1, title=shot.title, changes=changes))
    gone = sorted(set(range(len(before.shots))) - set(pairs.values()))
    found += [ShotDifference(before=each + 1, after=None, title=before.shots[each].title) for each in gone]
    return Comparison(film=tuple(film_changes(before, after)), shots=tuple(found))
