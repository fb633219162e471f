"""The durable workflow of a film, and the small one that settles a cancelled one.

    film    shots in parallel (a shot that continues another waits for it) → voice → cut → done
    settle  stop what still runs at the providers, give back its room → cancelled

One step per *chain* of shots rather than a child workflow per shot: with the ledger and clips named by content every
step may be repeated at no cost, a step is cancelled within a second, and two hundred waiting ones cost a third of what
parents awaiting children do (measured for dbos 3.4, 2026-11).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.db import AWAY, however_long
from bot.jobs.engine import Engine
from bot.jobs.ledger import CallState, Ledger, PaidCall
from bot.media.captions import Word
from bot.media.errors import FfmpegFailed, MediaError, MediaRefused, Reason
from bot.media.ffmpeg import Ffmpeg
from bot.media.pictures import frame_at, last_frame
from bot.production.camera import Camera, Order, Rig
from bot.production.cut import DRAFT_FRAMES, FRAMES, Cut, Cutter, Piece
from bot.production.lifecycle import Lifecycle
from bot.production.model import Production, ProductionState, Stage, TakeState
from bot.production.notes import OF_CUT, OF_SOUND, OF_VOICE, Note, NoteKind
from bot.production.productions import Productions
from bot.production.sizes import cut_bytes, is_full_disk
from bot.production.sound import SoundMaker, effect_path, music_path, read_words, voice_path, words_path
from bot.production.stopping import stop
from bot.storage.files import ROOM_EVERY, Files
from bot.studio.casting import Casting, cast
from bot.studio.errors import StudioError
from bot.studio.model import Plan, Project, ShotStart
from bot.studio.projects import Projects
from bot.studio.soundtrack import has_effect
from bot.studio.storyboard import still_name
from providers.catalogue import Catalogue
from providers.errors import ProviderError
from providers.video import Failed, Succeeded
from ratelimit import NoUsableKey

logger = logging.getLogger(__name__)

FILM = "film"
SETTLE = "settle"


class FilmMaker:
    """The workflows, registered with the engine under `FILM` and `SETTLE`; their subject is a production's id."""

    def __init__(
        self,
        *,
        engine: Engine,
        ledger: Ledger,
        projects: Projects,
        productions: Productions,
        lifecycle: Lifecycle,
        camera: Camera,
        cutter: Cutter,
        sounds: SoundMaker | None,
        rigs: dict[str, Rig],
        catalogue: Catalogue,
        ffmpeg: Ffmpeg,
        files: Files,
        worker: str | None = None,
    ) -> None:
        self._engine = engine
        self._worker = worker
        self._ledger = ledger
        self._projects = projects
        self._productions = productions
        self._lifecycle = lifecycle
        self._camera = camera
        self._cutter = cutter
        self._sounds = sounds
        self._rigs = rigs
        self._catalogue = catalogue
        self._ffmpeg = ffmpeg
        self._files = files
        self._working: Counter[str] = Counter()
        self._part_over = asyncio.Event()
        engine.register(FILM, self.film)
        engine.register(SETTLE, self.settle)

    async def film(self, production_id: str) -> None:
        """Make the film. Every branch depends on what steps returned, so that a resumed run takes the same path."""
        await self._taken(production_id)
        _, plan, _ = await however_long(lambda: self._read(production_id))
        chains = chains_of(plan)
        speaks_first = await self._engine.is_new("voice before shots")
        if speaks_first:
            await self._engine.step("voice", self._voice, production_id)
        # They start in order, so that the engine knows each by its place when the workflow resumes.
        work = [
            self._engine.step(f"shots {chain[0]}", self._shoot_chain, f"{production_id}/{chain[0]}") for chain in chains
        ]
        if speaks_first:
            work.append(self._engine.step("sound", self._sound, production_id))
        # One that fails must not leave the others ordering behind the film's end.
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if any(outcome == "short" for outcome in outcomes):
            await self._engine.step("end", self._end_short, production_id)
            return
        if not speaks_first:
            await self._engine.step("voice", self._voice, production_id)
        await self._engine.step("cut", self._cut, production_id)

    async def settle(self, production_id: str) -> None:
        await self._taken(production_id)
        await self._engine.step("settle", self._settle, production_id)

    async def _taken(self, production_id: str) -> None:
        """After a crash the engine gives a film to any worker; that one looks after it."""
        worker = self._worker
        if worker is not None:
            await however_long(lambda: self._lifecycle.made_by(production_id, worker))

    async def _shoot_chain(self, subject: str) -> str:
        """Make the shots of a chain, one after the other; stops at the first that cannot be made."""
        production_id, first = subject.split("/")
        async with self._at_work(production_id):
            try:
                return await self._shoot_each(production_id, int(first))
            except (StudioError, ProviderError) as error:  # the catalogue has changed under a plan
                failure = type(error).__name__
                await self._lifecycle.set_take(production_id, int(first), TakeState.FAILED, failure=failure)
                return "short"
            except AWAY:
                raise  # the step begins again
            except Exception:
                # A step that raises would end the film while the other chains go on ordering.
                logger.exception("shots failed by a fault of ours", extra={"production": production_id, "from": first})
                await self._lifecycle.set_take(production_id, int(first), TakeState.FAILED, failure="Bug")
                return "short"

    async def _shoot_each(self, production_id: str, first: int) -> str:
        production, plan, project = await self._read(production_id)
        castings = self._castings(production, plan)
        takes = {take.shot: take for take in await self._productions.takes_of(production_id)}
        for number in next(chain for chain in chains_of(plan) if chain[0] == first):
            if takes[number].state is TakeState.LEFT_OUT:
                continue
            casting = castings[number - 1]
            try:
                start_image = await self._start_image(production, castings, casting)
            except MediaError as error:
                logger.exception("no picture to start from", extra={"production": production_id, "shot": number})
                failure = type(error).__name__
                await self._lifecycle.set_take(production_id, number, TakeState.FAILED, failure=failure)
                return "short"
            order = Order(
                production_id=production_id,
                project_id=project.id,
                owner_id=production.owner_id,
                casting=casting,
                price_microusd=takes[number].price_microusd,
                ratio=plan.ratio,
                start_image=start_image,
                destination=self._files.artefact(project.id, casting.clip),
                weight=production.weight,
            )
            if not await self._camera.shoot(order):
                return "short"
        return "made"

    async def _start_image(self, production: Production, castings: Sequence[Casting], casting: Casting) -> Path | None:
        """The picture a shot starts from, taken from the take before or from the uploaded video."""
        if casting.shot.start is ShotStart.TEXT:
            return None
        if casting.shot.start is ShotStart.STILL:
            still = self._files.artefact(production.project_id, still_name(casting.shot.still))
            if not await self._files.here(still):
                raise MediaRefused(Reason.EMPTY)
            return still
        picture = self._files.artefact(production.project_id, f"{casting.content}.jpg")
        if await asyncio.to_thread(picture.exists):
            return picture
        if casting.shot.start is ShotStart.PREVIOUS:
            before = self._files.artefact(production.project_id, castings[casting.number - 2].clip)
            await self._files.here(before)
            await last_frame(self._ffmpeg, before, picture)
        else:
            assert production.asset_id is not None, production
            asset = await self._projects.asset(production.asset_id)
            upload = self._files.upload(asset.id, asset.suffix.removeprefix("."))
            await self._files.here(upload)
            await frame_at(self._ffmpeg, upload, casting.shot.start_at or 0.0, picture)
        return picture

    async def _voice(self, production_id: str) -> str:
        """Speak what the plan narrates, before anything dear is ordered; what is missing is told, and ends nothing."""
        async with self._at_work(production_id):
            return await self._narrated(production_id)

    async def _narrated(self, production_id: str) -> str:
        production, plan, _ = await self._read(production_id)
        if self._sounds is None or not any(shot.narration for shot in plan.shots):
            return "silent"
        await self._lifecycle.enter(production_id, Stage.VOICE)
        try:
            left_out = await self._left_out(production_id)
            castings = self._castings(production, plan)
            spoken = tuple(casting for casting in castings if casting.number not in left_out)
            notes = await self._sounds.narrate(production, plan, spoken)
            await self._lifecycle.note(production_id, OF_VOICE, notes)
        except (StudioError, ProviderError) as error:  # the catalogue has changed under a plan: the shots will say so
            logger.warning("nothing narrated", extra={"production": production_id, "error": type(error).__name__})
        except AWAY:
            raise  # the step begins again
        except Exception:
            logger.exception("narration failed by a fault of ours", extra={"production": production_id})
        await self._lifecycle.enter(production_id, Stage.SHOTS)
        return "spoken"

    async def _sound(self, production_id: str) -> str:
        """Have noises and music made, while the shots are."""
        async with self._at_work(production_id):
            return await self._accompanied(production_id)

    async def _accompanied(self, production_id: str) -> str:
        production, plan, _ = await self._read(production_id)
        if self._sounds is not None:
            try:
                notes = await self._sounds.accompany(production, plan, self._castings(production, plan))
                await self._lifecycle.note(production_id, OF_SOUND, notes)
            except (StudioError, ProviderError) as error:
                logger.warning("no sound made", extra={"production": production_id, "error": type(error).__name__})
            except AWAY:
                raise  # the step begins again
            except Exception:
                logger.exception("sound failed by a fault of ours", extra={"production": production_id})
        return "heard"

    async def _cut(self, production_id: str) -> str:
        production, plan, project = await self._read(production_id)
        if production.state is not ProductionState.RUNNING:  # ended before a crash that kept the engine from noting it
            return production.state.value
        await self._lifecycle.enter(production_id, Stage.CUT)
        film = self._files.artefact(project.id, f"film-{production_id}.mp4")
        castings = self._castings(production, plan)
        left_out = await self._left_out(production_id)
        await self._bring(project.id, plan, castings, left_out)
        pieces = [
            await asyncio.to_thread(self._piece, project.id, plan, casting)
            for casting in castings
            if casting.number not in left_out
        ]
        music = music_path(self._files, project.id, plan, castings)
        has_music = bool(plan.music) and await asyncio.to_thread(music.is_file)
        try:
            cut = await self._cut_with_room(
                cut_bytes(castings),
                lambda: self._cutter.cut(
                    pieces,
                    (DRAFT_FRAMES if production.draft else FRAMES)[plan.ratio],
                    film,
                    music=music if has_music else None,
                    captions=plan.captions,
                ),
            )
            await self._files.share(film)
        except (MediaError, OSError) as error:
            logger.exception("film could not be cut", extra={"production": production_id})
            failure = type(error).__name__ if isinstance(error, MediaError) else FfmpegFailed.__name__
            await self._end(production_id, ProductionState.FAILED, failure=failure)
            return "failed"
        missing = [Note(kind=NoteKind.LEFT_OUT, shot=number) for number in sorted(left_out)]
        await self._lifecycle.note(production_id, OF_CUT, [*missing, *cut.notes])
        await self._end(production_id, ProductionState.DONE, duration=cut.duration)
        logger.info("film done", extra={"production": production_id, "owner": production.owner_id})
        return "done"

    async def _cut_with_room(self, asked: int, cut: Callable[[], Awaitable[Cut]]) -> Cut:
        """Cut once there are so many bytes of room, again where it did not suffice: what is full passes."""
        while True:
            await self._files.until_room(asked)
            try:
                return await cut()
            except (MediaError, OSError) as error:
                if not is_full_disk(error):
                    raise
                logger.error("THE DISK IS FULL: a film waits to be cut again", extra={"error": str(error)})
                await asyncio.sleep(ROOM_EVERY)

    async def _left_out(self, production_id: str) -> set[int]:
        """The shots that the film is to be finished without."""
        takes = await self._productions.takes_of(production_id)
        return {take.shot for take in takes if take.state is TakeState.LEFT_OUT}

    async def _bring(self, project_id: str, plan: Plan, castings: Sequence[Casting], left_out: set[int]) -> None:
        """Have everything here that the film is cut from, as far as it was made."""
        wanted = []
        for casting in castings:
            if casting.number not in left_out:
                wanted.append(self._files.artefact(project_id, f"{casting.content}.mp4"))
                voice = voice_path(self._files, project_id, plan.voice, casting.shot.narration)
                wanted += [voice, words_path(voice)] if casting.shot.narration else []
                wanted += [effect_path(self._files, project_id, casting)] if has_effect(casting) else []
        if plan.music:
            wanted.append(music_path(self._files, project_id, plan, tuple(castings)))
        for path in wanted:
            await self._files.here(path)

    def _piece(self, project_id: str, plan: Plan, casting: Casting) -> Piece:
        """What there is of one shot. Looks at the disk."""
        shot = casting.shot
        voice = voice_path(self._files, project_id, plan.voice, shot.narration)
        effect = effect_path(self._files, project_id, casting)
        is_spoken = bool(shot.narration) and voice.exists()
        return Piece(
            take=self._files.artefact(project_id, casting.clip),
            voice=voice if is_spoken else None,
            words=[Word(word.text, word.start, word.end) for word in read_words(voice)] if is_spoken else (),
            effect=effect if has_effect(casting) and effect.exists() else None,
        )

    async def _end_short(self, production_id: str) -> str:
        """End a film of which a shot is missing: held where an order went unanswered, else failed."""
        takes = await self._productions.takes_of(production_id)
        unknown = any(take.state is TakeState.UNKNOWN for take in takes)
        missing = [take for take in takes if take.failure and take.state is not TakeState.MADE]
        missing.sort(key=lambda take: take.state is not TakeState.UNKNOWN)  # what may have been charged is told first
        failure = missing[0].failure if missing else None
        state = ProductionState.HELD if unknown else ProductionState.FAILED
        await self.give_back(production_id)
        await self._end(production_id, state, failure=failure)
        return state.value

    async def give_back(self, production_id: str) -> None:
        """Free the room of what a film that is over still has open; what was accepted stays to be found again."""
        for call in await self._ledger.calls_of(production_id):
            if call.open and call.operation is not None:
                await self._ledger.give_back(call.key)
                if (rig := self._rigs.get(call.provider)) is not None:
                    rig.pool.release(call.operation)

    async def _settle(self, production_id: str) -> str:
        """Stop at the providers what a cancelled film still has running there, and give its room back."""
        await self._let_go(production_id)
        for call in await self._ledger.calls_of(production_id):
            found = await self._ledger.find(call.key)  # an order interrupted by the cancellation becomes unknown
            if found is None or found.state is not CallState.SUBMITTED or found.operation is None:
                continue
            ended = await self._stopped(found)
            if isinstance(ended, Succeeded):
                await self._ledger.give_back(found.key)  # paid for: who looks for the late ones keeps its clip
            else:
                charged = ended.price_microusd if ended is not None else None
                await self._ledger.finish(found.key, CallState.FAILED, price_microusd=charged, detail="Cancelled")
        await self._end(production_id, ProductionState.CANCELLED)
        return "settled"

    async def _stopped(self, call: PaidCall) -> Succeeded | Failed | None:
        """How an open order ended, stopped where that could be done; `None` where nobody can be asked any more."""
        rig = self._rigs.get(call.provider)
        if rig is None or call.operation is None:
            return None
        try:
            return await stop(rig.provider, call.operation, rig.pool.key(call.key_id))
        except NoUsableKey:
            logger.warning("not stopped at the provider", extra={"call": call.key, "error": "no key"})
            return None
        finally:
            rig.pool.release(call.operation)

    async def _end(
        self, production_id: str, state: ProductionState, *, failure: str | None = None, duration: float | None = None
    ) -> None:
        await self._lifecycle.end(production_id, state, failure=failure, duration=duration)

    @asynccontextmanager
    async def _at_work(self, production_id: str) -> AsyncIterator[None]:
        """Counts what of a film is at work, so that settling waits for an order that must not be interrupted."""
        self._working[production_id] += 1
        try:
            yield
        finally:
            self._working[production_id] -= 1
            self._part_over.set()

    async def _let_go(self, production_id: str) -> None:
        while self._working[production_id]:
            self._part_over.clear()
            await self._part_over.wait()
        del self._working[production_id]

    def _castings(self, production: Production, plan: Plan) -> tuple[Casting, ...]:
        """The shots as they were greenlit: a model that has had its last day since cannot undo what was paid."""
        catalogue = self._catalogue.on(production.greenlit_on)
        return cast(plan, catalogue, asset_id=production.asset_id, draft=production.draft)

    async def _read(self, production_id: str) -> tuple[Production, Plan, Project]:
        production = await self._productions.get(production_id)
        project = await self._projects.get(production.project_id, even_deleted=True)  # it is stopped, and settles
        plan = await self._projects.plan(project.id, production.version)
        assert plan is not None, production
        return production, plan, project


def chains_of(plan: Plan) -> list[list[int]]:
    """Shot numbers grouped so that a shot which continues the one before stands behind it."""
    chains: list[list[int]] = []
    for number, shot in enumerate(plan.shots, start=1):
        if shot.start is ShotStart.PREVIOUS and chains:
            chains[-1].append(number)
        else:
            chains.append([number])
    return chains
