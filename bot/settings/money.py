"""What may be spent, and who allows what costs more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneySettings:
    """Caps in micro-dollars. `approval_above_microusd` is `None` where nothing needs approval."""

    film_microusd: int
    user_day_microusd: int
    guild_month_microusd: int
    day_microusd: int
    approval_above_microusd: int | None
    approver_role_ids: frozenset[int]


def read_money(environment: Environment) -> MoneySettings:
    user_day = environment.microusd("MAX_USD_PER_USER_DAY") or 0
    day = environment.microusd("MAX_USD_PER_DAY") or 0
    if user_day > day:
        if environment.is_set("MAX_USD_PER_USER_DAY"):
            remedy = "lower it, or raise MAX_USD_PER_DAY"
            environment.fault("MAX_USD_PER_USER_DAY", "is more than MAX_USD_PER_DAY allows everybody together", remedy)
        user_day = day  # its default gives way to what was decided
    return MoneySettings(
        film_microusd=environment.microusd("MAX_USD_PER_FILM") or 0,
        user_day_microusd=user_day,
        guild_month_microusd=environment.microusd("MAX_USD_PER_GUILD_MONTH") or 0,
        day_microusd=day,
        approval_above_microusd=environment.microusd("APPROVAL_ABOVE_USD"),
        approver_role_ids=environment.discord_ids("APPROVER_ROLE_IDS"),
    )
