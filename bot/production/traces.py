"""Where a film that is being deleted stands in Discord, as far as rows tell."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Row, select

from bot.db import Database
from bot.db.tables import cards, posts, productions, projects, storyboards, turns
from bot.production.deletions import Deletion
from bot.speech import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """A film's own thread (`None` where it was talked over in the channel itself) and known messages of ours.

    `known` are (channel, message); `heard` are messages of people that ours may answer; `all_ours` says that everything
    of ours in the channel is about somebody who has everything deleted.
    """

    project_id: str
    channel_id: int
    guild_id: int | None
    thread_id: int | None
    since: float
    known: frozenset[tuple[int, int]]
    heard: frozenset[int]
    production_ids: tuple[str, ...]
    all_ours: bool
    language: Language


async def traces_of(database: Database, deletion: Deletion) -> list[Traces]:
    """Of every film that a deletion takes away."""
    which = projects.c.owner_id == deletion.owner_id
    if deletion.project_id is not None:
        which = projects.c.id == deletion.project_id
    query = select(projects).where(which, projects.c.deleted_at.is_not(None)).order_by(projects.c.created_at)
    found = []
    async with database.transaction() as transaction:
        for film in (await transaction.execute(query)).all():
            made = (await transaction.execute(select(productions).where(productions.c.project_id == film.id))).all()
            ids = [production.id for production in made]
            plan_cards = cards.c.ref.between(f"{film.id}:", f"{film.id};")
            boards = select(storyboards.c.id).where(storyboards.c.project_id == film.id)
            shown = select(cards.c.channel_id, cards.c.message_id).where(
                plan_cards | cards.c.ref.in_(ids) | cards.c.ref.in_(boards), cards.c.message_id.is_not(None)
            )
            posted = select(posts.c.channel_id, posts.c.message_id).where(posts.c.production_id.in_(ids))
            said = select(turns.c.message_id, turns.c.messages).where(turns.c.project_id == film.id)
            talk = (await transaction.execute(said)).all()
            known = {(row.channel_id, row.message_id) for row in await transaction.execute(shown.union(posted))}
            home = film.thread_id or film.channel_id
            known |= {(home, int(each)) for turn in talk for each in turn.messages.split(",") if each}
            known |= {place for production in made if (place := _told(production, film)) is not None}
            has_thread = film.thread_id is not None and film.thread_id != film.channel_id
            found.append(
                Traces(
                    project_id=film.id,
                    channel_id=film.channel_id,
                    guild_id=film.guild_id,
                    thread_id=film.thread_id if has_thread else None,
                    since=film.created_at,
                    known=frozenset(known),
                    heard=frozenset(turn.message_id for turn in talk if turn.message_id is not None),
                    production_ids=tuple(ids),
                    all_ours=film.guild_id is None and deletion.project_id is None,
                    language=Language.nearest(film.language),
                )
            )
    return found


def _told(production: Row[tuple[object, ...]], film: Row[tuple[object, ...]]) -> tuple[int, int] | None:
    """The message that told its end, where it was posted before posts were kept."""
    if production.delivered_message_id is None:
        return None
    return production.delivery_channel_id or film.thread_id or film.channel_id, production.delivered_message_id
