"""Answers as cards: whole, within Discord's bounds, and read as they are."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from discord import ui

from bot.studio.model import Analysis, Moment, ProjectKind, ProjectState, Sight
from bot.ui.analysis_card import MOST_CUTS, AnalysisFacts, analysis_cards, clock
from bot.ui.card_layout import fits
from tests.bot.studio.samples import CLIP, asset, project

ASKED = project(kind=ProjectKind.ANALYSIS, idea="when does it turn?")
SEEN = Analysis(summary="A koi in a pond.", look="Green and calm.", sound="Water.", answer="At the end.", cuts=())


def cards(seen: Analysis | None, **changes: object) -> list[ui.LayoutView]:
    asked = project(kind=ProjectKind.ANALYSIS, idea="when does it turn?", **changes)
    return analysis_cards(AnalysisFacts(project=asked, seen=seen, asset=asset() if seen is not None else None))


def text(card: ui.LayoutView) -> str:
    return "\n".join(item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay))


def labels(card: ui.LayoutView) -> list[str | None]:
    return [item.label for item in card.walk_children() if isinstance(item, ui.Button)]


def test_a_short_answer_is_one_card_with_all_of_it_and_the_ways_on() -> None:
    seen = Analysis(
        summary="A koi in a pond.",
        look="Green.",
        sound="Water.",
        answer="At the end.",
        moments=(Moment(at=65.2, what="it turns"),),
        speech=(Moment(at=3661.0, what="Look!"),),
        cuts=(1.0, 62.5),
    )

    (card,) = cards(seen)

    told = text(card)
    for words in ("At the end.", "A koi in a pond.", "`1:05` it turns", "3 shots", "`1:02`", "`1:01:01` Look!", "0:04"):
        assert words in told
    assert labels(card) == ["Make one like this", "Ask…"]


def test_while_it_is_looked_at_the_card_says_so_and_offers_nothing() -> None:
    (fetching,), (watching,) = cards(None, state=ProjectState.NEW, attachment=CLIP), cards(None, state=ProjectState.NEW)

    assert "Fetching" in text(fetching)
    assert "Watching" in text(watching)
    assert labels(watching) == []


def test_a_video_that_could_not_be_used_is_told_with_a_way_on() -> None:
    (card,) = cards(None, state=ProjectState.FAILED, failure="MediaRefused:not_a_video")

    assert "not a video" in text(card)
    assert labels(card) == ["Try again"]


def test_who_is_not_heard_without_a_mention_is_not_asked_to_write() -> None:
    (waiting,), (answered,) = [
        analysis_cards(AnalysisFacts(project=asked, seen=seen, hears_all=False))
        for asked, seen in ((replace(ASKED, state=ProjectState.FAILED, failure="Unavailable"), None), (ASKED, SEEN))
    ]

    assert "mention me here with another video" in text(waiting)
    assert "mention me, reply to me with the ping on" in text(answered)


def test_how_it_was_looked_at_is_told_where_nobody_watched_it() -> None:
    (card,) = cards(Analysis(summary="s", look="l", sound="d", sight=Sight.MEASURED))

    assert "only measured" in text(card)


def test_what_a_model_writes_is_read_as_it_is_and_pings_nobody() -> None:
    (card,) = cards(Analysis(summary="**bold** @everyone <@1> [a](b)", look="l", sound="s"))

    assert r"\*\*bold\*\*" in text(card)
    assert "@everyone" not in text(card)


@pytest.mark.parametrize("seed", range(30))
def test_nothing_of_a_long_answer_is_lost_and_every_card_fits(seed: int) -> None:
    chance = random.Random(seed)
    letters = chance.choice(["abcdefgh", "水龍魚門山火木金", "🐟🐉🌊", "*_~`|"])
    count = 0

    def words(most: int) -> str:
        nonlocal count
        written = ""
        while len(written) < most - 40:
            count += 1
            written += f"w{count:05d}{''.join(chance.choices(letters, k=chance.randint(0, 20)))} "
        return written.strip()

    def moments(most: int, length: int) -> tuple[Moment, ...]:
        return tuple(Moment(at=chance.uniform(0, 4000), what=words(length)) for _ in range(chance.randint(0, most)))

    seen = Analysis(
        answer=words(1800),
        summary=words(1200),
        look=words(600),
        sound=words(600),
        moments=moments(20, 400),
        speech=moments(60, 300),
        cuts=tuple(float(second) for second in range(chance.randint(0, 400))),
    )

    told = cards(seen)

    assert all(fits(card) for card in told)
    assert all(card.total_children_count <= 40 for card in told)
    assert [re.findall(r"w\d{5}", text(card)) for card in told if labels(card)][-1] is not None
    found = [int(number) for card in told for number in re.findall(r"w(\d{5})", text(card))]
    assert sorted(found) == list(range(1, count + 1))
    assert [bool(labels(card)) for card in told] == [False] * (len(told) - 1) + [True]


def test_of_very_many_cuts_the_rest_is_counted() -> None:
    told = "\n".join(map(text, cards(Analysis(summary="s", look="l", sound="d", cuts=(1.0,) * (MOST_CUTS + 3)))))

    assert "… and 3 more" in told
    assert f"{MOST_CUTS + 4} shots" in told


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0:00"), (59.9, "0:59"), (61.0, "1:01"), (3600.0, "1:00:00")])
def test_a_time_is_told_as_players_show_it(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
