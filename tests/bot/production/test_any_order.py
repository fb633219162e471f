"""Whatever people do to films, in any order and at once, while orders go wrong and processes die: promises hold.

A state machine over real rows: plans are edited, greenlit, approved, cancelled and decided on by their owner, by a
stranger, an operator and an approver; orders meet every fate. `GREENLIGHT_EXAMPLES=2000` looks for longer.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from benchmarks.proof.checker import attempts, balance, bought, closed, known_words, settled, shots_left_out
from benchmarks.proof.records import Row, Rows
from benchmarks.proof.records import Taken as Order
from bot.db import Database, open_database
from bot.production.decisions import Decision
from bot.studio.budget import Caps
from bot.studio.errors import StudioError
from tests.bot.production.house import (
    APPROVER,
    APPROVERS,
    OPERATOR,
    OWNER,
    PRICE,
    STRANGER,
    Fate,
    House,
    Service,
    plan_of,
    together,
)
from tests.bot.production.hurry import HurriedLoop
from tests.bot.studio.samples import request

EXAMPLES = int(os.environ.get("GREENLIGHT_EXAMPLES", "0"))
MONTH = 40 * 86_400.0
UNDER_WAY = {"asking", "accepted", "running", "held"}
#: Whose films there are; shots of a plan above two have to be approved.
OWNERS = (OWNER, OWNER, STRANGER)
CAPS = Caps(
    film_microusd=4 * PRICE,
    user_day_microusd=7 * PRICE,
    guild_month_microusd=9 * PRICE,
    bot_day_microusd=10 * PRICE,
    approval_above_microusd=2 * PRICE,
)


class Kind(StrEnum):
    GREENLIGHT = "greenlight"
    GREENLIGHT_STALE = "greenlight an older plan"
    EDIT = "edit"
    RETAKE = "another take of a shot"
    CANCEL = "cancel"
    AGAIN = "again"
    WITHOUT = "without"
    STOP = "stop"
    APPROVE = "approve"
    DECLINE = "decline"


#: What an operator may do to another's film, and an approver.
OPERATORS = {Kind.CANCEL, Kind.AGAIN, Kind.WITHOUT, Kind.STOP, Kind.APPROVE, Kind.DECLINE}
JUDGING = {Kind.APPROVE, Kind.DECLINE}
#: What there is to do to a film whose last production is so: what makes sense first, and what does not.
TO_DO = {
    "asking": (Kind.APPROVE, Kind.DECLINE, Kind.CANCEL, Kind.GREENLIGHT),
    "accepted": (Kind.CANCEL, Kind.EDIT, Kind.GREENLIGHT),
    "running": (Kind.CANCEL, Kind.EDIT, Kind.GREENLIGHT),
    "held": (Kind.AGAIN, Kind.WITHOUT, Kind.STOP, Kind.GREENLIGHT),
    "over": (Kind.GREENLIGHT, Kind.EDIT, Kind.GREENLIGHT_STALE, Kind.RETAKE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody does to a film; a repeated press is the same press again."""

    who: int
    kind: Kind
    film: int
    shots: int
    repeated: bool

    @property
    def is_allowed(self) -> bool:
        if self.who == OPERATOR:
            return self.kind in OPERATORS
        if self.kind in JUDGING:
            return self.who == APPROVER
        return self.who == OWNERS[self.film]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A deed before it is known how the film stands: `choice` picks of what there is to do, or anything at all."""

    choice: int
    sensible: bool
    who: int  # 0 for its owner
    film: int
    shots: int
    repeated: bool

    def deed(self, state: str) -> Deed:
        kinds = TO_DO.get(state, TO_DO["over"]) if self.sensible else tuple(Kind)
        return Deed(
            who=self.who or OWNERS[self.film],
            kind=kinds[self.choice % len(kinds)],
            film=self.film,
            shots=self.shots,
            repeated=self.repeated,
        )


WISHES = st.builds(
    Wish,
    choice=st.integers(0, 11),
    sensible=st.sampled_from([True, True, True, False]),
    who=st.sampled_from([0, 0, 0, OWNER, STRANGER, OPERATOR, APPROVER]),
    film=st.integers(0, len(OWNERS) - 1),
    shots=st.integers(1, 3),
    repeated=st.sampled_from([False, False, True]),
)
AT_ONCE = st.lists(WISHES, min_size=1, max_size=3)
FATES = st.lists(st.sampled_from([*Fate, Fate.TAKEN, Fate.LATE]), max_size=4)


class AnyOrder(RuleBasedStateMachine):
    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]
    folder: ClassVar[Path]
    rows: ClassVar[Rows]
    months: ClassVar[int] = 0

    @initialize(fates=st.lists(st.sampled_from(Fate), min_size=3, max_size=6), greenlit=st.integers(0, len(OWNERS)))
    def open(self, fates: list[Fate], greenlit: int) -> None:
        """Each story has a month of its own, so that one database serves them all; some films were made before it."""
        type(self).months += 1
        self.service = Service()
        self.presses = 0
        self.versions = [1] * len(OWNERS)
        self.house = House(self.database, self.folder, self.service, CAPS, self.months * MONTH)
        self.films = [self._run(self._film(number)) for number in range(len(OWNERS))]
        for film, owner in list(enumerate(OWNERS))[:greenlit]:
            self._run(self._deed(Deed(who=owner, kind=Kind.GREENLIGHT, film=film, shots=2, repeated=False)))
        self.work(fates)

    async def _film(self, number: int) -> str:
        asked = request(f"{self.months}-{number}", owner_id=OWNERS[number])
        project, _ = await self.house.projects.create(asked, model="gen4.5")
        await self.house.projects.keep_plan(project.id, plan_of(self._name(number), 1, 2))
        return project.id

    def _name(self, film: int) -> str:
        return f"story {self.months} film {film}"

    # --- what happens

    @rule(wishes=AT_ONCE, fates=FATES, works=st.booleans())
    def do(self, wishes: list[Wish], fates: list[Fate], works: bool) -> None:
        deeds = self._deeds(wishes)
        before = self._state()
        audited = self._audited()
        outcomes = self._run(together(*(self._deed(deed) for deed in deeds)))
        self._check(deeds, outcomes)
        if not any(deed.is_allowed for deed in deeds):
            assert self._state() == before, deeds
        if {deed.who for deed in deeds} == {OPERATOR} and self._state() != before:
            assert self._audited() > audited, deeds
        if works:
            self.work(fates)

    @rule(fates=FATES)
    def work(self, fates: list[Fate]) -> None:
        self.service.fates.extend(fates)
        self._run(self.house.work())

    @rule(fates=FATES, wishes=AT_ONCE, after=st.sampled_from([0.0, 0.05, 0.3, 0.7]))
    def work_and_do(self, fates: list[Fate], wishes: list[Wish], after: float) -> None:
        deeds = self._deeds(wishes)
        self.service.fates.extend(fates)

        async def meanwhile(deed: Deed) -> None:
            await asyncio.sleep(after)
            await self._deed(deed)

        outcomes = self._run(together(self.house.work(), *(meanwhile(deed) for deed in deeds)))
        assert outcomes[0] is None, outcomes[0]
        self._check(deeds, outcomes[1:])

    @rule(fate=st.sampled_from([Fate.MADE, Fate.BROKEN, Fate.SPOILT, Fate.LATE]))
    def late_result(self, fate: Fate) -> None:
        self.service.finish(fate)
        self._run(self.house.look_for_late())

    @rule(film=st.integers(0, len(OWNERS) - 1))
    def everybody_tries_what_they_may_not(self, film: int) -> None:
        before = self._state()
        state = next(
            (row["state"] for row in reversed(self._productions()) if row["project_id"] == self.films[film]), ""
        )
        for kind in TO_DO.get(state, TO_DO["over"]):
            for who in (OWNER, STRANGER, OPERATOR, APPROVER):
                deed = Deed(who=who, kind=kind, film=film, shots=1, repeated=False)
                if not deed.is_allowed:
                    self._check([deed], self._run(together(self._deed(deed))))
        assert self._state() == before, state

    @rule()
    def restart(self) -> None:
        self._run(self.house.restart())

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        for film in range(len(OWNERS)):
            self.everybody_tries_what_they_may_not(film)
        self.service.fates.clear()
        self._run(self.house.settle_down())
        self.keeps_its_promises()
        told = {(name, run) for name, run, _ in self.house.told}
        for production in self._productions():
            assert production["state"] not in {"accepted", "running"}, production
            if production["state"] in {"held", "done", "failed"}:
                assert (production["id"], production["run"]) in told, production

    # --- what always holds

    @invariant()
    def keeps_its_promises(self) -> None:
        if not hasattr(self, "films"):
            return
        productions, calls = self._productions(), self._calls()
        orders = [Order(service="runway", words=each.words, price_microusd=PRICE) for each in self.service.taken]
        charged = sum(PRICE for order in self.service.taken if order.charged)
        kept = self._reservations()
        words = known_words(self.rows, productions, calls)
        idle = [each for each in productions if each["state"] != "running"]
        breaches = [
            *attempts(calls),
            *bought(words, orders),
            *balance("runway", calls, charged),
            *settled(idle, calls, kept),
            *closed(productions, calls, shots_left_out(self.rows)),
        ]
        assert not breaches, breaches
        self._check_caps(list(kept.values()))
        under_way = Counter(each["project_id"] for each in productions if each["state"] in UNDER_WAY)
        assert not under_way or max(under_way.values()) == 1, under_way
        told = Counter((name, run) for name, run, _ in self.house.told)
        assert not told or max(told.values()) == 1, told

    def _check_caps(self, kept: list[Row]) -> None:
        """Whatever became of it: what people are charged or may be, and for the bot also what was lost."""

        def spent(row: Row) -> int:
            counts = row["reserved_microusd"] if row["settled_microusd"] is None else row["settled_microusd"]
            assert counts <= row["reserved_microusd"] <= (CAPS.film_microusd or 0), row
            return int(counts)

        for owner in set(OWNERS):
            assert sum(spent(row) for row in kept if row["owner_id"] == owner) <= (CAPS.user_day_microusd or 0)
        assert sum(map(spent, kept)) <= (CAPS.guild_month_microusd or 0)
        lost = sum(row["written_off_microusd"] for row in kept)
        assert sum(map(spent, kept)) + lost <= (CAPS.bot_day_microusd or 0), kept

    # --- how

    def _deeds(self, wishes: list[Wish]) -> list[Deed]:
        states = {row["project_id"]: row["state"] for row in self._productions()}
        return [wish.deed(states.get(self.films[wish.film], "over")) for wish in wishes]

    async def _deed(self, deed: Deed) -> None:
        desk, project_id, who = self.house.desk, self.films[deed.film], deed.who
        if deed.kind is Kind.EDIT:
            await self._edit(deed)
            return
        if deed.kind is Kind.RETAKE:
            version = self.versions[deed.film]
            made = await self.house.retakes.another(project_id=project_id, version=version, shot=1, user_id=who)
            self.versions[deed.film] = made.plan.version
            return
        if deed.kind in {Kind.GREENLIGHT, Kind.GREENLIGHT_STALE}:
            self.presses += not deed.repeated
            version = self.versions[deed.film] - (deed.kind is Kind.GREENLIGHT_STALE)
            press = f"{self.months}/{deed.film}/{who}/{self.presses}"
            await desk.greenlight(request_id=press, project_id=project_id, version=version, user_id=who)
            return
        production = await self.house.productions.latest_of(project_id)
        if production is None:
            raise StudioError
        match deed.kind:
            case Kind.CANCEL:
                await desk.cancel(production_id=production.id, user_id=who)
            case Kind.APPROVE | Kind.DECLINE:
                roles = frozenset({APPROVERS} if who == APPROVER else ())
                approves = deed.kind is Kind.APPROVE
                await desk.judge(production_id=production.id, user_id=who, role_ids=roles, approves=approves)
            case _:
                await desk.decide(Decision(deed.kind.value), production_id=production.id, user_id=who)

    async def _edit(self, deed: Deed) -> None:
        """Say what should change; the answer is the next version."""
        project = await self.house.projects.get(self.films[deed.film])
        await self.house.desk.say(project, message_id=None, author_id=deed.who, words="change it", attachment=None)
        version = self.versions[deed.film] + 1
        await self.house.projects.keep_plan(project.id, plan_of(self._name(deed.film), version, deed.shots))
        self.versions[deed.film] = version

    def _check(self, deeds: list[Deed], outcomes: list[object]) -> None:
        for deed, outcome in zip(deeds, outcomes, strict=True):
            if outcome is not None and not isinstance(outcome, StudioError):
                assert isinstance(outcome, BaseException)
                raise outcome
            assert deed.is_allowed or outcome is not None, deed

    def _state(self) -> list[object]:
        return [self._productions(), self._calls(), self._reservations(), self.versions]

    def _productions(self) -> list[Row]:
        rows = self.rows("SELECT * FROM productions ORDER BY accepted_at, id")
        return [row for row in rows if row["project_id"] in self.films]

    def _calls(self) -> list[Row]:
        ours = {row["id"] for row in self._productions()}
        return [row for row in self.rows("SELECT * FROM paid_calls ORDER BY key") if row["job"] in ours]

    def _reservations(self) -> dict[str, Row]:
        ours = {row["id"] for row in self._productions()}
        return {row["id"]: row for row in self.rows("SELECT * FROM reservations") if row["id"] in ours}

    def _audited(self) -> int:
        return len(self.rows("SELECT id FROM audit"))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)


def test_in_any_order_and_at_once_nothing_is_lost_overspent_or_done_by_strangers(tmp_path: Path) -> None:
    file = tmp_path / "greenlight.db"
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        AnyOrder.runner, AnyOrder.folder, AnyOrder.rows, AnyOrder.months = runner, tmp_path, Rows.of(file), 0
        AnyOrder.database = runner.run(open_database(f"sqlite+aiosqlite:///{file}"))
        AnyOrder.database.engine.pool._timeout = 3600.0  # type: ignore[attr-defined]  # this loop's seconds are short
        try:
            run_state_machine_as_test(
                AnyOrder,
                settings=settings(
                    max_examples=EXAMPLES or 20,
                    stateful_step_count=50 if EXAMPLES else 20,
                    derandomize=not EXAMPLES,
                    deadline=None,
                    phases=list(Phase) if EXAMPLES else [Phase.generate],  # what broke is soon told; why takes longer
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(AnyOrder.database.close())
