"""Everything that decides about films and their money, over real rows: no Discord, no ffmpeg, no durable engine.

The service is fickle: each order meets the next of its fates. What it took and charged is its own record.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.app.pools import judge
from bot.db import Database
from bot.jobs.ledger import Ledger
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.production.approvals import Approvals
from bot.production.camera import Camera, Fetched, Order, Rig
from bot.production.cut import Cut, Cutter
from bot.production.decisions import Decisions
from bot.production.dispatcher import Dispatcher
from bot.production.film import FilmMaker
from bot.production.greenlights import Greenlights
from bot.production.latecomers import LOOK_AGAIN, Latecomers, _Late
from bot.production.lifecycle import Lifecycle
from bot.production.model import ProductionState
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.production.takebook import TakeBook
from bot.storage.files import Files
from bot.studio.budget import Budgets, Caps
from bot.studio.model import Plan, Shot
from bot.studio.projects import Projects
from bot.ui.desk import Desk
from bot.ui.offer import Offer
from bot.ui.retakes import Retakes
from providers.credential import Credential
from providers.errors import ContentRejected, InvalidRequest, OperationFailed, OutcomeUnknown
from providers.video import Failed, Leaving, Operation, OperationState, Running, Succeeded, VideoRequest, unheard
from ratelimit import ApiKey, KeyPool, Limits
from tests.bot.production.fakes import NotingEngine
from tests.bot.studio.samples import CATALOGUE

OWNER, STRANGER, OPERATOR, APPROVER = 1001, 2002, 3003, 4004
APPROVERS = 77
SECONDS = 5
PRICE = CATALOGUE.resolve("gen4.5").price_microusd(SECONDS)

logger = logging.getLogger(__name__)


class Fate(StrEnum):
    """What becomes of an order."""

    MADE = "made"
    REFUSED = "refused"
    BROKEN = "broken"  # fails later, for nothing
    SPOILT = "spoilt"  # fails later, and is charged
    LATE = "late"  # comes after everybody stopped looking
    QUEUED = "queued"  # the same, but costs nothing where it is stopped before
    TAKEN = "taken"  # and its answer is lost
    UNHEARD = "unheard"  # the request itself was lost
    DIES = "dies"  # the process ends before the answer comes
    DIES_UNHEARD = "dies unheard"


class Killed(BaseException):
    """The process ended here."""


@dataclass(slots=True)
class Taken:
    """An order that the service took."""

    id: str
    words: str
    fate: Fate
    charged: bool = True


class Service:
    """Takes orders, and keeps its own record of them."""

    name = "runway"
    poll_interval = 0.3

    def __init__(self) -> None:
        self.fates: deque[Fate] = deque()
        self.taken: list[Taken] = []

    async def submit(self, request: VideoRequest, _: Credential, leaves: Leaving = unheard) -> Operation:
        leaves()
        await asyncio.sleep(0.1)
        fate = self.fates.popleft() if self.fates else Fate.MADE
        if fate is Fate.REFUSED:
            raise ContentRejected(self.name)
        if fate not in {Fate.UNHEARD, Fate.DIES_UNHEARD}:
            self.taken.append(Taken(f"op-{len(self.taken)}", request.prompt, fate))
        if fate in {Fate.DIES, Fate.DIES_UNHEARD}:
            raise Killed
        if fate in {Fate.TAKEN, Fate.UNHEARD}:
            raise OutcomeUnknown(self.name)
        return Operation(id=self.taken[-1].id)

    async def poll(self, operation_id: str, _: Credential) -> OperationState:
        found = next(order for order in self.taken if order.id == operation_id)
        match found.fate:
            case Fate.LATE:
                return Running()
            case Fate.QUEUED if not found.charged:
                raise InvalidRequest(self.name)
            case Fate.QUEUED:
                return Running(waiting=True)
            case Fate.BROKEN:
                found.charged = False
                return Failed(error=OperationFailed(self.name), price_microusd=0)
            case Fate.SPOILT:
                return Failed(error=OperationFailed(self.name), price_microusd=PRICE)
            case _:
                return Succeeded(output=operation_id, price_microusd=PRICE)

    async def fetch(self, output: str, destination: Path, _: Credential) -> None:
        destination.write_text(output)

    async def cancel(self, operation_id: str, _: Credential) -> None:
        found = next(order for order in self.taken if order.id == operation_id)
        if found.fate is Fate.QUEUED:
            found.charged = False

    async def forget(self, operation_id: str, _: Credential) -> None: ...

    async def close(self) -> None:
        """Nothing is open."""

    def finish(self, fate: Fate) -> None:
        """Let everything that is late end now."""
        for order in self.taken:
            if order.fate in {Fate.LATE, Fate.QUEUED} and order.charged:
                order.fate = fate


class Workflows(NotingEngine):
    """Runs workflows as tasks. One that was killed is begun anew by the next process, as the real engine does."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.ended: set[str] = set()

    async def start(self, name: str, workflow_id: str, subject: str) -> None:
        if (name, workflow_id) not in self.started:
            self.started.append((name, workflow_id))
            self._run(name, workflow_id, subject)

    def _run(self, name: str, workflow_id: str, subject: str) -> None:
        self.tasks[workflow_id] = asyncio.get_running_loop().create_task(self._workflow(name, workflow_id, subject))

    async def _workflow(self, name: str, workflow_id: str, subject: str) -> None:
        await self._workflows[name](subject)
        self.ended.add(workflow_id)

    async def cancel(self, workflow_id: str) -> None:
        task = self.tasks.get(workflow_id)
        if task is not None and workflow_id not in self.ended:
            self.ended.add(workflow_id)
            task.cancel()
            await asyncio.wait([task])

    async def is_over(self, workflow_id: str) -> bool:
        return workflow_id in self.ended or not await self.was_started(workflow_id)

    async def idle(self) -> None:
        """Until every task has ended."""
        while pending := [task for task in self.tasks.values() if not task.done()]:
            await asyncio.wait(pending)

    def killed(self) -> bool:
        over = [task for task in self.tasks.values() if task.done() and not task.cancelled()]
        return any(task.exception() is not None for task in over)

    def begin_anew(self, before: Workflows) -> None:
        """What another process had under way, by its own record."""
        self.started, self.ended = list(before.started), set(before.ended)
        for name, workflow_id in self.started:
            if workflow_id not in self.ended:
                self._run(name, workflow_id, workflow_id[:32])


