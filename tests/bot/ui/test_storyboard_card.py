"""The storyboard's card and what a plan's card offers before a film is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import discord
from discord import ui

from bot.production.storyboards import Still, StillState, Storyboard, StoryboardState
from bot.studio.model import MAX_SHOTS
from bot.studio.storyboard import image_model, quote_storyboard, stills_of
from bot.ui.cards import PlanFacts, plan_card
from bot.ui.custom_ids import Action, CustomId
from bot.ui.storyboard_card import StoryboardFacts, storyboard_card
from bot.ui.tryouts import DraftOffer, Tryouts, tryout_lines, tryout_row
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, project, shot
from tests.bot.ui.test_cards import buttons, is_taken_by_discord, text

MODEL = image_model(CATALOGUE, {"gemini"}, "16:9")


def still(number: int, state: StillState = StillState.DRAWN, **changes: object) -> Still:
    made = Still(shot=number, content="c", prompt="p", state=state, failure=None, price_microusd=33_600)
    return replace(made, **changes)  # type: ignore[arg-type]  # passed on as given


def facts(*stills: Still, **changes: object) -> StoryboardFacts:
    board = Storyboard(
        id="e" * 32,
        project_id="a" * 32,
        version=1,
        owner_id=OWNER,
        guild_id=5,
        provider="gemini",
        model=MODEL.id,
        ratio="16:9",
        state=StoryboardState.OVER,
        price_microusd=100_800,
        cost_microusd=67_200,
        accepted_at=1.0,
    )
    made = StoryboardFacts(storyboard=board, plan=plan(), stills=stills, model_label=MODEL.label, shown={1, 3})
    return replace(made, **changes)  # type: ignore[arg-type]  # passed on as given


def pictures(card: ui.LayoutView) -> Iterator[discord.MediaGalleryItem]:
    for item in card.walk_children():
        if isinstance(item, ui.MediaGallery):
            yield from item.items


REPORT = ("Report…", str(CustomId(Action.REPORT, "a" * 32)), False)
THREE = (still(1), still(2, StillState.FAILED, failure="ContentRejected"), still(3, price_microusd=0))


def test_every_picture_is_told_in_words_and_what_is_missing_with_its_reason() -> None:
    card = storyboard_card(facts(*THREE, price_again_microusd=33_600))

    told = [(item.media.url, item.description) for item in pictures(card)]
    assert told == [
        ("attachment://storyboard-shot-1.jpg", "Shot 1 of 3, One: One happens"),
        ("attachment://storyboard-shot-3.jpg", "Shot 3 of 3, Three: Three happens"),
    ]
    assert "🖼️ **1. One** · drawn\n❌ **2. Two** · The service's content policy refused this." in text(card)
    assert "**3. Three** · drawn before, not paid again" in text(card)
    assert "cost $0.07" in text(card)


def test_a_storyboard_says_how_to_change_a_shot_where_it_is_not_heard_otherwise() -> None:
    assert "Write here to change anything." in text(storyboard_card(facts(*THREE)))
    assert "Mention me, reply to me with the ping on" in text(storyboard_card(facts(*THREE, hears_all=False)))


def test_only_the_missing_ones_can_be_drawn_again_at_their_price_and_shown_ones_started_from() -> None:
    card = storyboard_card(facts(*THREE, price_again_microusd=33_600))

    assert buttons(card) == [
        ("Safer words", str(CustomId(Action.SOFTEN, "a" * 32, 1)), False),
        ("Draw the missing one · $0.04", str(CustomId(Action.STORYBOARD, "a" * 32, 1, (33_600,))), False),
        ("Start shot 1 from its picture", str(CustomId(Action.FROMSTILL, "a" * 32, 1, (1,))), False),
        ("Start shot 3 from its picture", str(CustomId(Action.FROMSTILL, "a" * 32, 1, (3,))), False),
        REPORT,
    ]


def test_a_still_whose_order_went_unanswered_is_not_charged_to_its_owner() -> None:
    assert "You are not charged for it" in text(storyboard_card(facts(still(1, StillState.UNKNOWN), shown=())))


def test_a_picture_that_is_not_kept_any_more_is_told_and_not_shown() -> None:
    card = storyboard_card(facts(still(1), still(2), shown={2}))

    assert "**1. One** · drawn, but its picture is not kept any more" in text(card)
    assert [item.media.url for item in pictures(card)] == ["attachment://storyboard-shot-2.jpg"]


def test_where_the_model_starts_from_no_picture_nothing_is_offered() -> None:
    card = storyboard_card(facts(*THREE, can_start=False))

    assert (buttons(card), "can start from its picture" in text(card)) == ([REPORT], False)


def test_an_old_one_leads_to_the_newest_and_has_nothing_to_press() -> None:
    card = storyboard_card(facts(*THREE, replaced_by="https://discord.com/x"))

    assert "Replaced by [a newer storyboard](https://discord.com/x)" in text(card)
    assert (buttons(card), list(pictures(card))) == ([], [])


def test_the_longest_storyboard_is_taken_by_discord() -> None:
    shots = [shot("龍" * 80, prompt="龍" * 900) for _ in range(MAX_SHOTS)]
    stills = [still(number) for number in range(1, MAX_SHOTS)] + [
        still(MAX_SHOTS, StillState.FAILED, failure="ContentRejected")
    ]

    card = storyboard_card(
        facts(*stills, plan=plan(*shots), shown=set(range(1, MAX_SHOTS)), price_again_microusd=33_600)
    )

    assert is_taken_by_discord(card)
    assert all(len(item.description or "") <= 1024 for item in pictures(card))


# what a plan's card offers


def board(*, drawn: int = 0) -> Tryouts:
    stills = stills_of(plan(), MODEL)
    return Tryouts(storyboard=quote_storyboard(stills, MODEL, [each.content for each in stills[:drawn]]))


def labels(offered: Tryouts) -> list[tuple[str | None, bool]]:
    rows = tryout_row(offered, "a" * 32, 2)
    return [(item.label, item.disabled) for row in rows for item in row.children if isinstance(item, ui.Button)]


def test_a_plans_card_shows_what_its_storyboard_costs_before_it_is_pressed() -> None:
    card = plan_card(PlanFacts(project=project(), plan=plan(), newest_version=1, tryouts=board(drawn=1)))

    assert "**Storyboard**: 2 stills, at most $0.07 · 1 drawn already" in text(card)
    assert ("Storyboard · $0.07", str(CustomId(Action.STORYBOARD, "a" * 32, 1, (67_200,))), False) in buttons(card)


def test_nothing_is_offered_where_nobody_draws_and_the_model_has_no_draft() -> None:
    assert (tryout_lines(Tryouts()), labels(Tryouts())) == ([], [])


def test_while_it_is_drawn_it_cannot_be_pressed_and_once_shown_it_says_where() -> None:
    assert labels(replace(board(), is_drawing=True)) == [("Drawing the storyboard…", True)]
    assert labels(board(drawn=3)) == [("Storyboard", False)]
    assert tryout_lines(replace(board(drawn=3), is_shown=True)) == ["**Storyboard**: it stands in this thread."]


def test_a_draft_has_its_size_and_its_price_and_is_not_offered_again_once_made() -> None:
    offered = Tryouts(draft=DraftOffer(resolution="360p", price_microusd=444_000))

    assert labels(offered) == [("Draft (360p) · $0.45", False)]
    assert tryout_lines(offered) == ["**Draft** of the whole film in 360p, at most $0.45"]
    assert labels(Tryouts(draft=DraftOffer(resolution="360p", price_microusd=0, is_made=True))) == []
