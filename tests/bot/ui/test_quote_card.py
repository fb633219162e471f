"""A film and its price in one answer."""

from __future__ import annotations

import discord
from discord import ui

from bot.studio.casting import Quote
from bot.ui.card_layout import fits
from bot.ui.quote_card import Quoted, quote_card, unplanned_card
from tests.bot.studio.samples import plan, project, shot


def text(card: ui.LayoutView) -> str:
    return "\n".join(item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay))


def button(card: ui.LayoutView, label: str) -> ui.Button[ui.LayoutView]:
    return next(item for item in card.walk_children() if isinstance(item, ui.Button) and item.label == label)


def quoted(**changes: object) -> Quoted:
    facts: dict[str, object] = {"project": project(), "plan": plan(), "quote": Quote(price_microusd=1_234_000, kept=())}
    return Quoted(**{**facts, **changes})  # type: ignore[arg-type]  # as given


def test_the_price_on_the_card_is_the_one_its_button_accepts() -> None:
    card = quote_card(quoted())

    assert "At most $1.24." in text(card)
    assert button(card, "Greenlight").custom_id == f"gl1:greenlight:{'a' * 32}:1:1234000"
    assert not button(card, "Greenlight").disabled
    assert button(card, "Talk it over").url == "https://discord.com/channels/5/7"


def test_what_costs_more_than_was_said_cannot_be_greenlit() -> None:
    card = quote_card(quoted(project=project(max_price_microusd=1_000_000)))

    assert "at most $1.00" in text(card)
    assert button(card, "Greenlight").disabled


def test_what_nobody_here_can_make_cannot_be_greenlit() -> None:
    assert button(quote_card(quoted(quote=None)), "Greenlight").disabled


def test_a_film_of_many_long_shots_fits() -> None:
    assert fits(quote_card(quoted(plan=plan(*[shot("水龍" * 40) for _ in range(12)], logline="火" * 240))))


def test_why_there_is_no_plan_is_told_with_a_way_on() -> None:
    card = unplanned_card(project(failure="ContentRejected"))

    assert "policy" in text(card)
    assert button(card, "Try again").style is discord.ButtonStyle.primary
