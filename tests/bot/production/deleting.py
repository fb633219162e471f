"""A person who left traces everywhere, what erases them, and a search for whatever is left."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
from sqlalchemy import Table, delete, insert, select, update

from bot.app.pools import judge
from bot.db import Database
from bot.db.tables import (
    answers,
    audit,
    blocks,
    caps,
    cards,
    dms,
    metadata,
    picks,
    preferences,
    productions,
    projects,
    reservations,
    sightings,
    switches,
)
from bot.jobs.ledger import Accepted, CallState, Intent, Ledger, Outcome
from bot.jobs.presence import claim_alone
from bot.jobs.wake import Wake
from bot.production.camera import Rig
from bot.production.decisions import Decisions
from bot.production.deletions import Deletions
from bot.production.erasure import Erasure
from bot.production.greenlights import Greenlights
from bot.production.lifecycle import Lifecycle
from bot.production.model import Production, ProductionState
from bot.production.outbox import Outbox, stored_film
from bot.production.productions import Productions
from bot.production.storyboards import StillState, Storyboards
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.budget import Budgets
from bot.studio.casting import cast, quote
from bot.studio.model import Analysis
from bot.studio.participants import Participants
from bot.studio.preferences import Preferences
from bot.studio.projects import Projects
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.rights import Role
from bot.studio.storyboard import image_model, quote_storyboard, still_name, stills_of
from bot.ui.unposting import Unposting
from providers.credential import Credential
from ratelimit import ApiKey, KeyPool, Limits
from tests.bot.production.fakes import NotingEngine, ScriptedStudio
from tests.bot.studio.samples import CATALOGUE, CLIP, asset, plan, request, shot
from tests.bot.ui.test_sending import http

#: A person as Discord numbers them, a word nobody else says, and somebody else.
PERSON, WORD, OTHER, OTHERS_WORD = 1576534906215858176, "zyxomma", 1576534906299999999, "quokka"
HOME, THREAD, ELSEWHERE = 700, 701, 702
BOT = 4711
NOW = 1_795_945_000.0


class Crash(BaseException):
    """The process is gone; nothing catches it."""


class Steps:
    """Counts what is done to the world, and ends the process before the `crash_at`-th step."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.done = 0
        self._crash_at = crash_at

    def __call__(self) -> None:
        self.done += 1
        if self.done == self._crash_at:
            raise Crash


class CountedDatabase(Database):
    """Every transaction is a step."""

    def __init__(self, database: Database, step: Steps) -> None:
        super().__init__(database.engine)
        self._step = step

    def transaction(self) -> Any:  # a context manager of the same kind
        self._step()
        return super().transaction()


class Channel:
    """A channel of Discord's with messages of ours and of people."""

    def __init__(self, number: int, step: Callable[[], None]) -> None:
        self.id = number
        self.messages: dict[int, Any] = {}
        self.closed = False
        self.step = step

    def say(self, number: int, author: int, content: str = "", *, answers: int | None = None, file: str = "") -> None:
        self.messages[number] = SimpleNamespace(
            id=number,
            author=discord.Object(author),
            content=content,
            reference=SimpleNamespace(message_id=answers) if answers is not None else None,
            attachments=[SimpleNamespace(filename=file)] if file else [],
        )

    async def history(self, *, after: datetime, limit: int) -> AsyncIterator[Any]:
        assert limit > 100
        for message in list(self.messages.values()):
            yield message

    def get_partial_message(self, number: int) -> Any:  # what we use of one
        async def delete_it() -> None:
            self.step()
            if self.closed:
                raise http(403, 50013)
            if self.messages.pop(number, None) is None:
                raise http(404, 10008)

        return SimpleNamespace(delete=delete_it)


class Server:
    """Discord, as far as it is looked at."""

    def __init__(self) -> None:
        self.user = discord.Object(BOT)
        self.step: Callable[[], None] = lambda: None
        self.channels = {number: Channel(number, self._count) for number in (HOME, THREAD, ELSEWHERE)}
        self.busy = False

    def _count(self) -> None:
        self.step()

    def get_partial_messageable(self, number: int) -> Channel:
        return self.channels[number]

    async def fetch_channel(self, number: int) -> object:
        if self.busy:
            raise http(503)
        return self.channels[number]  # no Thread of the library's, so it is not renamed here


