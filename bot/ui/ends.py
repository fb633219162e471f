"""The message that tells how a film ended: its words, what it carries, and how it is known again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from discord import ui

from bot.production.model import Production, ProductionState
from bot.production.notes import NoteKind
from bot.speech import counted, say
from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui import wording
from bot.ui.film_row import film_row
from bot.ui.remarks import remarks_on

#: What Discord takes as one message's words.
_MAX = 2000
_LINE = "\n"
_COVERED = "SPOILER_"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a film ended: `news` in a line, `small` print below, and `view` with what can be chosen.

    `film` is there where it was made; `alt` describes it to those who do not see it. `mentions` has its owner pinged,
    `is_covered` hides the film until somebody wants to see it.
    """

    production: Production
    news: str
    small: Sequence[str]
    film: Path | None = None
    alt: str = ""
    view: ui.View | None = None
    mentions: bool = True
    is_covered: bool = False

    @property
    def file_name(self) -> str:
        """What the film is called in its message; Discord covers what is called so (2026-11)."""
        return f"{_COVERED if self.is_covered else ''}{file_name(self.production)}"

    def words(self, carries: str = "", *, is_plain: bool = False) -> str:
        """The whole message; `is_plain` leaves out everything that people or models wrote."""
        whose = f"<@{self.production.owner_id}>"
        if is_plain:
            what = say("Your film is not finished; its card says why.")
            if self.film is not None:
                what = say("Your film is ready.")
            text = f"{whose} {what}{carries}"
        else:
            text = "\n".join([f"{whose} {self.news}{carries}", *self.small])
        last = f"{' ·' if text.rpartition(_LINE)[2].startswith('-# ') else _LINE + '-#'} {mark(self.production)}"
        return shorten(text, _MAX - len(last)) + last

    def is_in(self, content: str, file_names: Sequence[str]) -> bool:
        """Whether a message of ours tells this very end, of this very run."""
        lasts = tuple(f"{before} {mark(self.production)}" for before in ("-#", " ·"))
        names = [name.removeprefix(_COVERED) for name in file_names]
        return file_name(self.production) in names or content.endswith(lasts)


def film_end(production: Production, plan: Plan, *, film: Path, told: str) -> End:
    """A film that is done; `told` is the receipt."""
    length = wording.seconds(round(production.film_duration or plan.duration, 1))
    spent = wording.money(production.cost_microusd or 0)
    foot = " · ".join(
        [
            say("plan v{version}", version=plan.version),
            _shots_in(production, plan),
            _took(production),
            say("cost {price}", price=spent),
        ]
    )
    return End(
        production=production,
        news=say("**{title}** is ready · {length}", title=wording.plain(plan.title), length=length),
        small=[*remarks_on(production.notes), f"-# {foot}", *([told] if told else [])],
        film=film,
        alt=shorten(f"{plan.title}: {plan.logline}", 1000),
        view=film_row(production.project_id, production.id),
    )


def unfinished_end(production: Production, plan: Plan, *, words: str, told: str, view: ui.View | None) -> End:
    """A film that was not finished, or waits for its owner; `told` is the receipt, "" where nothing was charged."""
    return End(
        production=production,
        news=say("**{title}** is not finished: {why}", title=wording.plain(plan.title), why=words),
        small=[told or f"-# {say('nothing was charged')}", f"-# {say('plan v{version}', version=plan.version)}"],
        view=view,
    )


def is_told(production: Production) -> bool:
    """Whether an end asks for a message: not where its owner pressed the button, and the card says so."""
    return production.state is not ProductionState.CANCELLED or bool(production.failure)


def mark(production: Production) -> str:
    """What tells one end from all others, at the foot of its message."""
    return f"{production.id[:8]}{_run(production)}"


def file_name(production: Production) -> str:
    """Names the film for good, in letters that Discord keeps as they are; a restart finds its delivery by it."""
    return f"greenlight-{production.id}{_run(production)}.mp4"


def _run(production: Production) -> str:
    return f"-{production.run}" if production.run > 1 else ""


def _shots_in(production: Production, plan: Plan) -> str:
    """How many shots a film has; of how many planned, where some were left out."""
    planned = len(plan.shots)
    left_out = sum(note.kind is NoteKind.LEFT_OUT for note in production.notes)
    if not left_out:
        return counted(planned, "{number} shot", "{number} shots")
    return counted(planned, "{made} of {number} shot", "{made} of {number} shots", made=planned - left_out)


def _took(production: Production) -> str:
    assert production.finished_at is not None
    took = max(1, round(production.finished_at - production.accepted_at))
    return say("took {length}", length=wording.seconds(took))
