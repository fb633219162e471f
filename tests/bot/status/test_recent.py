"""What counts as lately: the last hour, whatever was before, and all of it while the bot is young."""

from __future__ import annotations

from bot.app.pools import build_pools
from bot.settings import LendingSettings
from bot.status.recent import Look, Recent
from providers.errors import RateLimited
from ratelimit import KeyPool, Priority
from tests.bot.app.test_pools import settings


def pool() -> KeyPool:
    return build_pools({"runway": settings("runway")}, LendingSettings(skew=0.25, patience=60.0))["runway"]


async def ask(of: KeyPool, times: int, **target: str) -> None:
    for _ in range(times):
        async with of.lease(user="a", priority=Priority.HIGH, **target):  # type: ignore[arg-type]
            pass


async def test_before_the_first_look_everything_is_lately() -> None:
    ours = pool()
    await ask(ours, 2)

    assert sum(Recent({"runway": ours}).lately("runway").asked.values()) == 2


async def test_an_hour_later_it_is_not_lately_any_more() -> None:
    ours = pool()
    recent = Recent({"runway": ours}, period=3600.0)
    recent.note(0.0)
    await ask(ours, 2)
    recent.note(60.0)
    await ask(ours, 1)
    within = recent.lately("runway")
    recent.note(3660.0)
    later = recent.lately("runway")

    assert sum(within.asked.values()) == 3
    assert within.waits[Priority.HIGH].count == 3
    assert sum(later.asked.values()) == 1


async def test_what_keys_met_is_counted_by_its_name() -> None:
    ours = pool()
    before = Look.at(ours)
    ours.report(RateLimited("runway", retry_after=5.0), key_id=ours.view().keys[0].id)

    assert Look.at(ours).since(before).by_verdict() == {"Throttled": 1}
    assert not Look.at(ours).since(Look.at(ours)).verdicts
