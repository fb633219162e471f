"""Limits as we assume them, with the operator's in their place."""

from __future__ import annotations

import pytest

from bot.settings import Amount, LimitSetting, ProviderKey, ProviderSettings
from bot.settings.services import PROVIDERS, Provider
from bot.studio.account_limits import limits_by_account, limits_of_all, unknown_models
from providers.catalogue import Catalogue
from ratelimit import DAY, DEFAULTS, Allowance, DayLimit, Limit, Limits

GEMINI, RUNWAY = DEFAULTS["gemini"], DEFAULTS["runway"]
OMNI = "gemini-omni-1.2-flash"


def requests(number: int, period: float = 60.0) -> Amount:
    return Amount(number, "requests", period)


@pytest.mark.parametrize("name", DEFAULTS)
def test_where_nothing_is_said_the_platforms_limits_hold(name: str) -> None:
    assert limits_of_all(DEFAULTS[name], ()) == DEFAULTS[name].limits
    assert limits_by_account(DEFAULTS[name], ()) == {}


def test_an_amount_takes_the_place_of_the_one_over_the_same_period_and_stands_beside_the_others() -> None:
    said = LimitSetting(amounts=(requests(60), Amount(250_000, "tokens", 60.0), requests(1500, DAY)))

    limits = limits_of_all(GEMINI, [said])

    assert limits.account.rates == (Limit(60, 250_000, 60.0), DayLimit(1500, zone="America/Los_Angeles"))


def test_a_day_rolls_where_the_service_has_no_midnight() -> None:
    assert limits_of_all(RUNWAY, [LimitSetting(amounts=(requests(50, DAY),))]).account.rates[1] == Limit(50, period=DAY)


def test_room_is_counted_where_the_service_counts_it() -> None:
    said = [LimitSetting(room=7)]

    assert limits_of_all(RUNWAY, said).each_model == Allowance(room=7)
    assert limits_of_all(RUNWAY, said).account.room is None
    assert limits_of_all(GEMINI, said).for_model(OMNI).room == 7
    assert limits_of_all(GEMINI, said).for_model("gemini-3.8-flash").room is None
    assert limits_of_all(DEFAULTS["elevenlabs"], said).account.room == 7
    assert limits_of_all(DEFAULTS["groq"], said).account.room == 7


def test_a_model_keeps_what_is_not_said_of_it() -> None:
    limits = limits_of_all(GEMINI, [LimitSetting(model=OMNI, amounts=(requests(5),))])

    assert limits.for_model(OMNI) == Allowance(rates=(Limit(5),), room=4)
    assert limits.account == GEMINI.limits.account


def test_an_account_has_what_holds_for_all_and_what_is_said_of_it_alone() -> None:
    said = [
        LimitSetting(amounts=(requests(20),)),
        LimitSetting(model=OMNI, room=2),
        LimitSetting(account="b", amounts=(requests(60),)),
        LimitSetting(account="b", model=OMNI, room=9),
        LimitSetting(account="c", room=3),
    ]

    everybody, named = limits_of_all(GEMINI, said), limits_by_account(GEMINI, said)

    def facts(limits: Limits) -> tuple[object, int | None]:
        return limits.account.rates[0].requests, limits.for_model(OMNI).room

    assert facts(everybody) == (20, 2)
    assert {name: facts(limits) for name, limits in named.items()} == {"b": (60, 9), "c": (20, 3)}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_what_the_example_says_we_assume_is_what_we_assume(provider: Provider) -> None:
    defaults = DEFAULTS[provider.name]

    assert defaults.limits.account.rates == (Limit(provider.requests_per_minute, period=60.0),)
    assert (defaults.cooldown, defaults.max_retries, defaults.backoff) == (provider.cooldown, 3, 1.0)
    assert ("California" in provider.days) == (defaults.day_zone == "America/Los_Angeles")


def test_a_model_that_is_not_offered_is_noticed() -> None:
    said = (
        LimitSetting(model="gen4.5", room=1),
        LimitSetting(account="a", model="gen45", room=1),
        LimitSetting(room=1),
    )
    settings = ProviderSettings(name="runway", keys=(ProviderKey("k", "a", "fake"),), limits=said)

    assert unknown_models(Catalogue.load(), settings) == {"gen45"}
