"""What the message says that tells how a film ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.production.bill import Bill, Part
from bot.production.model import Production, ProductionState
from bot.production.notes import Note, NoteKind
from bot.studio.model import Plan
from bot.ui.ends import film_end, unfinished_end
from bot.ui.receipts import receipt
from tests.bot.studio.samples import plan, shot
from tests.bot.ui.test_cards import production


def film(made: Production, about: Plan) -> str:
    return film_end(made, about, film=Path("film.mp4"), told="").words()


def test_a_film_tells_of_how_many_planned_shots_it_is_made() -> None:
    whole = production(ProductionState.DONE, finished_at=160.0, cost_microusd=600_000)
    left_out = production(ProductionState.DONE, finished_at=160.0, notes=(Note(kind=NoteKind.LEFT_OUT, shot=2),))

    assert "-# plan v1 · 3 shots · took 1 min · cost $0.60" in film(whole, plan())
    assert "-# plan v1 · 2 of 3 shots · took 1 min" in film(left_out, plan())
    assert "· 1 shot ·" in film(whole, plan(shot("One")))


def test_bad_news_tell_what_was_charged_all_the_same() -> None:
    failed = production(ProductionState.FAILED, failure="Unavailable")
    charged = receipt(Bill(parts={Part.SHOTS: 600_000}), failed.price_microusd)

    told, free = (unfinished_end(failed, plan(), words="It is down.", told=each, view=None) for each in (charged, ""))

    assert "It is down.\n-# shots $0.60 — of at most $1.80\n-# plan v1" in told.words()
    assert "It is down.\n-# nothing was charged\n-# plan v1" in free.words()
    assert told.is_in(free.words(), [])  # known again, whatever was charged since


def test_a_film_is_known_again_by_its_file_covered_or_not() -> None:
    done = production(ProductionState.DONE, finished_at=160.0)
    end = film_end(done, plan(), film=Path("film.mp4"), told="")
    covered = replace(end, is_covered=True)

    assert covered.file_name == f"SPOILER_{end.file_name}"
    assert [each.is_in("", [covered.file_name]) for each in (end, covered)] == [True, True]
    assert [each.is_in("", [end.file_name]) for each in (end, covered)] == [True, True]
