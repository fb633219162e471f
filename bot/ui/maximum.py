"""The most that somebody wants to pay for a film: named when they asked, held in code until they greenlight."""

from __future__ import annotations

from bot.speech import say
from bot.studio.errors import AboveMaximum
from bot.studio.model import Project
from bot.ui.wording import money
from providers.catalogue import VideoModel

#: Share of the most that pictures may take: the rest is for a voice, music and sounds.
FOR_PICTURES = 0.9


def check_maximum(project: Project, price_microusd: int) -> None:
    """Raises `AboveMaximum` where a film costs more than its owner wants to pay."""
    if is_above(project, price_microusd):
        assert project.max_price_microusd is not None
        raise AboveMaximum(money(price_microusd), money(project.max_price_microusd))


def is_above(project: Project, price_microusd: int) -> bool:
    return project.max_price_microusd is not None and price_microusd > project.max_price_microusd


def over_maximum(project: Project, price: str) -> str:
    """That a plan costs more than its owner wants to pay, and what helps."""
    assert project.max_price_microusd is not None
    return say(
        "⛔ **It costs up to {price}, and you wanted to pay at most {maximum}**, so it can't be greenlit like this. "
        "Press **Change…** and say what to leave out.",
        price=price,
        maximum=money(project.max_price_microusd),
    )


def seconds_within(maximum_microusd: int, model: VideoModel, asked: int | None) -> int:
    """How long a film may be for that price: as long as asked, if it can be.

    Raises:
        AboveMaximum: even the shortest clip of this model costs more.
    """
    second = model.price_per_second_microusd
    shortest = min(model.durations, default=1)
    if shortest * second > maximum_microusd:
        raise AboveMaximum(money(shortest * second), money(maximum_microusd))
    affordable = max(shortest, int(maximum_microusd * FOR_PICTURES) // second)
    return affordable if asked is None else min(asked, affordable)
