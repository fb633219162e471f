"""The workflow's decisions: which shots stand in one chain, and how films end that lack a shot or were cancelled."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.db import Database
from bot.jobs.ledger import Accepted, CallState, Completed, Intent, Ledger, Outcome, Unknown
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.production.booth import Booth
from bot.production.camera import Camera, Rig
from bot.production.cut import Cutter
from bot.production.decisions import Decision, Decisions
from bot.production.dispatcher import Dispatcher
from bot.production.film import SETTLE, FilmMaker, chains_of
from bot.production.model import Production, ProductionState, TakeState
from bot.production.sound import SoundMaker
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.budget import Budgets
from bot.studio.casting import cast, quote
from bot.studio.guilds import EVEN, Share
from bot.studio.model import Plan, Shot, ShotStart
from bot.studio.soundtrack import SoundOffer
from providers.errors import ContentRejected, OutcomeUnknown, ProviderError
from providers.video import Running
from ratelimit import KeyPool
from tests.bot.production.fakes import NotingEngine, NotingPool, ScriptedStudio
from tests.bot.production.test_productions import Office
from tests.bot.production.test_sound import ScriptedSounds
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, shot

TEXT, PREVIOUS, UPLOAD = ShotStart.TEXT, ShotStart.PREVIOUS, ShotStart.UPLOAD


@pytest.mark.parametrize(
    ("starts", "chains"),
    [
        ([TEXT], [[1]]),
        ([TEXT, TEXT, TEXT], [[1], [2], [3]]),
        ([TEXT, PREVIOUS, PREVIOUS], [[1, 2, 3]]),
        ([TEXT, PREVIOUS, UPLOAD, PREVIOUS, TEXT], [[1, 2], [3, 4], [5]]),
        ([PREVIOUS, PREVIOUS], [[1, 2]]),
    ],
)
def test_a_shot_that_continues_another_stands_behind_it(starts: list[ShotStart], chains: list[list[int]]) -> None:
    assert chains_of(plan(*(shot(start=start) for start in starts))) == chains


def narrated_by(pool: KeyPool, files: Files, ledger: Ledger) -> SoundMaker:
    """A voice that the pool lends keys for, and that fails."""
    voice = ScriptedSounds(b"", ContentRejected("elevenlabs"))
    offer = SoundOffer(voice=CATALOGUE.speech[0])
    return SoundMaker(voice, None, Booth(pool, ledger), files, Ffmpeg(find_ffmpeg()), offer)


class Workshop(Office):
    def __init__(
        self,
        database: Database,
        folder: Path,
        *submits: ProviderError,
        studio: ScriptedStudio | None = None,
        store: ObjectStore | None = None,
        sounds: Callable[[Files, Ledger], SoundMaker] | None = None,
    ) -> None:
        super().__init__(database)
        self.ledger = Ledger(database)
        self.engine = NotingEngine()
        self.studio = studio or ScriptedStudio(b"", submits=submits or (None,))
        self.pool = NotingPool("runway", "key-1")
        rigs = {"runway": Rig(provider=self.studio, pool=self.pool)}
        files, ffmpeg = Files(folder, store=store), Ffmpeg(find_ffmpeg())
        self.files = files
        self.maker = FilmMaker(
            engine=self.engine,
            ledger=self.ledger,
            projects=self.projects,
            productions=self.productions,
            lifecycle=self.lifecycle,
            camera=Camera(rigs, self.ledger, self.lifecycle, ffmpeg, files=files),
            cutter=Cutter(ffmpeg, files),
            sounds=sounds(files, self.ledger) if sounds is not None else None,
            rigs=rigs,
            catalogue=CATALOGUE,
            ffmpeg=ffmpeg,
            files=files,
        )

    async def begun(self) -> Production:
        production = await self.accept((await self.film()).id)
        await self.lifecycle.begin(production.id)
        return production

    async def begun_with(self, *shots: Shot, share: Share = EVEN) -> Production:
        """A running production of these shots."""
        project = await self.film(planned=False)
        await self.projects.keep_plan(project.id, plan(*shots))
        castings = cast(plan(*shots), CATALOGUE)
        production = await self.greenlights.accept(
            request_id="p",
            project_id=project.id,
            version=1,
            user_id=OWNER,
            castings=castings,
            quote=quote(castings),
            share=share,
        )
        await self.lifecycle.begin(production.id)
        return production

    async def plan_of(self, production: Production) -> Plan:
        found = await self.projects.plan(production.project_id)
        assert found is not None
        return found

    async def ordered(self, production: Production, part: str, provider: str, outcome: Outcome) -> None:
        async def post() -> Outcome:
            return outcome

        intent = Intent(
            key=f"{production.id}/{part}/1",
            job=production.id,
            provider=provider,
            model="m",
            key_id="key-1",
            request_hash="",
            price_microusd=1,
            deadline_at=0.0,
        )
        await self.ledger.order(intent, post)


async def test_a_film_with_a_refused_shot_ends_failed_with_its_reason(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path, ContentRejected("runway"))
    production = await workshop.begun()

    await workshop.maker.film(production.id)

    ended = await workshop.productions.get(production.id)
    assert (ended.state, ended.failure) == (ProductionState.FAILED, "ContentRejected")
    assert dict(workshop.engine.steps) == {
        "voice": 1,
        "shots 1": 1,
        "shots 2": 1,
        "shots 3": 1,
        "sound": 1,
        "end": 1,
    }


async def test_every_order_of_a_film_has_the_share_of_the_keys_that_its_owners_roles_give(
    database: Database, tmp_path: Path
) -> None:
    voice = NotingPool("elevenlabs", "voice-1")
    workshop = Workshop(database, tmp_path, ContentRejected("runway"), sounds=partial(narrated_by, voice))
    narrated = shot("One", narration="Once there was a koi.")
    production = await workshop.begun_with(narrated, shot("Two"), share=Share(weight=2.0))

    await workshop.maker.film(production.id)

    asked = [*voice.asked, *workshop.pool.asked]
    assert [(each["user"], each["weight"]) for each in asked] == [(str(OWNER), 2.0)] * 3


async def test_a_film_with_an_unanswered_order_is_held_for_a_person(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path, OutcomeUnknown("runway"), ContentRejected("runway"))
    production = await workshop.begun()

    await workshop.maker.film(production.id)

    ended = await workshop.productions.get(production.id)
    takes = await workshop.productions.takes_of(production.id)
    assert ended.state is ProductionState.HELD
    assert sorted(take.state for take in takes) == [TakeState.FAILED, TakeState.FAILED, TakeState.UNKNOWN]


async def test_the_reason_of_a_held_film_is_the_unanswered_order(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path, ContentRejected("runway"), OutcomeUnknown("runway"))
    production = await workshop.begun()

    await workshop.maker.film(production.id)

    assert (await workshop.productions.get(production.id)).failure == "OutcomeUnknown"


async def test_settling_stops_what_still_runs_and_gives_its_room_back(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path)
    workshop.studio.polls[:] = [Running()]
    production = await workshop.begun()
    await workshop.ordered(production, "1", "runway", Accepted(operation="op-1"))
    await workshop.ordered(production, "2", "runway", Unknown("reset"))
    await workshop.lifecycle.stop(production.id, OWNER)

    await workshop.maker.settle(production.id)

    assert workshop.studio.cancelled == ["op-1"]
    calls = await workshop.ledger.calls_of(production.id)
    assert [(call.state, call.open) for call in calls] == [(CallState.FAILED, False), (CallState.UNKNOWN, False)]
    assert (await workshop.productions.get(production.id)).state is ProductionState.CANCELLED


async def test_stopping_a_held_film_stops_what_its_camera_gave_up_on_and_then_settles(
    database: Database, tmp_path: Path
) -> None:
    workshop = Workshop(database, tmp_path)
    workshop.studio.polls[:] = [Running()]
    production = await workshop.begun()
    await workshop.ordered(production, "1", "runway", Accepted(operation="op-1"))
    await workshop.maker.give_back(production.id)
    await workshop.lifecycle.set_take(production.id, 1, TakeState.UNKNOWN, failure="NotOverYet")
    await workshop.lifecycle.end(production.id, ProductionState.HELD)
    decisions = Decisions(database, workshop.productions, workshop.lifecycle, Wake())

    await decisions.decide(Decision.STOP, production.id, OWNER)
    dispatcher = Dispatcher(
        workshop.engine,
        workshop.productions,
        workshop.lifecycle,
        give_back=workshop.maker.give_back,
        at_once=1,
        worker="ana",
    )
    await dispatcher.look()
    assert workshop.engine.started == [(SETTLE, f"{production.id}-2-settle")]
    await workshop.maker.settle(production.id)

    assert workshop.studio.cancelled == ["op-1"]
    assert await workshop.state(production) is ProductionState.CANCELLED
    standing = await Budgets(database, clock=lambda: workshop.now).standing(OWNER, None)
    assert (standing.user.used_microusd, standing.user.held_microusd) == (1, 0)


async def test_settling_leaves_a_clip_that_is_made_by_now_to_be_fetched(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path)
    production = await workshop.begun()
    await workshop.ordered(production, "1", "runway", Accepted(operation="op-1"))
    await workshop.lifecycle.stop(production.id, OWNER)

    await workshop.maker.settle(production.id)

    assert workshop.studio.cancelled == []
    calls = await workshop.ledger.calls_of(production.id)
    assert [(call.state, call.open) for call in calls] == [(CallState.SUBMITTED, False)]


async def test_settling_does_not_stumble_over_voices_or_services_no_longer_set_up(
    database: Database, tmp_path: Path
) -> None:
    workshop = Workshop(database, tmp_path)
    production = await workshop.begun()
    await workshop.ordered(production, "voice-1", "elevenlabs", Completed())
    await workshop.ordered(production, "2", "gemini", Accepted(operation="op-2"))
    await workshop.lifecycle.stop(production.id, OWNER)

    await workshop.maker.settle(production.id)

    assert (await workshop.productions.get(production.id)).state is ProductionState.CANCELLED
    assert await workshop.ledger.open_calls() == []


async def test_what_was_paid_is_cut_after_the_last_day_of_its_model(
    database: Database, tmp_path: Path, plain: Path
) -> None:
    workshop = Workshop(database, tmp_path)
    production = await workshop.begun_with(shot("One"))
    day = production.greenlit_on
    models = tuple(replace(model, retires=day) for model in CATALOGUE.video)
    workshop.maker._catalogue = replace(CATALOGUE, video=models, today=lambda: day + timedelta(days=1))
    (casting,) = cast(await workshop.plan_of(production), CATALOGUE)
    clip = workshop.files.artefact(production.project_id, casting.clip)
    clip.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(plain, clip)

    await workshop.maker.film(production.id)

    assert (await workshop.productions.get(production.id)).state is ProductionState.DONE
    film = workshop.files.artefact(production.project_id, f"film-{production.id}.mp4")
    film.unlink()
    await workshop.maker.film(production.id)  # killed before the engine noted that its last step was over
    assert not film.exists()


async def test_a_shot_without_its_picture_fails_alone(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path, ContentRejected("runway"))
    production = await workshop.begun_with(shot("One"), shot("Two", start=PREVIOUS), shot("Three"))
    castings = cast(await workshop.plan_of(production), CATALOGUE)
    kept = workshop.files.artefact(production.project_id, f"{castings[0].content}.mp4")
    kept.write_bytes(b"no clip that ffmpeg could read")

    await workshop.maker.film(production.id)

    takes = await workshop.productions.takes_of(production.id)
    assert [(take.state, take.failure) for take in takes] == [
        (TakeState.MADE, None),
        (TakeState.FAILED, "MediaRefused"),
        (TakeState.FAILED, "ContentRejected"),
    ]
    assert (await workshop.productions.get(production.id)).state is ProductionState.FAILED


async def test_a_kept_clip_that_is_gone_is_not_ordered_unpaid(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path)
    production = await workshop.accept((await workshop.film()).id, kept=[1, 2, 3])
    await workshop.lifecycle.begin(production.id)

    await workshop.maker.film(production.id)

    ended = await workshop.productions.get(production.id)
    assert (ended.state, ended.failure, ended.cost_microusd) == (ProductionState.FAILED, "KeptFileGone", 0)
    assert workshop.studio.orders == []
