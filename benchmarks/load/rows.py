"""Films that wait in the line, written into the bot's database as thousands of presses would have left them there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from bot.db import Database, open_database
from bot.db.tables import cards, plans, productions, projects, takes
from bot.production.line import Line
from bot.production.model import ProductionState, Stage, Take, TakeState
from bot.production.productions import Productions
from bot.studio.casting import cast, quote
from bot.studio.model import Plan, ProjectState, Shot
from bot.ui.cards import CardKind, JobFacts, fingerprint, job_card
from providers.catalogue import Catalogue
from sandbox.discord.people import Member
from sandbox.discord.world import DiscordWorld

#: Rows written by one statement.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody and the thread in which their films are talked over."""

    owner: Member
    channel_id: int

    @property
    def owner_id(self) -> int:
        return self.owner.id


def places(discord: DiscordWorld, people: int) -> list[Place]:
    """People who join, each with a thread."""
    backend = discord.simulation.backend
    found = []
    for number in range(people):
        owner = discord.people.join(f"Owner {number}")
        thread = backend.create_thread(discord.channel_id, f"films of {number}", backend.bot_user.id, broadcast=False)
        found.append(Place(owner, thread.id))
    return found


def plan_of(shots: int, seconds: int, model: str) -> Plan:
    numbers = range(1, shots + 1)
    return Plan(
        version=1,
        title="A kite",
        logline="A kite over the sea.",
        model=model,
        ratio="16:9",
        shots=tuple(
            Shot(title=f"Shot {number}", prompt=f"a kite, {number}", camera="wide", duration=seconds)
            for number in numbers
        ),
    )


async def fill(
    url: str, discord: DiscordWorld, where: Sequence[Place], films: int, plan: Plan, *, in_line: bool = True
) -> None:
    """Films in the line, or only planned, dealt out between these people.

    Their plan cards are settled; job cards are not there yet.
    """
    database = await open_database(url)
    castings = cast(plan, Catalogue.load())
    now, price = time.time(), quote(castings).price_microusd
    ids = [(f"{number:032x}", where[number % len(where)], now - films + number) for number in range(films)]
    rows: dict[object, list[dict[str, object]]] = {
        projects: [
            {
                "id": id_,
                "request_id": f"asked {id_}",
                "owner_id": place.owner_id,
                "guild_id": discord.guild_id,
                "channel_id": discord.channel_id,
                "thread_id": place.channel_id,
                "idea": "a kite over the sea",
                "model": plan.model,
                "ratio": plan.ratio,
                "state": ProjectState.PLANNED,
                "created_at": at,
                "updated_at": at,
            }
            for id_, place, at in ids
        ],
        plans: [
            {"project_id": id_, "version": 1, "plan": plan.to_json(), "changes": "", "created_at": at}
            for id_, _, at in ids
        ],
        productions: [
            {
                "id": id_,
                "request_id": f"pressed {id_}",
                "project_id": id_,
                "version": 1,
                "owner_id": place.owner_id,
                "guild_id": discord.guild_id,
                "state": ProductionState.ACCEPTED,
                "stage": Stage.QUEUE,
                "price_microusd": price,
                "accepted_at": at,
                "updated_at": at,
            }
            for id_, place, at in ids
        ],
        takes: [
            {
                "production_id": id_,
                "shot": casting.number,
                "content": casting.content,
                "state": TakeState.WAITING,
                "price_microusd": casting.price_microusd,
                "updated_at": at,
            }
            for id_, _, at in ids
            for casting in castings
        ],
        cards: [
            {
                "kind": CardKind.PLAN,
                "ref": f"{id_}:1",
                "channel_id": place.channel_id,
                "message_id": 1,
                "settled": 1,
                "created_at": at,
            }
            for id_, place, at in ids
        ],
    }
    if not in_line:
        del rows[productions], rows[takes]
    async with database.transaction() as transaction:
        for table, values in rows.items():
            for begin in range(0, len(values), AT_ONCE):
                await transaction.execute(insert(table), values[begin : begin + AT_ONCE])  # type: ignore[arg-type]
    await database.close()


async def show(url: str, discord: DiscordWorld, plan: Plan) -> None:
    """Post every job card as it stands, as a bot that had all the time in the world would have."""
    database = await open_database(url)
    store = Productions(database)
    line = Line(store)
    await line.catch_up()
    channels = await _channels(database)
    rows = []
    takes_of = [
        Take(
            shot=casting.number,
            content=casting.content,
            state=TakeState.WAITING,
            progress=None,
            failure=None,
            price_microusd=casting.price_microusd,
        )
        for casting in cast(plan, Catalogue.load())
    ]
    for waiting in await store.active():
        facts = JobFacts(
            production=waiting,
            plan=plan,
            takes=takes_of,
            position=line.position(waiting.id),
        )
        view = job_card(facts)
        channel = channels[waiting.project_id]
        body = {"components": view.to_components(), "flags": 1 << 15}  # type: ignore[no-untyped-call]
        posted = discord.simulation.dispatch("POST", f"/channels/{channel}/messages", body=body)
        assert isinstance(posted, dict), posted
        rows.append(
            {
                "kind": CardKind.JOB,
                "ref": waiting.id,
                "channel_id": channel,
                "message_id": int(posted["id"]),
                "shown": fingerprint(view),
                "stamp": waiting.accepted_at,
                "settled": 0,
                "created_at": waiting.accepted_at,
                "edited_at": waiting.accepted_at,
            }
        )
    async with database.transaction() as transaction:
        for begin in range(0, len(rows), AT_ONCE):
            await transaction.execute(insert(cards), rows[begin : begin + AT_ONCE])
    await database.close()


async def _channels(database: Database) -> dict[str, int]:
    async with database.transaction() as transaction:
        return {row.id: row.thread_id for row in await transaction.execute(select(projects.c.id, projects.c.thread_id))}
