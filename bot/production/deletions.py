"""What people ask to have deleted, as rows: from that moment nobody finds it; `erasure` and `ui.unposting` do the rest.

asked ──► stopped ──► unposted ──► erased ──► (`SETTLES_AFTER`) ──► unposted and erased once more ──► done

The second time catches what was under way at the first: an answer being written, a card being sent, a video being
fetched. Each step may be done any number of times, so that a crash at any moment is answered by doing it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import deletions, picks, preferences, productions, projects
from bot.jobs.wake import Wake
from bot.production.model import OPEN
from bot.studio.audit import Audit
from bot.studio.errors import NoSuchFilm, NotYours
from bot.studio.pseudonyms import Pseudonyms

logger = logging.getLogger(__name__)

#: Seconds after which nothing that was under way when it was asked goes on any more: a video being fetched and looked
#: at, an answer being written, a film being uploaded to Discord.
SETTLES_AFTER = 900.0
#: Seconds for which our messages are tried to be removed before the rest goes without them.
MESSAGES_WITHIN = 12 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """`project_id` is `None` for everything of this person; `unposted` says how often our messages were removed."""

    id: int
    owner_id: int
    project_id: str | None
    asked_at: float
    unposted: int
    erased_at: float | None

    def is_late(self, now: float) -> bool:
        """Whether it is time for the second look."""
        return self.erased_at is not None and now >= self.asked_at + SETTLES_AFTER

    def wants_unposting(self, now: float) -> bool:
        return self.unposted < (2 if self.is_late(now) else 1)

    def wants_erasing(self, now: float) -> bool:
        """Whether rows and files may go: our messages are gone, or could not be removed for too long."""
        if self.erased_at is not None and not self.is_late(now):
            return False
        return not self.wants_unposting(now) or now >= self.asked_at + MESSAGES_WITHIN


class Deletions:
    """Takes what is to be deleted, and tells what is left to do."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        pseudonyms: Pseudonyms,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._changed = changed
        self._pseudonyms = pseudonyms
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def ask_film(self, owner_id: int, project_id: str) -> None:
        """Have a film deleted. Raises `NoSuchFilm | NotYours`; asked again it is none any more."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            await lock(transaction, f"project {project_id}")
            row = (await transaction.execute(select(projects).where(projects.c.id == project_id))).one_or_none()
            if row is None or row.deleted_at is not None:
                raise NoSuchFilm
            if row.owner_id != owner_id:
                raise NotYours(row.owner_id)
            await transaction.execute(update(projects).where(projects.c.id == project_id).values(deleted_at=now))
            await self._note(transaction, owner_id, project_id, now)
        self._changed()
        logger.warning("a film is deleted at its owner's request", extra={"project": project_id})

    async def ask_everything(self, owner_id: int) -> None:
        """Have everything of a person deleted; asked again while that is being done, it is done once."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            await lock(transaction, f"owner {owner_id}")
            pending = select(deletions.c.id).where(
                deletions.c.owner_id == owner_id, deletions.c.project_id.is_(None), deletions.c.done_at.is_(None)
            )
            theirs = (projects.c.owner_id == owner_id) & projects.c.deleted_at.is_(None)
            await transaction.execute(update(projects).where(theirs).values(deleted_at=now))
            # At once: nothing that is left to do needs it, and what they choose from now on is theirs to keep.
            await transaction.execute(delete(preferences).where(preferences.c.user_id == owner_id))
            await transaction.execute(delete(picks).where(picks.c.owner_id == owner_id))
            if (await transaction.execute(pending)).one_or_none() is not None:
                # Films begun since belong to it as well, so it looks at all of them anew.
                await transaction.execute(
                    update(deletions)
                    .where(deletions.c.id == pending.scalar_subquery())
                    .values(asked_at=now, unposted=0, erased_at=None)
                )
            else:
                await self._note(transaction, owner_id, None, now)
        self._changed()
        logger.warning(
            "everything of a person is deleted at their request", extra={"person": self._pseudonyms.of(owner_id)}
        )

    async def pending(self) -> list[Deletion]:
        """Everything that is not done, oldest first."""
        query = select(deletions).where(deletions.c.done_at.is_(None)).order_by(deletions.c.id)
        async with self._database.transaction() as transaction:
            return [_deletion(row) for row in await transaction.execute(query)]

    async def films_of(self, deletion: Deletion) -> list[str]:
        """Ids of the films that it takes away, and that still have rows."""
        which = projects.c.owner_id == deletion.owner_id
        if deletion.project_id is not None:
            which = projects.c.id == deletion.project_id
        query = select(projects.c.id).where(which, projects.c.deleted_at.is_not(None)).order_by(projects.c.created_at)
        async with self._database.transaction() as transaction:
            return [row.id for row in await transaction.execute(query)]

    async def is_stopped(self, deletion: Deletion) -> bool:
        """Whether nothing of it is in the line, waits or runs any more."""
        films = await self.films_of(deletion)
        query = select(productions.c.id).where(productions.c.project_id.in_(films), productions.c.state.in_(OPEN))
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query.limit(1))).one_or_none() is None

    async def unposted(self, deletion: Deletion) -> None:
        """Our messages are gone, as far as we may remove them; nothing where it was asked anew meanwhile."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(deletions)
                .where(deletions.c.id == deletion.id, deletions.c.asked_at == deletion.asked_at)
                .values(unposted=deletion.unposted + 1)
            )
        self._changed()

    async def failed(self, deletion: Deletion, why: str) -> None:
        """Keep why the last try did not get through; the next one comes by itself."""
        async with self._database.transaction() as transaction:
            await transaction.execute(update(deletions).where(deletions.c.id == deletion.id).values(failure=why[:200]))

    async def _note(self, transaction: Transaction, owner_id: int, project_id: str | None, now: float) -> None:
        await transaction.execute(insert(deletions).values(owner_id=owner_id, project_id=project_id, asked_at=now))
        # Under a pseudonym from the beginning: what is written down about a deletion must not outlive it.
        actor = self._pseudonyms.of(owner_id)
        action = "delete everything" if project_id is None else "delete film"
        await self._audit.note_within(transaction, actor, action, project_id or "")


def _deletion(row: Row[tuple[object, ...]]) -> Deletion:
    return Deletion(
        id=row.id,
        owner_id=row.owner_id,
        project_id=row.project_id,
        asked_at=row.asked_at,
        unposted=row.unposted,
        erased_at=row.erased_at,
    )
