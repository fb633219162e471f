"""One shot, from its order to its clip: the real adapter, a Runway on loopback, the camera, the ledger and the pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.proof.checker import balance
from benchmarks.proof.records import CREDIT, Rows
from bot.app.pools import judge
from bot.db import Database, open_database
from bot.jobs.ledger import Ledger, PaidCall
from bot.media.ffmpeg import Ffmpeg
from bot.production.camera import Camera, Order, Rig
from bot.production.model import Take, TakeState
from bot.studio.casting import cast
from providers.runway import Runway
from ratelimit import Allowance, ApiKey, KeyPool, Limits
from sandbox.providers.accounts import Limits as Ceiling
from sandbox.providers.journal import LoggedRequest
from sandbox.providers.world import ProviderWorld
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, OWNER, plan
from tests.faults.invariants import damage, left_behind, secrets_out
from tests.providers.conftest import TLS

#: Of a hurried loop, in seconds: long enough for a busy machine, and for looks that are never answered.
DEADLINE, LOST_AFTER, POST_WITHIN = 900.0, 30.0, 600.0
#: Orders that are sent at most (I11): one for each outage that is borne, and one for each key.
MOST = 8
ACCOUNTS = ("ana", "ben")


class Works:
    """A service, and rows; each shot has a pool, a ledger and a film of its own."""

    def __init__(self, folder: Path, world: ProviderWorld, http: httpx.AsyncClient, database: Database) -> None:
        self.folder = folder
        self.world = world
        self._http = http
        self._database = database
        self._shots = 0

    def shot(
        self, ffmpeg: Ffmpeg, *, url: str | None = None, deadline: float = DEADLINE, within: float = POST_WITHIN
    ) -> Shot:
        """The next one; `url` puts another service in Runway's place."""
        self._shots += 1
        self.world.faults.clear()
        runway = Runway(http=self._http, base_url=url or self.world.runway_url, download_hosts=frozenset({"127.0.0.1"}))
        return Shot(self, self._database, self._shots, Rigged(runway, ffmpeg, deadline, within))


class Shot:
    """A camera and everything that one order meets."""

    def __init__(self, works: Works, database: Database, number: int, rigged: Rigged) -> None:
        self.world = works.world
        self._file = works.folder / "greenlight.sqlite3"
        self._folder = works.folder / f"shot {number}"
        self._press = str(number)
        self._before = len(works.world.requests)
        self._spent_before = self._spent()
        self.office = Office(database)
        self.ledger = Ledger(database)
        self.pool = KeyPool(
            "runway",
            [ApiKey(name, name, f"sandbox-runway-{name}-1") for name in ACCOUNTS],
            limits=Limits(account=Allowance(room=1)),
            judge=judge,
        )
        self.camera = Camera(
            {"runway": Rig(provider=rigged.runway, pool=self.pool)},
            self.ledger,
            self.office.lifecycle,
            rigged.ffmpeg,
            operation_deadline=rigged.deadline,
            lost_after=LOST_AFTER,
            post_within=rigged.within,
        )

    async def order(self) -> Order:
        owner = OWNER + int(self._press)  # somebody else for each: nobody may have so many in the line
        film = await self.office.film(self._press, owner_id=owner)
        production = await self.office.accept(film.id, press=self._press, user_id=owner)
        return Order(
            production_id=production.id,
            project_id=production.project_id,
            owner_id=production.owner_id,
            casting=(casting := cast(plan(), CATALOGUE)[0]),
            price_microusd=casting.price_microusd,
            ratio="16:9",
            start_image=None,
            destination=self._folder / "clip.mp4",
        )

    def sent(self) -> list[LoggedRequest]:
        """Paid POSTs, refused ones included."""
        return [request for request in self.world.requests[self._before :] if request.paid]

    def taken(self) -> list[LoggedRequest]:
        return [request for request in self.sent() if request.accepted]

    def _spent(self) -> int:
        return sum(self.world.accounts.of("runway", name).spent for name in ACCOUNTS)

    async def take(self, order: Order) -> Take:
        return (await self.office.productions.takes_of(order.production_id))[0]

    async def calls(self, order: Order) -> list[PaidCall]:
        return await self.ledger.calls_of(order.production_id)

    def punished(self) -> set[str]:
        """Keys that the pool holds something against."""
        return {key.id for key in self.pool.view().keys if key.refused}

    async def breaches(self, order: Order, *, orders: int) -> list[str]:
        """What of the invariants does not hold after a shot has come to its end; `orders` is how many may be taken."""
        found: list[str] = []
        if len(self.taken()) > orders:
            found.append(f"I2: {len(self.taken())} orders were taken")
        take = await self.take(order)
        if take.state not in {TakeState.MADE, TakeState.FAILED, TakeState.UNKNOWN}:
            found.append(f"I1: the shot is {take.state}")
        everything = {table: Rows.of(self._file)(f"SELECT * FROM {table}") for table in ("takes", "paid_calls")}  # noqa: S608
        calls = [call for call in everything["paid_calls"] if call["job"] == order.production_id]
        found += map(str, balance("runway", calls, (self._spent() - self._spent_before) * CREDIT))
        if negative := [call["key"] for call in calls if call["price_microusd"] < 0]:
            found.append(f"I3: less than nothing for {negative}")
        held = sum(key.in_flight for key in self.pool.view().keys) + len(self.pool._lender.operations)
        if held:
            found.append(f"I3: room is held for {held} orders that are over")
        found += left_behind(order.destination.parent, keeps=[order.destination])
        if len(self.sent()) > MOST:
            found.append(f"I11: {len(self.sent())} orders were sent")
        found += damage(self._file)
        found += secrets_out([f"sandbox-runway-{name}-1" for name in ACCOUNTS], str(everything))
        return found


@dataclass(frozen=True, slots=True)
class Rigged:
    """What the camera of one shot works with."""

    runway: Runway
    ffmpeg: Ffmpeg
    deadline: float
    within: float


@asynccontextmanager
async def works(folder: Path) -> AsyncIterator[Works]:
    database = await open_database(f"sqlite+aiosqlite:///{folder}/greenlight.sqlite3")
    try:
        async with (
            ProviderWorld(directory=folder / "world", limits={"runway": Ceiling()}, stock_films=True) as world,
            httpx.AsyncClient(verify=TLS) as http,
        ):
            yield Works(folder, world, http, database)
    finally:
        await database.close()
