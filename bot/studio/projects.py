"""Films in the making as rows: what was asked, what was understood, every version of the plan, every word about it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy import Row, Select, func, insert, or_, select, update

from bot.db import Database, Transaction, insert_or_ignore, lock
from bot.db.tables import analyses, assets, participants, plans, projects, turns
from bot.speech import Language, shared
from bot.studio.errors import NoSuchFilm, PlanMoved
from bot.studio.model import (
    USUAL_RATIO,
    Analysis,
    Answered,
    Asset,
    Attachment,
    Captions,
    Heard,
    Plan,
    Project,
    ProjectKind,
    ProjectState,
    Request,
    Talk,
)
from bot.studio.rights import Role
from bot.studio.shards import ALL_SHARDS, Shards
from bot.studio.sightings import copy_sighting

#: Films that are still talked over: changed within so many seconds, and so many of them at most.
_LATELY, _MOST_LATELY = 24 * 3600.0, 100


class Projects:
    """Reads and writes the studio's tables; `shards` bounds what of them is shown from here."""

    def __init__(
        self, database: Database, *, shards: Shards = ALL_SHARDS, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._shards = shards
        self._clock = clock
        #: Where films are talked over, as far as only we write: then what the database knows is known here.
        self._threads: set[int] = set()
        self._threads_loaded = False

    async def create(self, request: Request, *, model: str) -> tuple[Project, bool]:
        """Keep what was asked, in the language that is spoken; the second value is false where it was kept before."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            added = await transaction.execute(
                insert_or_ignore(transaction, projects)
                .values(
                    id=uuid.uuid4().hex,
                    request_id=request.request_id,
                    owner_id=request.owner_id,
                    guild_id=request.guild_id,
                    channel_id=request.channel_id,
                    idea=request.idea,
                    model=model,
                    ratio=request.ratio or USUAL_RATIO,
                    seconds=request.seconds,
                    voice=request.voice,
                    voice_name=request.voice_name,
                    captions=request.captions or Captions.SOFT,
                    kind=request.kind,
                    thread_id=request.thread_id,
                    asset_id=request.asset_id,
                    source_id=request.source_id,
                    max_price_microusd=request.max_price_microusd,
                    attachment=json.dumps(asdict(request.attachment)) if request.attachment else None,
                    language=shared(),
                    is_adult=request.is_adult,
                    state=ProjectState.NEW,
                    created_at=now,
                    updated_at=now,
                )
                .on_conflict_do_nothing(index_elements=["request_id"])
                .returning(projects.c.id)
            )
            is_new = (made := added.one_or_none()) is not None
            if made is not None and request.source_id is not None:
                await copy_sighting(transaction, request.source_id, made.id, now)
            row = (await transaction.execute(select(projects).where(projects.c.request_id == request.request_id))).one()
        if request.thread_id is not None:
            self._threads.add(request.thread_id)
        return project_of(row), is_new

    async def get(self, project_id: str, *, even_deleted: bool = False) -> Project:
        """A film; one that its owner deleted only for what still has to be stopped. Raises `NoSuchFilm`."""
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(select(projects).where(projects.c.id == project_id))).one_or_none()
        if row is None or (row.deleted_at is not None and not even_deleted):
            raise NoSuchFilm
        return project_of(row)

    async def in_thread(
        self, thread_id: int, *, owner_id: int | None = None, director_id: int | None = None
    ) -> Project | None:
        """The newest film talked over there, the newest of one owner, or the newest that somebody may change.

        Cheap where no film is talked over: everything said in every channel comes by here.
        """
        if not self._database.is_shared:  # else another process may have opened the thread a moment ago
            if not self._threads_loaded:
                await self._load_threads()
            if thread_id not in self._threads:
                return None
        query = select(projects).where(projects.c.thread_id == thread_id, projects.c.deleted_at.is_(None))
        if owner_id is not None:
            query = query.where(projects.c.owner_id == owner_id)
        if director_id is not None:
            invited = select(participants.c.project_id).where(
                participants.c.user_id == director_id, participants.c.role == Role.DIRECTOR
            )
            query = query.where(or_(projects.c.owner_id == director_id, projects.c.id.in_(invited)))
        async with self._database.transaction() as transaction:
            newest = await transaction.execute(query.order_by(projects.c.created_at.desc()).limit(1))
            row = newest.one_or_none()
        return project_of(row) if row is not None else None

    async def _load_threads(self) -> None:
        async with self._database.transaction() as transaction:
            known = await transaction.execute(select(projects.c.thread_id).where(projects.c.thread_id.is_not(None)))
            self._threads.update(known.scalars())  # not replaced: a thread may have come meanwhile
        self._threads_loaded = True

    async def talked_over_lately(self) -> list[tuple[Project, int | None]]:
        """Films of ours with a plan and a thread that changed within a day, each with the last message heard in it."""
        heard = select(func.max(turns.c.message_id)).where(turns.c.project_id == projects.c.id).scalar_subquery()
        query = (
            select(projects, heard.label("heard"))
            .where(
                projects.c.thread_id != projects.c.channel_id,
                projects.c.state == ProjectState.PLANNED,
                projects.c.updated_at > self._clock() - _LATELY,
                projects.c.deleted_at.is_(None),
                self._shards.among(projects.c.guild_id),
            )
            .order_by(projects.c.updated_at.desc())
            .limit(_MOST_LATELY)
        )
        async with self._database.transaction() as transaction:
            return [(project_of(row), row.heard) for row in await transaction.execute(query)]

    async def homeless(self, *, before: float) -> list[Project]:
        """Films of our shards asked for before a time whose thread was not opened, or not recorded."""
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(
                select(projects).where(
                    projects.c.thread_id.is_(None),
                    projects.c.state != ProjectState.FAILED,
                    projects.c.deleted_at.is_(None),
                    projects.c.created_at < before,
                    self._shards.among(projects.c.guild_id),
                )
            )
            return [project_of(row) for row in rows]

    async def unfinished(self) -> list[Project]:
        """Films that have neither plan nor failure yet, or a video that nobody looked at; oldest first."""
        unseen = (projects.c.state == ProjectState.PLANNED) & projects.c.attachment.is_not(None)
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(
                select(projects)
                .where((projects.c.state == ProjectState.NEW) | unseen, projects.c.deleted_at.is_(None))
                .order_by(projects.c.created_at)
            )
            return [project_of(row) for row in rows]

    async def touch(self, project_id: str) -> None:
        """Have its card looked at again: something that is in no row of ours has changed."""
        await self._update(project_id)

    async def set_thread(self, project_id: str, thread_id: int) -> None:
        await self._update(project_id, thread_id=thread_id)
        self._threads.add(thread_id)

    async def fail(self, project_id: str, failure: str) -> None:
        """Keep why a film has no plan. One that has its plan keeps that, and gives up its late video only."""
        values = {"failure": failure, "updated_at": self._clock()}
        async with self._database.transaction() as transaction:
            await lock(transaction, f"project {project_id}")
            planned = await latest_version(transaction, project_id) > 0
            given_up = (
                {"state": ProjectState.PLANNED, "attachment": None} if planned else {"state": ProjectState.FAILED}
            )
            await transaction.execute(update(projects).where(projects.c.id == project_id).values(**values, **given_up))

    async def try_again(self, project_id: str, idea: str | None, attachment: Attachment | None = None) -> None:
        """Plan a failed film anew, from another video or other words where there are some.

        Words alone take the place of a video that could not be used: it would only fail again.
        """
        values: dict[str, object] = {"state": ProjectState.NEW, "failure": None}
        if idea:
            values["idea"] = idea
        if attachment is not None:
            values["attachment"] = json.dumps(asdict(attachment))
        elif idea:
            values["attachment"] = None
        await self._update(project_id, **values)

    async def reopen(self, project_id: str) -> None:
        """A film that has its plan already goes on with it once its late video was looked at."""
        await self._update(project_id, state=ProjectState.PLANNED, failure=None)

    async def attach(self, project_id: str, attachment: Attachment) -> None:
        """Add a video to a film that has none yet, to be fetched and looked at."""
        await self._update(project_id, attachment=json.dumps(asdict(attachment)), state=ProjectState.NEW)

    async def keep_asset(self, project_id: str, asset: Asset, attachment: Attachment) -> None:
        """Record a fetched and validated video, and that this attachment is dealt with; a newer one is not."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                insert_or_ignore(transaction, assets)
                .values(**asdict(asset), created_at=self._clock())
                .on_conflict_do_nothing(index_elements=["id"])
            )
            await transaction.execute(
                update(projects)
                .where(projects.c.id == project_id)
                .values(
                    asset_id=asset.id,
                    attachment=func.nullif(projects.c.attachment, json.dumps(asdict(attachment))),
                    updated_at=self._clock(),
                )
            )

    async def asset(self, asset_id: str) -> Asset:
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(select(assets).where(assets.c.id == asset_id))).one()
        return Asset(
            id=row.id,
            suffix=row.suffix,
            bytes=row.bytes,
            duration=row.duration,
            width=row.width,
            height=row.height,
            fps=row.fps,
            has_audio=bool(row.has_audio),
        )

    async def analysis(self, asset_id: str, question: str | None = None) -> Analysis | None:
        """An analysis kept before; the newest of the asset where no question is named."""
        query = select(analyses.c.analysis).where(analyses.c.asset_id == asset_id)
        if question is not None:
            query = query.where(analyses.c.question == question)
        async with self._database.transaction() as transaction:
            found = (await transaction.execute(query.order_by(analyses.c.created_at.desc()).limit(1))).scalar()
        return Analysis.from_json(found) if found is not None else None

    async def keep_analysis(self, asset_id: str, question: str, analysis: Analysis) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(
                insert_or_ignore(transaction, analyses)
                .values(asset_id=asset_id, question=question, analysis=analysis.to_json(), created_at=self._clock())
                .on_conflict_do_nothing()
            )

    async def plan(self, project_id: str, version: int | None = None) -> Plan | None:
        """A version of the plan, the newest where none is named."""
        query = select(plans).where(plans.c.project_id == project_id)
        if version is not None:
            query = query.where(plans.c.version == version)
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(query.order_by(plans.c.version.desc()).limit(1))).one_or_none()
        return Plan.from_json(row.plan, version=row.version, changes=row.changes) if row is not None else None

    async def keep_plan(self, project_id: str, plan: Plan) -> None:
        """Add the next version.

        Raises:
            NoSuchFilm: it was deleted meanwhile.
            PlanMoved: another version came meanwhile.
        """
        async with self._database.transaction() as transaction:
            await self._add_version(transaction, project_id, plan)

    async def _add_version(self, transaction: Transaction, project_id: str, plan: Plan) -> None:
        await lock(transaction, f"project {project_id}")
        there = select(projects.c.id).where(projects.c.id == project_id, projects.c.deleted_at.is_(None))
        if (await transaction.execute(there)).one_or_none() is None:
            raise NoSuchFilm
        newest = await latest_version(transaction, project_id)
        if plan.version != newest + 1:
            raise PlanMoved(newest)
        await transaction.execute(
            insert(plans).values(
                project_id=project_id,
                version=plan.version,
                plan=plan.to_json(),
                changes=plan.changes,
                created_at=self._clock(),
            )
        )
        await transaction.execute(
            update(projects)
            .where(projects.c.id == project_id)
            .values(state=ProjectState.PLANNED, failure=None, model=plan.model, updated_at=self._clock())
        )

    async def hear(self, project_id: str, *, message_id: int | None, author_id: int, words: str) -> int | None:
        """Keep what a person said; `None` where this message was heard before."""
        async with self._database.transaction() as transaction:
            added = await transaction.execute(
                insert_or_ignore(transaction, turns)
                .values(
                    project_id=project_id,
                    message_id=message_id,
                    author_id=author_id,
                    words=words,
                    created_at=self._clock(),
                )
                .on_conflict_do_nothing(index_elements=["message_id"])
                .returning(turns.c.id)
            )
            row = added.one_or_none()
            return int(row.id) if row is not None else None

    async def answer(self, turn_id: int, reply: str, project_id: str, plan: Plan | None) -> None:
        """Keep an answer and the version it made in one transaction, so that a crash repeats both or neither.

        An empty reply closes a turn that failed. Its failure is told once and not again after a restart, so it counts
        as shown.

        Raises:
            NoSuchFilm: it was deleted meanwhile; nothing is kept.
            PlanMoved: another version came meanwhile; nothing is kept.
        """
        async with self._database.transaction() as transaction:
            if plan is not None:
                await self._add_version(transaction, project_id, plan)
            await transaction.execute(
                update(turns)
                .where(turns.c.id == turn_id)
                .values(reply=reply, version=plan.version if plan is not None else None, shown=int(not reply))
            )

    async def shown(self, turn_id: int) -> None:
        """The whole answer stands in the thread."""
        async with self._database.transaction() as transaction:
            await transaction.execute(update(turns).where(turns.c.id == turn_id).values(shown=1))

    async def showing(self, turn_id: int, messages: Sequence[int]) -> None:
        """These messages of ours begin to show an answer: after a crash they go on, and no others are posted."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(turns).where(turns.c.id == turn_id).values(messages=",".join(map(str, messages)))
            )

    async def talk(self, project_id: str, *, last: int = 12) -> list[Talk]:
        """The latest answered exchanges, oldest first."""
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(
                select(turns)
                .where(turns.c.project_id == project_id, turns.c.reply != "")
                .order_by(turns.c.id.desc())
                .limit(last)
            )
            talk = [Talk(author_id=row.author_id, words=row.words, reply=row.reply) for row in rows]
        return talk[::-1]

    async def unanswered(self) -> list[Heard]:
        """Everything heard in our shards but not answered, oldest first: a restart takes it up."""
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(self._turns_of_ours().where(turns.c.reply.is_(None)))
            return [_heard(row) for row in rows]

    async def unshown(self) -> list[Answered]:
        """Answers that are kept but may not stand in the threads of our shards, oldest first."""
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(
                self._turns_of_ours().where(turns.c.reply.is_not(None), turns.c.shown == 0)
            )
            return [Answered(heard=_heard(row), reply=row.reply, version=row.version) for row in rows]

    def _turns_of_ours(self) -> Select[tuple[object, ...]]:
        """Turns of our shards' films, but for deleted ones; oldest first."""
        ours = (projects.c.deleted_at.is_(None), self._shards.among(projects.c.guild_id))
        return select(turns).join(projects, projects.c.id == turns.c.project_id).where(*ours).order_by(turns.c.id)

    async def _update(self, project_id: str, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(projects).where(projects.c.id == project_id).values(updated_at=self._clock(), **values)
            )


