"""The key pool: lends API keys so that no provider's limit is ever crossed and every user gets a fair turn."""

from ratelimit.book import Book
from ratelimit.counters import WAITS, Counters, Waits
from ratelimit.defaults import DEFAULTS, PoolDefaults
from ratelimit.errors import LeaseTimeout, NoUsableKey, RateLimitError
from ratelimit.fair_queue import FairQueue, Priority
from ratelimit.keys import ApiKey, OpenOperation
from ratelimit.lease import Lease
from ratelimit.limits import DAY, Allowance, Cost, DayLimit, Limit, Limits, Rate
from ratelimit.meter import Meter
from ratelimit.outlook import Outlook
from ratelimit.pool import KeyPool
from ratelimit.usage import Ask, Entry, StoreAway, Turn, UsageStore
from ratelimit.verdicts import (
    BadRequest,
    Exhausted,
    Judge,
    Rejected,
    Remaining,
    Scope,
    Throttled,
    Unavailable,
    Verdict,
)
from ratelimit.views import KeyHealth, KeyView, PoolView
from ratelimit.window import Usage

__all__ = [
    "DAY",
    "DEFAULTS",
    "WAITS",
    "Allowance",
    "ApiKey",
    "Ask",
    "BadRequest",
    "Book",
    "Cost",
    "Counters",
    "DayLimit",
    "Entry",
    "Exhausted",
    "FairQueue",
    "Judge",
    "KeyHealth",
    "KeyPool",
    "KeyView",
    "Lease",
    "LeaseTimeout",
    "Limit",
    "Limits",
    "Meter",
    "NoUsableKey",
    "OpenOperation",
    "Outlook",
    "PoolDefaults",
    "PoolView",
    "Priority",
    "Rate",
    "RateLimitError",
    "Rejected",
    "Remaining",
    "Scope",
    "StoreAway",
    "Throttled",
    "Turn",
    "Unavailable",
    "Usage",
    "UsageStore",
    "Verdict",
    "Waits",
]
