"""Erases what people asked to have deleted: stops it, and takes rows, files, stored films and traces at services away.

Works through `deletions` until each is done. Every step may be repeated, and what the next ones need to know goes last:
the rows that name a film's productions. Money rows stay, without a name: caps must not be reset by deleting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import delete, exists, or_, select, update

from bot.db import AWAY, Database
from bot.db.tables import analyses, assets, deletions, paid_calls, productions, projects
from bot.jobs.wake import Listener, Wake, keep_looking
from bot.production.camera import Rig
from bot.production.decisions import Decision, Decisions
from bot.production.deletions import Deletion, Deletions
from bot.production.erased_rows import erase_ids, erase_words, unname
from bot.production.lifecycle import Lifecycle
from bot.production.model import OPEN, Production, ProductionState
from bot.production.outbox import STORED_FILMS
from bot.production.production_rows import production_of
from bot.storage.errors import StorageError
from bot.storage.files import Files
from bot.studio.errors import DecidedAlready
from bot.studio.pseudonyms import Pseudonyms
from providers.errors import ProviderError
from ratelimit import NoUsableKey

logger = logging.getLogger(__name__)

#: Seconds between two looks: at most, and at least, however often rows change.
LOOK_EVERY, BREATH = 30.0, 0.5
#: Seconds after which a deletion that is not done is an error.
OVERDUE = 24 * 3600.0

Claim = Callable[[str], AbstractAsyncContextManager[bool]]


class Workflows(Protocol):
    """What the engine keeps of workflows."""

    async def is_over(self, workflow_id: str) -> bool: ...

    async def forget(self, workflow_id: str) -> None: ...


class Store(Protocol):
    async def remove_all(self, prefix: str) -> None: ...


class NotYet(Exception):
    """Something of it still runs; the text says what."""


class Erasure:
    """Erases; `claim` keeps other processes off a deletion."""

    def __init__(
        self,
        database: Database,
        deletions: Deletions,
        lifecycle: Lifecycle,
        decisions: Decisions,
        *,
        engine: Workflows,
        rigs: Mapping[str, Rig],
        files: Files,
        store: Store | None,
        pseudonyms: Pseudonyms,
        changed: Wake,
        claim: Claim,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._deletions = deletions
        self._lifecycle = lifecycle
        self._decisions = decisions
        self._engine = engine
        self._rigs = rigs
        self._files = files
        self._store = store
        self._pseudonyms = pseudonyms
        self._changed = changed
        self._claim = claim
        self._clock = clock

    async def run(self, listener: Listener) -> None:
        await keep_looking(self.look, listener, every=LOOK_EVERY, breath=BREATH)

    async def look(self) -> None:
        """Bring every deletion as far as it gets now. One that fails is tried again, and holds up no other."""
        for deletion in await self._deletions.pending():
            async with self._claim(f"deletion {deletion.id}") as is_ours:
                if is_ours:
                    await self._try(deletion)

    async def _try(self, deletion: Deletion) -> None:
        try:
            await self.advance(deletion)
        except NotYet as waits:
            logger.info("deletion waits", extra={"deletion": deletion.id, "for": str(waits)})
        except (StorageError, OSError) as error:
            await self._deletions.failed(deletion, type(error).__name__)
            logger.warning("deletion not done yet", extra={"deletion": deletion.id, "error": type(error).__name__})
        except AWAY:
            raise  # the loop begins again
        except Exception as error:
            logger.exception("deletion failed by a fault of ours", extra={"deletion": deletion.id})
            await self._deletions.failed(deletion, type(error).__name__)
        if self._clock() > deletion.asked_at + OVERDUE:
            logger.error("a deletion is overdue", extra={"deletion": deletion.id})

    async def advance(self, deletion: Deletion) -> None:
        """Do what can be done now. Raises `NotYet | StorageError | OSError`, and may be called again."""
        now = self._clock()
        if deletion.erased_at is not None and not deletion.is_late(now):
            return
        await self._stop(deletion)
        if not deletion.wants_erasing(now):
            return
        await self._see_workflows_over(deletion)
        for project_id in await self._deletions.films_of(deletion):
            await self._erase_film(project_id, is_last=deletion.erased_at is not None)
        await self._erase_orphans()
        if deletion.project_id is None:
            await self._erase_person(deletion.owner_id)
        await self._finish(deletion)
        await self._database.shred()
        self._changed()

    async def _stop(self, deletion: Deletion) -> None:
        """Stop what is in the line, waits or runs. Raises `NotYet` until all is over."""
        films = await self._deletions.films_of(deletion)
        for production in await self._of(films):
            if production.state is ProductionState.HELD:
                try:
                    await self._decisions.decide(Decision.STOP, production.id, production.owner_id)
                except DecidedAlready:
                    raise NotYet(f"production {production.id}") from None
            elif production.state in OPEN and not production.stopping:
                await self._lifecycle.stop(production.id, production.owner_id)
        for production in await self._of(films):
            if production.state in OPEN:
                raise NotYet(f"production {production.id}")

    async def _see_workflows_over(self, deletion: Deletion) -> None:
        """Raises `NotYet` while the engine still runs what ended its production."""
        for production in await self._of(await self._deletions.films_of(deletion)):
            for workflow_id in _workflows_of(production):
                if not await self._engine.is_over(workflow_id):
                    raise NotYet(f"workflow {workflow_id}")

    async def _of(self, films: Sequence[str]) -> list[Production]:
        query = select(productions).where(productions.c.project_id.in_(films)).order_by(productions.c.accepted_at)
        async with self._database.transaction() as transaction:
            return [production_of(row) for row in await transaction.execute(query)]

    async def _erase_film(self, project_id: str, *, is_last: bool) -> None:
        """Take everything of a film away; the ids that find it again go at the last time."""
        made = await self._of([project_id])
        for production in made:
            for workflow_id in _workflows_of(production):
                await self._engine.forget(workflow_id)
            await self._forget_at_services(production.id)
            if self._store is not None:
                for prefix in (f"{production.id}/", f"film-{production.id}"):  # the latter as older versions stored it
                    await self._store.remove_all(f"{STORED_FILMS}{prefix}")
        await self._files.remove_film(project_id)
        ids = [production.id for production in made]
        async with self._database.transaction() as transaction:
            await erase_words(transaction, project_id, ids)
            if is_last:
                await erase_ids(transaction, project_id, ids)

    async def _forget_at_services(self, production_id: str) -> None:
        """Have deleted what services keep of its orders. One that does not answer is no reason to keep anything here:
        each deletes by itself some day (docs/privacy.md).
        """
        query = select(paid_calls).where(paid_calls.c.job == production_id, paid_calls.c.operation.is_not(None))
        async with self._database.transaction() as transaction:
            calls = (await transaction.execute(query)).all()
        for call in calls:
            if (rig := self._rigs.get(call.provider)) is None:
                continue
            try:
                await rig.provider.forget(call.operation, rig.pool.key(call.key_id))
            except (ProviderError, NoUsableKey) as error:
                logger.warning("not deleted at the service", extra={"call": call.key, "error": type(error).__name__})

    async def _erase_orphans(self) -> None:
        """Videos that no film uses any more, and what was seen in them: file first, so that a crash leaves its row."""
        is_used = or_(
            exists().where(projects.c.asset_id == assets.c.id), exists().where(productions.c.asset_id == assets.c.id)
        )
        query = select(assets.c.id, assets.c.suffix).where(~is_used)
        async with self._database.transaction() as transaction:
            for row in (await transaction.execute(query)).all():
                await self._files.remove_upload(row.id, row.suffix.removeprefix("."))
                await transaction.execute(delete(analyses).where(analyses.c.asset_id == row.id))
                await transaction.execute(delete(assets).where(assets.c.id == row.id, ~is_used))

    async def _erase_person(self, owner_id: int) -> None:
        """What is no film's: readings, and the name on rows that stay. Only this month's still count for a person."""
        await self._files.remove_film(f"voice-{owner_id}")
        async with self._database.transaction() as transaction:
            await unname(transaction, owner_id, self._pseudonyms.of(owner_id), self._clock())

    async def _finish(self, deletion: Deletion) -> None:
        """Write down that all was done: for the first time, or for good. Nothing where it was asked anew meanwhile."""
        now = self._clock()
        values: dict[str, object] = {"erased_at": now, "failure": None}
        if deletion.erased_at is not None:
            values = {"done_at": now, "failure": None, "owner_id": self._pseudonyms.of(deletion.owner_id)}
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(deletions)
                .where(deletions.c.id == deletion.id, deletions.c.asked_at == deletion.asked_at)
                .values(values)
            )
        logger.warning(
            "deleted for good" if deletion.erased_at is not None else "deleted; looked at once more later",
            extra={"deletion": deletion.id},
        )


def _workflows_of(production: Production) -> list[str]:
    """Every workflow that may have worked on it, in any of its runs."""
    runs = [production.id, *(f"{production.id}-{run}" for run in range(2, production.run + 1))]
    return [workflow for run in runs for workflow in (run, f"{run}-settle")]