async def latest_version(transaction: Transaction, project_id: str) -> int:
    """The newest plan version of a project, 0 where there is none yet."""
    newest = await transaction.execute(select(func.max(plans.c.version)).where(plans.c.project_id == project_id))
    return newest.scalar() or 0


def _heard(row: Row[tuple[object, ...]]) -> Heard:
    return Heard(
        turn_id=row.id,
        project_id=row.project_id,
        message_id=row.message_id,
        words=row.words,
        author_id=row.author_id,
        messages=tuple(int(each) for each in row.messages.split(",") if each),
    )


def project_of(row: Row[tuple[object, ...]]) -> Project:
    return Project(
        id=row.id,
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        thread_id=row.thread_id,
        idea=row.idea,
        model=row.model,
        ratio=row.ratio,
        seconds=row.seconds,
        asset_id=row.asset_id,
        attachment=Attachment(**json.loads(row.attachment)) if row.attachment else None,
        state=ProjectState(row.state),
        failure=row.failure,
        voice=row.voice,
        voice_name=row.voice_name,
        captions=Captions(row.captions),
        language=Language.nearest(row.language),
        is_adult=row.is_adult,
        forked_from=row.forked_from,
        kind=ProjectKind(row.kind),
        source_id=row.source_id,
        max_price_microusd=row.max_price_microusd,
    )