class Shelves:
    """An object store by its keys."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    async def remove_all(self, prefix: str) -> None:
        self.keys = {key for key in self.keys if not key.startswith(prefix)}


class Studio(ScriptedStudio):
    """Keeps what was ordered until it is told to forget it."""

    def __init__(self) -> None:
        super().__init__(b"")
        self.kept = {"op-1"}

    async def forget(self, operation_id: str, credential: Credential) -> None:
        self.kept.discard(operation_id)


class Scene:
    """Rows, files, messages and stored films of two people, and everything that erases one of them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.now = NOW
        self.pseudonyms = Pseudonyms("the bot's token")
        self.server, self.engine, self.studio = Server(), NotingEngine(), Studio()
        self.shelves = Shelves()
        self.store: Shelves | ObjectStore = self.shelves
        self.begin()

    def begin(self, step: Steps | None = None) -> None:
        """Begin as a new process does, on what the one before it left; it ends before the step that is told."""
        count = self.step = step or Steps()
        database = CountedDatabase(self.database, count)
        self.server.step = count
        changed, clock = Wake(), lambda: self.now
        self.files = Files(self.folder)
        self.projects = Projects(database, clock=clock)
        self.productions = Productions(database)
        self.greenlights = Greenlights(database, changed, clock=clock)
        self.lifecycle = Lifecycle(database, changed, clock=clock)
        self.outbox = Outbox(database, changed, clock=clock)
        self.storyboards = Storyboards(database, changed, budgets=Budgets(database, clock=clock), clock=clock)
        self.deletions = Deletions(database, changed, self.pseudonyms, clock=clock)
        pool = KeyPool("runway", [ApiKey("key-1", "a", "fake-secret")], limits=Limits(), judge=judge)
        self.erasure = Erasure(
            database,
            self.deletions,
            self.lifecycle,
            Decisions(database, self.productions, self.lifecycle, changed, clock=clock),
            engine=_stepping(self.engine, count),
            rigs={"runway": Rig(provider=_stepping(self.studio, count), pool=pool)},
            files=_stepping(self.files, count),
            store=_stepping(self.store, count),
            pseudonyms=self.pseudonyms,
            changed=changed,
            claim=claim_alone,
            clock=clock,
        )
        client: Any = self.server
        self.unposting = Unposting(client, database, self.deletions, clock=clock)

    async def film(self, owner_id: int, word: str, request_id: str, sha256: str) -> str:
        """A planned film with a video, words about it, and a talk in its thread; its id."""
        idea = f"a {word} that becomes a dragon"
        asked = request(request_id, owner_id=owner_id, channel_id=HOME, idea=idea, attachment=CLIP)
        project, _ = await self.projects.create(asked, model="gen4.5")
        await self.projects.set_thread(project.id, THREAD if owner_id == PERSON else HOME)
        await self.projects.keep_asset(project.id, asset(id=sha256), CLIP)
        self.files.upload(sha256, "mp4").write_text(f"a video of a {word}")
        swims = Analysis(summary=f"a {word} swims", look="", sound="")
        await self.projects.keep_analysis(sha256, f"{owner_id:x}", swims)
        for version in (1, 2):
            await self.projects.keep_plan(project.id, plan(version=version, title=f"The {word}", changes=word))
        turn = await self.projects.hear(
            project.id, message_id=5_000 + int(request_id), author_id=owner_id, words=f"more {word}"
        )
        assert turn is not None
        await self.projects.answer(turn, f"as much {word} as you like", project.id, None)
        self.files.artefact(project.id, "a.mp4").write_text(word)
        await self._storyboard(owner_id, project.id, request_id, word)
        return project.id

    async def _storyboard(self, owner_id: int, project_id: str, request_id: str, word: str) -> None:
        """Ordered, drawn and shown."""
        model = image_model(CATALOGUE, {"gemini"}, "16:9")
        stills = stills_of(plan(shot(word)), model)
        board = await self.storyboards.accept(
            request_id=f"draw {request_id}",
            project_id=project_id,
            version=2,
            user_id=owner_id,
            quote=quote_storyboard(stills, model, ()),
        )
        self.files.artefact(project_id, still_name(stills[0].content)).write_text(word)
        await self.storyboards.set_stills(board.id, stills[0].content, StillState.DRAWN)
        await self.storyboards.end(board.id)
        home, message = (THREAD, 820) if owner_id == PERSON else (HOME, 821)
        row = {"kind": "storyboard", "ref": board.id, "channel_id": home, "message_id": message, "created_at": NOW}
        async with self.database.transaction() as transaction:
            await transaction.execute(insert(cards).values(row))
        if owner_id == PERSON:
            self.server.channels[home].say(message, BOT, f"the {word} drawn")

    async def order(self, owner_id: int, project_id: str, word: str) -> Production:
        castings = cast(plan(), CATALOGUE)
        production = await self.greenlights.accept(
            request_id=f"press {project_id}",
            project_id=project_id,
            version=2,
            user_id=owner_id,
            castings=castings,
            quote=quote(castings),
        )

        async def post() -> Outcome:
            return Accepted(operation="op-1")

        intent = Intent(
            key=f"{production.id}/1/1",
            job=production.id,
            provider="runway",
            model="gen4.5",
            key_id="key-1",
            request_hash=f"hash of {word}",
            price_microusd=600_000,
            deadline_at=0.0,
        )
        ledger = Ledger(self.database)
        await ledger.order(intent, post)
        await ledger.finish(intent.key, CallState.DONE, detail=word)
        return production

    async def fill(self) -> None:
        """Somebody with a film that is done and was sent elsewhere, one that runs, one held, one in the line, and one
        without a plan; and somebody else who has the same video in a film.
        """
        done = await self.film(PERSON, WORD, "1", "d" * 64)
        production = await self.order(PERSON, done, WORD)
        await self.lifecycle.begin(production.id)
        await self.lifecycle.end(production.id, ProductionState.DONE, duration=9.0)
        for number, channel in ((802, ELSEWHERE), (801, THREAD)):
            await self.outbox.redeliver(production.id, channel_id=channel)
            await self.outbox.begin_try(production.id, after=0)
            attempt = await self.productions.get(production.id)
            await self.outbox.aim(attempt, channel_id=channel, guild_id=5)
            await self.outbox.posted(attempt, number)
        self.engine.started.append(("film", production.id))
        self.engine.over.add(production.id)
        self.shelves.keys |= {
            stored_film(production.id, 1),
            f"films/film-{production.id}.mp4",
            "films/film-of-another.mp4",
        }
        for number, state in enumerate((ProductionState.HELD, ProductionState.RUNNING, ProductionState.ACCEPTED)):
            project = await self.film(PERSON, WORD, f"2{number}", f"{number}" * 64)
            made = await self.order(PERSON, project, WORD)
            if state is not ProductionState.ACCEPTED:
                await self.lifecycle.begin(made.id)
                self.engine.started.append(("film", made.id))
            if state is ProductionState.HELD:
                await self.lifecycle.end(made.id, state, failure=f"OutcomeUnknown:{WORD}")
                self.engine.over.add(made.id)
        await self.projects.create(request("3", owner_id=PERSON, idea=WORD, channel_id=HOME), model="gen4.5")
        other = await self.film(OTHER, OTHERS_WORD, "4", "d" * 64)
        await self.order(OTHER, other, OTHERS_WORD)
        await self._take_part(done, other)
        await self._fill_the_rest(done, production.id)

    async def _take_part(self, done: str, other: str) -> None:
        """Each was invited to a film of the other's, said something there, and forked it."""
        people = Participants(self.database, Wake())
        for film, owner, guest, word in ((done, PERSON, OTHER, OTHERS_WORD), (other, OTHER, PERSON, WORD)):
            await people.invite(film, owner_id=owner, user_id=guest, role=Role.DIRECTOR)
            turn = await self.projects.hear(film, message_id=None, author_id=guest, words=f"and a {word}")
            assert turn is not None
            await self.projects.answer(turn, "Done.", film, None)
        async with self.database.transaction() as transaction:
            begun = update(projects).where(projects.c.id == other).values(forked_from=f"{done}:1")
            await transaction.execute(begun)
            await transaction.execute(
                update(productions).where(productions.c.project_id == other).values(greenlit_by=PERSON)
            )

    async def _fill_the_rest(self, done: str, production_id: str) -> None:
        self.files.artefact(f"voice-{PERSON}", "voice-1.mp3").write_text(WORD)
        async with self.database.transaction() as transaction:
            await transaction.execute(insert(dms).values(production_id=production_id, wanted=1, told_run=1))
            for who, ref in ((PERSON, f"{done}:2"), (PERSON, production_id)):
                kind = "plan" if ":" in ref else "job"
                message = 810 if ":" in ref else 811
                row = {"kind": kind, "ref": ref, "channel_id": THREAD, "message_id": message, "created_at": NOW}
                await transaction.execute(insert(cards).values(row))
                self.server.channels[THREAD].say(message, BOT, f"<@{who}> {WORD}")
            money = {"kind": "reading", "owner_id": PERSON, "reserved_microusd": 9, "settled_microusd": 7}
            await transaction.execute(insert(reservations).values(id="voice-5", at=NOW, **money))
            await transaction.execute(insert(reservations).values(id="voice-4", at=NOW - 90 * 86_400, **money))
            await transaction.execute(
                insert(answers).values(
                    at=NOW, user=str(PERSON), purpose="plan", provider="gemini", model="m", key_id="k",
                    input_tokens=1, output_tokens=1, cost_microusd=3,
                )
            )  # fmt: skip
            await transaction.execute(insert(audit).values(at=NOW, actor_id=PERSON, action="approve", ref="x"))
            await transaction.execute(insert(audit).values(at=NOW, actor_id=OTHER, action="block", ref=str(PERSON)))
            await transaction.execute(insert(switches).values(name="runway", by=PERSON, at=NOW))
            for who, word in ((PERSON, WORD), (OTHER, OTHERS_WORD)):
                chosen = Preferences(voice="v1", voice_name=word).to_json()
                await transaction.execute(insert(preferences).values(user_id=who, chosen=chosen, updated_at=NOW))
                await transaction.execute(
                    insert(picks).values(id=f"pick-{who}", owner_id=who, words=word, videos="[]", created_at=NOW)
                )
            seen = Analysis(summary=WORD, look=WORD, sound=WORD, answer=WORD).to_json()
            await transaction.execute(insert(sightings).values(project_id=done, analysis=seen, created_at=NOW))
            await transaction.execute(insert(blocks).values(guild_id=5, user_id=PERSON, by=PERSON, at=NOW))
            await transaction.execute(insert(caps).values(name="user_day", ref=PERSON, by=PERSON, at=NOW))
        home, thread, elsewhere = (self.server.channels[number] for number in (HOME, THREAD, ELSEWHERE))
        home.say(THREAD, BOT, f"<@{PERSON}> is planning a film: {WORD}")
        home.say(901, OTHER, "hello")
        home.say(902, BOT, f"about the {OTHERS_WORD}")
        thread.say(801, BOT, f"The {WORD} is ready", file=f"greenlight-{production_id}.mp4")
        thread.say(803, BOT, f"as much {WORD} as you like", answers=5_001)
        thread.say(804, PERSON, f"more {WORD}")
        elsewhere.say(802, BOT, f"The {WORD} is ready", file=f"greenlight-{production_id}.mp4")

    async def stop(self) -> None:
        """Ask all of it to stop, and settle it as the dispatcher does."""
        await self.erasure.look()
        for production in await self.productions.running():
            if production.stopping:
                self.engine.over.add(production.workflow_id)
                await self.lifecycle.end(production.id, ProductionState.CANCELLED)

    async def work(self) -> None:
        """What the loops do: until nothing is pending, with the time going on and running films settling."""
        for _ in range(8):
            await self.stop()
            await self.unposting.look()
            await self.erasure.look()
            if not await self.deletions.pending():
                return
            self.now += 500.0
        raise AssertionError(await self.deletions.pending())

    async def rows(self) -> dict[Table, list[dict[str, Any]]]:
        async with self.database.transaction() as transaction:
            return {
                table: [dict(row) for row in (await transaction.execute(select(table))).mappings()]
                for table in metadata.sorted_tables
            }

    async def restore(self, rows: dict[Table, list[dict[str, Any]]], files: Path) -> None:
        """Bring all back as it was: rows, files, and what is outside."""
        async with self.database.transaction() as transaction:
            for table in reversed(metadata.sorted_tables):
                await transaction.execute(delete(table))
            for table in metadata.sorted_tables:
                if rows[table]:
                    await transaction.execute(insert(table), rows[table])
        for name in ("films", "uploads"):
            shutil.rmtree(self.folder / name)
            shutil.copytree(files / name, self.folder / name)

    async def left_of(self, words: Sequence[str]) -> list[str]:
        """Where any of these still stands: rows, files and their names, messages of ours, stored films."""
        told = []
        for table, rows in (await self.rows()).items():
            told += [f"{table.name}: {row}" for row in rows if any(word in str(row) for word in words)]
        for path in sorted(self.folder.rglob("*")):
            if any(word in path.name for word in words):
                told.append(str(path))
            if path.is_file() and any(trace in path.read_bytes() for word in words for trace in _traces(word)):
                told.append(f"in {path}")
        for channel in self.server.channels.values():
            ours = [message for message in channel.messages.values() if message.author.id == BOT]
            told += [message.content for message in ours if any(word in message.content for word in words)]
        return told


def _traces(word: str) -> list[bytes]:
    """A word in a file; an id also as a database stores a number."""
    return [word.encode(), int(word).to_bytes(8, "big")] if word.isdecimal() else [word.encode()]


def _stepping(inner: object, step: Callable[[], None]) -> Any:  # stands for the other
    """Another of which whatever is asked is a step."""
    return _Stepping(inner, step)


class _Stepping:
    def __init__(self, inner: object, step: Callable[[], None]) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name: str) -> Any:  # the other's own
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        async def call(*args: object) -> object:
            self._step()
            return await found(*args)

        return call
