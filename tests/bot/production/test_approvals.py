"""Films that ask: who may let them go on, and what becomes of their money."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.db import Database
from bot.db.tables import audit, productions, reservations
from bot.jobs.wake import Wake
from bot.production.approvals import PATIENCE, Approvals
from bot.production.greenlights import Greenlights
from bot.production.lifecycle import Lifecycle
from bot.production.model import ProductionState
from bot.studio.budget import Budgets, Caps, Kind
from bot.studio.errors import DecidedAlready, NotApprover, OverBudget
from bot.studio.guilds import Guilds, GuildSettings
from bot.studio.participants import Participants
from bot.studio.rights import Role
from tests.bot.production.test_productions import FRIEND, STRANGER, Office
from tests.bot.studio.samples import OWNER

OPERATOR, ROLE = 9009, 77
PRICE = 1_800_000


class Bureau(Office):
    def __init__(self, database: Database, caps: Caps) -> None:
        super().__init__(database)
        self.database = database
        budgets = Budgets(database, caps, clock=lambda: self.now)
        self.greenlights = Greenlights(database, Wake(), budgets=budgets, clock=lambda: self.now)
        self.lifecycle = Lifecycle(database, Wake(), budgets=budgets, clock=lambda: self.now)
        self.approvals = Approvals(
            database,
            self.productions,
            budgets,
            Wake(),
            operators=frozenset({OPERATOR}),
            approver_roles=frozenset({ROLE}),
            guilds=Guilds(database),
            clock=lambda: self.now,
        )

    async def money(self) -> list[tuple[int, int | None]]:
        query = select(reservations.c.reserved_microusd, reservations.c.settled_microusd)
        async with self.database.transaction() as transaction:
            return [(row[0], row[1]) for row in await transaction.execute(query)]


@pytest.fixture
def bureau(database: Database) -> Bureau:
    return Bureau(database, Caps(approval_above_microusd=PRICE - 1))


async def test_a_dear_film_asks_and_neither_owner_nor_stranger_may_answer(bureau: Bureau) -> None:
    production = await bureau.accept((await bureau.film()).id)
    assert production.state is ProductionState.ASKING
    assert await bureau.productions.active() == []

    for user_id, roles in ((OWNER, {ROLE}), (STRANGER, set[int]()), (STRANGER, {78})):
        with pytest.raises(NotApprover):
            await bureau.approvals.approve(production.id, user_id, frozenset(roles))
    assert await bureau.state(production) is ProductionState.ASKING


async def test_who_greenlit_a_film_of_anothers_does_not_approve_its_price_as_well(bureau: Bureau) -> None:
    project = await bureau.film()
    people = Participants(bureau.database, Wake())
    await people.invite(project.id, owner_id=OWNER, user_id=FRIEND, role=Role.APPROVER)
    production = await bureau.accept(project.id, user_id=FRIEND)

    with pytest.raises(NotApprover):
        await bureau.approvals.approve(production.id, FRIEND, frozenset({ROLE}))


@pytest.mark.parametrize(("user_id", "roles"), [(OPERATOR, []), (STRANGER, [ROLE])])
async def test_an_operator_or_a_member_of_the_role_approves_once_and_is_written_down(
    bureau: Bureau, user_id: int, roles: list[int]
) -> None:
    production = await bureau.accept((await bureau.film()).id)
    await bureau.approvals.approve(production.id, user_id, frozenset(roles))
    with pytest.raises(DecidedAlready):
        await bureau.approvals.decline(production.id, user_id, frozenset(roles))

    approved = await bureau.productions.get(production.id)
    assert (approved.state, approved.approved_by) == (ProductionState.ACCEPTED, user_id)
    async with bureau.database.transaction() as transaction:
        deeds = [(row.actor_id, row.action, row.ref) for row in await transaction.execute(select(audit))]
    assert deeds == [(user_id, "approve", production.id)]
    assert await bureau.money() == [(PRICE, None)]


async def test_a_deleted_film_is_not_approved_any_more(bureau: Bureau) -> None:
    production = await bureau.accept((await bureau.film()).id)
    await bureau.delete(production)

    with pytest.raises(DecidedAlready):
        await bureau.approvals.approve(production.id, OPERATOR, frozenset())
    assert await bureau.state(production) is ProductionState.ASKING
    await bureau.approvals.decline(production.id, OPERATOR, frozenset())
    assert await bureau.money() == [(PRICE, 0)]


async def test_what_is_declined_ends_and_costs_nothing(bureau: Bureau) -> None:
    production = await bureau.accept((await bureau.film()).id)
    await bureau.approvals.decline(production.id, OPERATOR, frozenset())

    declined = await bureau.productions.get(production.id)
    assert (declined.state, declined.failure) == (ProductionState.CANCELLED, "Declined")
    assert await bureau.money() == [(PRICE, 0)]


async def test_what_nobody_decides_on_ends_after_three_days(bureau: Bureau) -> None:
    production = await bureau.accept((await bureau.film()).id)
    bureau.now += PATIENCE - 1
    await bureau.approvals.end_overdue()
    assert await bureau.state(production) is ProductionState.ASKING
    bureau.now += 1
    await bureau.approvals.end_overdue()
    assert (await bureau.productions.get(production.id)).failure == "NotApproved"
    assert await bureau.money() == [(PRICE, 0)]


async def test_what_was_kept_aside_for_the_storyboard_of_a_film_that_has_gone_is_free_again(bureau: Bureau) -> None:
    async with bureau.database.transaction() as transaction:
        await Budgets(bureau.database).reserve(
            transaction, id="board", kind=Kind.STORYBOARD, owner_id=OWNER, guild_id=None, amount_microusd=40_000
        )

    await bureau.approvals.end_overdue()

    assert await bureau.money() == [(40_000, 0)]


async def test_its_owner_may_cancel_while_it_asks(bureau: Bureau) -> None:
    production = await bureau.accept((await bureau.film()).id)
    assert (await bureau.lifecycle.stop(production.id, OWNER)).state is ProductionState.CANCELLED
    assert await bureau.money() == [(PRICE, 0)]


async def test_a_greenlight_over_a_cap_changes_nothing(database: Database) -> None:
    bureau = Bureau(database, Caps(user_day_microusd=2 * PRICE - 1))
    first, second = await bureau.film("1"), await bureau.film("2")
    kept = await bureau.accept(first.id, press="1")
    with pytest.raises(OverBudget):
        await bureau.accept(second.id, press="2")
    assert await bureau.productions.active() == [kept]
    assert await bureau.money() == [(PRICE, None)]

    await bureau.lifecycle.begin(kept.id)
    await bureau.lifecycle.end(kept.id, ProductionState.FAILED)
    assert await bureau.money() == [(PRICE, 0)]
    await bureau.accept(second.id, press="2")


async def test_a_held_film_keeps_its_money(bureau: Bureau, database: Database) -> None:
    free = Bureau(database, Caps())
    production = await free.accept((await free.film()).id)
    await free.lifecycle.begin(production.id)
    await free.lifecycle.end(production.id, ProductionState.HELD)
    assert await free.money() == [(PRICE, None)]


async def test_a_role_that_a_server_named_approves_films_of_that_server_only(bureau: Bureau) -> None:
    here, there = await bureau.film("1"), await bureau.film("2")
    assert here.guild_id is not None
    films = [await bureau.accept(film.id, press=film.id) for film in (here, there)]
    async with bureau.database.transaction() as transaction:
        elsewhere = update(productions).where(productions.c.id == films[1].id).values(guild_id=here.guild_id + 1)
        await transaction.execute(elsewhere)
    await Guilds(bureau.database).change(here.guild_id, lambda _: GuildSettings(approver_roles=frozenset({55})))

    await bureau.approvals.approve(films[0].id, STRANGER, frozenset({55}))
    with pytest.raises(NotApprover):
        await bureau.approvals.approve(films[1].id, STRANGER, frozenset({55}))
