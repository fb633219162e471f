"""The message that brings a draft, and the cards of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.production.model import ProductionState
from bot.studio.casting import Quote
from bot.ui.cards import JobFacts, PlanFacts, job_card, plan_card
from bot.ui.custom_ids import Action, CustomId
from bot.ui.draft_end import draft_end
from tests.bot.studio.samples import plan, project
from tests.bot.ui.test_cards import JOB, buttons, production, take, text

DRAFT = production(ProductionState.DONE, draft=True, cost_microusd=304_095, film_duration=9.0, finished_at=200.0)
ABOUT = [
    ("Prompt & settings", str(CustomId(Action.DETAILS, DRAFT.id))),
    ("Report…", str(CustomId(Action.REPORT, DRAFT.project_id))),
]


def test_a_draft_says_what_it_is_and_has_the_films_price_beside_the_way_to_it() -> None:
    end = draft_end(DRAFT, plan(), film=Path("film.mp4"), told="-# shots $0.31", price_microusd=936_000)

    assert end.news == "The **draft** of **Koi** is ready · 9 s"
    assert "at most $0.94" in end.small[0]
    assert end.alt == "Draft of Koi: A koi becomes a dragon."
    assert end.view is not None
    found = [(getattr(each, "label", ""), getattr(each, "custom_id", "")) for each in end.view.children]
    assert found == [
        ("Greenlight the film · $0.94", str(CustomId(Action.GREENLIGHT, DRAFT.project_id, 1, (936_000,)))),
        *ABOUT,
    ]


def test_a_draft_says_how_to_change_it_where_it_is_not_heard_otherwise() -> None:
    heard, unheard = [
        draft_end(DRAFT, plan(), film=Path("film.mp4"), told="", price_microusd=None, hears_all=each).small[0]
        for each in (True, False)
    ]

    assert heard == "It is small, to see how it plays. Write here to change anything."
    assert "Mention me" in unheard


def test_a_draft_of_a_plan_that_has_moved_on_leads_to_no_film_and_can_be_reported() -> None:
    end = draft_end(DRAFT, plan(), film=Path("film.mp4"), told="", price_microusd=None)

    assert end.view is not None
    found = [(getattr(each, "label", ""), getattr(each, "custom_id", "")) for each in end.view.children]
    assert found == ABOUT
    assert "Greenlight" not in end.words()


@pytest.mark.parametrize("state", [ProductionState.RUNNING, ProductionState.DONE])
def test_the_job_card_of_a_draft_says_so_and_no_shot_of_it_is_taken_again(state: ProductionState) -> None:
    made = production(state, draft=True, delivered_at=1.0, delivered_message_id=5)

    card = job_card(JobFacts(production=made, plan=plan(), takes=[take()], film_link="https://discord.com/x"))

    assert "plan v1 · **draft**, in a small size" in text(card)
    assert "Shots…" not in [label for label, _, _ in buttons(card)]


def test_a_plan_of_which_only_the_draft_is_made_can_be_greenlit() -> None:
    quoted = Quote(price_microusd=936_000, kept=())
    facts = PlanFacts(project=project(), plan=plan(), newest_version=1, quote=quoted, production=DRAFT)

    assert buttons(plan_card(facts))[0] == (
        "Greenlight",
        str(CustomId(Action.GREENLIGHT, "a" * 32, 1, (936_000,))),
        False,
    )
    running = PlanFacts(
        project=project(),
        plan=plan(),
        newest_version=1,
        quote=quoted,
        production=production(ProductionState.RUNNING, draft=True, id=JOB),
    )
    assert "**A draft** is being made, for at most $1.80" in text(plan_card(running))