class QuickCamera(Camera):
    """Keeps what it fetched unseen: what a clip is like is not what is tried here."""

    async def _fetch(self, order: Order, rig: Rig, state: Succeeded, key: ApiKey) -> Fetched:
        await asyncio.to_thread(order.destination.parent.mkdir, parents=True, exist_ok=True)
        await rig.provider.fetch(state.output, order.destination, key)
        return Fetched.KEPT


class QuickLatecomers(Latecomers):
    async def _fetch(self, late: _Late, rig: Rig, state: Succeeded, key: ApiKey) -> None:
        destination = self._files.artefact(late.project_id, f"{late.content}.mp4")
        await asyncio.to_thread(destination.parent.mkdir, parents=True, exist_ok=True)
        await rig.provider.fetch(state.output, destination, key)


class NoCutter(Cutter):
    async def cut(self, *_: Any, **__: Any) -> Cut:
        return Cut(duration=1.0)


class House:
    """One process of the bot. `now` is everybody's clock; what was told is a list of an end's production and run."""

    def __init__(self, database: Database, folder: Path, service: Service, caps: Caps, now: float) -> None:
        self.database, self.folder, self.service, self.caps, self.now = database, folder, service, caps, now
        self.told: list[tuple[str, int, ProductionState]] = []
        self._build()

    def _build(self) -> None:
        changed, ffmpeg, files = Wake(), Ffmpeg(find_ffmpeg()), Files(self.folder)
        self.projects = Projects(self.database, clock=self._clock)
        budgets = Budgets(self.database, self.caps, clock=self._clock)
        self.productions = Productions(self.database)
        self.greenlights = Greenlights(self.database, changed, budgets=budgets, clock=self._clock)
        self.lifecycle = Lifecycle(self.database, changed, budgets=budgets, clock=self._clock)
        self.outbox = Outbox(self.database, changed, clock=self._clock)
        ledger = Ledger(self.database, clock=self._clock)
        pool = KeyPool("runway", [ApiKey("key-1", "a", "fake-secret")], limits=Limits(), judge=judge)
        rigs = {"runway": Rig(provider=self.service, pool=pool)}
        operators = frozenset({OPERATOR})
        self.engine = Workflows()
        maker = FilmMaker(
            engine=self.engine,
            ledger=ledger,
            projects=self.projects,
            productions=self.productions,
            lifecycle=self.lifecycle,
            camera=QuickCamera(rigs, ledger, self.lifecycle, ffmpeg, operation_deadline=1.0, clock=self._clock),
            cutter=NoCutter(ffmpeg, files),
            sounds=None,
            rigs=rigs,
            catalogue=CATALOGUE,
            ffmpeg=ffmpeg,
            files=files,
        )
        self.dispatcher = Dispatcher(
            self.engine, self.productions, self.lifecycle, give_back=maker.give_back, at_once=2, clock=self._clock
        )
        self.latecomers = QuickLatecomers(
            self.database, ledger, self.lifecycle, rigs, ffmpeg, files, changed, clock=self._clock
        )
        self.desk = Desk(
            projects=self.projects,
            productions=self.productions,
            greenlights=self.greenlights,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            catalogue=CATALOGUE,
            offer=Offer(video_models=CATALOGUE.video_models({"runway"}), default_model="gen4.5", can_plan=True),
            operators=operators,
            changed=changed,
            files=files,
            decisions=Decisions(
                self.database, self.productions, self.lifecycle, changed, operators=operators, clock=self._clock
            ),
            budgets=budgets,
            approvals=Approvals(
                self.database,
                self.productions,
                budgets,
                changed,
                operators=operators,
                approver_roles=frozenset({APPROVERS}),
                clock=self._clock,
            ),
        )

        book = TakeBook(self.database, CATALOGUE, files)
        self.retakes = Retakes(self.desk, self.projects, book, changed)

    def _clock(self) -> float:
        return self.now

    async def work(self) -> None:
        """Let the line and everything that runs come as far as it gets. A process that is killed is started again."""
        while True:
            before = await self.productions.active()
            await self.dispatcher.look()
            await self.engine.idle()
            if self.engine.killed():
                await self.restart()
            elif await self.productions.active() == before:
                break
        await self.deliver()

    async def restart(self) -> None:
        """Another process takes up what this one had under way; nothing but rows and files come along."""
        before = self.engine
        for task in before.tasks.values():
            task.cancel()
        if before.tasks:
            await asyncio.wait(before.tasks.values())
        self._build()
        self.engine.begin_anew(before)

    async def look_for_late(self) -> None:
        self.now += LOOK_AGAIN
        await self.latecomers.look()

    async def deliver(self) -> None:
        for production in await self.productions.undelivered():
            if production.state is not ProductionState.CANCELLED or production.failure:
                self.told.append((production.id, production.run, production.state))
            await self.outbox.begin_try(production.id, after=production.delivery_tries)
            await self.outbox.posted(await self.productions.get(production.id), 1)

    async def settle_down(self) -> None:
        await self.work()
        await self.work()


def plan_of(name: str, version: int, shots: int) -> Plan:
    """A plan whose shots are this film's own, and new with each version but for the first shot."""
    told = [
        Shot(title=f"{number}", prompt=f"{name} v{version if number > 1 else 0} {number}", camera="", duration=SECONDS)
        for number in range(1, shots + 1)
    ]
    return Plan(version=version, title=name, logline="", model="gen4.5", ratio="16:9", shots=tuple(told))


async def together(*deeds: Coroutine[Any, Any, object]) -> list[object]:
    """Do them at once; what each came to."""
    return list(await asyncio.gather(*deeds, return_exceptions=True))
