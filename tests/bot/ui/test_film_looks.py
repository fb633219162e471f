"""Looks into a film: what is made of it while the rest is not, and what it was made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.model import Production, ProductionState, Stage, TakeState
from bot.speech import Language, speaking
from bot.storage.files import Files
from bot.studio.casting import cast, quote
from bot.studio.errors import NoSuchFilm, NotYours
from bot.studio.guilds import EVEN
from bot.studio.model import MAX_SHOTS, Captions, ShotStart
from bot.ui.answering import Answer
from bot.ui.cards import JobFacts, job_card
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.film_details import details_answer, details_view
from bot.ui.film_looks import FilmLooks
from bot.ui.instead import Instead
from bot.ui.job_buttons import failed_view
from bot.ui.previews import Previews
from tests.bot.media.conftest import plain
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, project, shot
from tests.bot.ui.test_cards import JOB, buttons, is_taken_by_discord, production, take, text
from tests.bot.ui.test_progress import RUNWAY

__all__ = ["plain"]


class Looks(Office):
    def __init__(self, database: Database, folder: Path, ffmpeg: Ffmpeg) -> None:
        super().__init__(database)
        self.files = Files(folder)
        desk = Desk(
            projects=self.projects,
            productions=self.productions,
            greenlights=self.greenlights,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            catalogue=CATALOGUE,
            offer=RUNWAY,
            changed=Wake(),
        )
        self.looks = FilmLooks(desk, self.productions, self.projects, Previews(self.files, ffmpeg), CATALOGUE)

    async def running(self) -> Production:
        made = await self.accept((await self.film()).id)
        await self.lifecycle.begin(made.id)
        return made

    async def make(self, of: Production, number: int, clip: Path) -> None:
        content = (await self.productions.takes_of(of.id))[number - 1].content
        self.files.artefact(of.project_id, f"{content}.mp4").write_bytes(clip.read_bytes())
        await self.lifecycle.set_take(of.id, number, TakeState.MADE, progress=1.0)


@pytest.fixture
def looks(database: Database, tmp_path: Path, ffmpeg: Ffmpeg) -> Looks:
    return Looks(database, tmp_path / "data", ffmpeg)


async def test_finished_shots_can_be_watched_while_the_others_are_made(looks: Looks, plain: Path) -> None:
    made = await looks.running()
    assert (
        await looks.looks.finished(made.id, OWNER)
        == "No shot of it is made yet. The first comes here as soon as it is."
    )

    await looks.make(made, 3, plain)
    await looks.make(made, 1, plain)
    found = await looks.looks.finished(made.id, OWNER)

    assert isinstance(found, Answer)
    assert found.words == "**2 of 3 shots** are made; only you see this.\n**1. One**\n**3. Three**"
    assert [file.filename for file in found.files] == ["shot-1.mp4", "shot-3.mp4"]
    with speaking(Language.SPANISH):
        spanish = await looks.looks.finished(made.id, OWNER)
    assert isinstance(spanish, Answer)
    assert [file.description for file in spanish.files] == ["plano 1", "plano 3"]
    found = replace(found, files=[*found.files, *spanish.files])
    for file in found.files:
        file.close()


async def test_shots_beyond_what_one_message_takes_follow_in_another(looks: Looks, plain: Path) -> None:
    many = plan(*(shot(f"Shot {n}", prompt="koi " * 200) for n in range(1, MAX_SHOTS + 1)))
    film = await looks.film(planned=False)
    await looks.projects.keep_plan(film.id, many)
    castings = cast(many, CATALOGUE)
    made = await looks.greenlights.accept(
        request_id="press",
        project_id=film.id,
        version=1,
        user_id=OWNER,
        castings=castings,
        quote=quote(castings, set()),
        share=EVEN,
    )
    await looks.lifecycle.begin(made.id)
    for number in range(1, MAX_SHOTS + 1):
        await looks.make(made, number, plain)

    found = await looks.looks.finished(made.id, OWNER)

    assert isinstance(found, Answer)
    assert found.then is not None
    files = [*found.files, *found.then.files]
    assert [len(found.files), len(found.then.files), found.then.then] == [10, 2, None]
    assert [file.filename for file in files] == [f"shot-{n}.mp4" for n in range(1, MAX_SHOTS + 1)]
    assert "**12. Shot 12**" in found.then.words
    details = await looks.looks.details(made.id, OWNER)
    assert [file.filename for file in details.files] == ["prompts.txt"]
    for file in files:
        file.close()


async def test_a_shot_whose_clip_is_gone_is_told_and_not_shown(looks: Looks, plain: Path) -> None:
    made = await looks.running()
    await looks.make(made, 1, plain)
    for clip in (looks.files.root / "films" / made.project_id).glob("*.mp4"):
        clip.unlink()

    found = await looks.looks.finished(made.id, OWNER)

    assert isinstance(found, Answer)
    assert "can't be shown here just now" in found.words
    assert found.files == []


async def test_nothing_is_seen_of_a_film_that_was_deleted(looks: Looks) -> None:
    made = await looks.running()
    await looks.delete(made)

    for look in (looks.looks.finished, looks.looks.details):
        with pytest.raises(NoSuchFilm):
            await look(made.id, OWNER)


async def test_strangers_see_nothing_of_a_film(looks: Looks) -> None:
    made = await looks.running()

    for look in (looks.looks.finished, looks.looks.details):
        with pytest.raises(NotYours):
            await look(made.id, OWNER + 1)


async def test_what_a_film_was_made_from_is_there_word_for_word(looks: Looks) -> None:
    made = await looks.running()

    found = await looks.looks.details(made.id, OWNER)

    assert isinstance(found.view, ui.LayoutView)
    assert "**Model** Runway Gen-4.5" in text(found.view)
    assert "**2. Two** · 5 s\nTwo happens. Camera: steady." in text(found.view)


def test_the_settings_tell_everything_that_was_chosen_and_when_it_was_finished() -> None:
    told = plan(
        shot("One", narration="Once upon a time"),
        shot("Two", start=ShotStart.PREVIOUS, take=2),
        voice_name="Aria",
        music="a slow harp",
        captions=Captions.BURNT,
    )
    done = production(ProductionState.DONE, cost_microusd=1_230_000, finished_at=500.0, film_duration=10.2)

    said = text(details_view(done, told, cast(told, CATALOGUE)))

    assert "**Shape** 16:9 · 720p · **Length** 10.2 s · **Plan** v1" in said
    assert "**Voice** Aria · **Captions** in the picture · **Music** a slow harp · **Cost** $1.23" in said
    assert "**2. Two** · 5 s · take 2 · continues the shot before" in said
    assert "🗣️ *Once upon a time*" in said
    assert "finished <t:500:R>" in said


def test_the_longest_settings_are_taken_by_discord_and_those_of_a_model_that_has_gone_are_told() -> None:
    longest = plan(*(shot("龍" * 80, prompt="龍" * 900, narration="龍" * 400) for _ in range(MAX_SHOTS)))

    assert is_taken_by_discord(details_view(production(), longest, cast(longest, CATALOGUE)))
    assert "**Model** gone" in text(details_view(production(), plan(model="gone"), ()))


async def test_what_has_no_room_among_the_settings_comes_as_a_file_with_every_word() -> None:
    longest = plan(*(shot("t" * 80, prompt=f"{n} {'龍' * 850}", narration="龍" * 400) for n in range(MAX_SHOTS)))
    short = plan(shot("One"))

    found = details_answer(production(), longest, cast(longest, CATALOGUE))

    [file] = found.files
    words = file.fp.read().decode()
    assert all(f"{n} {'龍' * 850}" in words for n in range(MAX_SHOTS))
    assert words.count("龍" * 400 + "\n") == MAX_SHOTS
    assert isinstance(found.view, ui.LayoutView)
    assert is_taken_by_discord(found.view)
    assert "the file has them all" in text(found.view)
    assert found.bare is not None
    assert "the file has them all" not in text(found.bare)
    assert details_answer(production(), short, cast(short, CATALOGUE)).files == ()


# buttons of job cards


def labels(card: ui.LayoutView) -> list[str | None]:
    return [label for label, _, _ in buttons(card)]


@pytest.mark.parametrize(
    ("state", "made", "watch"),
    [
        (ProductionState.RUNNING, 0, None),
        (ProductionState.RUNNING, 1, "Watch the finished shot"),
        (ProductionState.RUNNING, 2, "Watch the 2 finished shots"),
        (ProductionState.CANCELLED, 2, None),
    ],
)
async def test_a_running_film_has_its_finished_shots_to_watch(
    state: ProductionState, made: int, watch: str | None
) -> None:
    takes = [take(number, TakeState.MADE if number <= made else TakeState.RENDERING) for number in (1, 2, 3)]

    card = job_card(JobFacts(production=production(state), plan=plan(), takes=takes))

    assert (watch in labels(card)) == (watch is not None)
    assert any(label and label.startswith("Watch") for label in labels(card)) == (watch is not None)


@pytest.mark.parametrize("draft", [False, True])
async def test_a_film_that_failed_is_tried_again_at_its_price_and_gives_what_is_done(draft: bool) -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.FAILED, failure="OperationFailed")]
    failed = production(ProductionState.FAILED, stage=Stage.OVER, failure="OperationFailed", draft=draft)

    card = job_card(JobFacts(production=failed, plan=plan(), takes=takes, retry_microusd=600_000))

    action = Action.DRAFT if draft else Action.GREENLIGHT
    assert buttons(card)[:2] == [
        ("Retry only that · $0.60", str(CustomId(action, project().id, 1, (600_000,))), False),
        ("Get what is done", str(CustomId(Action.WATCH, JOB)), False),
    ]


async def test_trying_again_comes_before_another_model_and_that_alone_stands_out() -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.FAILED, failure="OperationFailed")]
    failed = production(ProductionState.FAILED, stage=Stage.OVER, failure="OperationFailed")
    instead = Instead(label="Veo", price_microusd=1)

    both = JobFacts(production=failed, plan=plan(), takes=takes, retry_microusd=600_000, instead=instead)
    only = JobFacts(production=failed, plan=plan(), takes=takes, instead=instead)

    for facts, first in ((both, "Retry only that · $0.60"), (only, "Use Veo")):
        shown = [item for item in job_card(facts).walk_children() if isinstance(item, ui.Button)]
        assert shown[0].label == first
        assert [item.label for item in shown if item.style is discord.ButtonStyle.primary] == [first]


@pytest.mark.parametrize(
    ("failure", "labels_below"),
    [
        ("OperationFailed", ["Retry only that · $0.60", "Get what is done"]),
        ("ContentRejected", ["Safer words", "Get what is done"]),
    ],
)
async def test_the_message_of_a_film_that_failed_has_its_ways_on(failure: str, labels_below: list[str]) -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.FAILED, failure=failure)]

    view = failed_view(production(ProductionState.FAILED), takes, 600_000)

    assert view is not None
    assert [getattr(item, "label", "") for item in view.children] == labels_below


async def test_where_nothing_was_made_and_nothing_helps_there_is_nothing_to_press() -> None:
    assert (
        failed_view(production(ProductionState.FAILED), [take(1, TakeState.FAILED, failure="InvalidRequest")], 1)
        is None
    )
