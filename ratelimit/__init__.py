"""The key pool: lends API keys so that no provider's limit is ever crossed and every user gets a fair turn."""

from ratelimit.defaults import DEFAULTS, PoolDefaults
from ratelimit.errors import LeaseTimeout, NoUsableKey, RateLimitError
from ratelimit.fair_queue import FairQueue, Priority
from ratelimit.keys import ApiKey, OpenOperation
from ratelimit.lease import Lease
from ratelimit.limits import Allowance, Cost, Limit, Limits
from ratelimit.meter import Meter, Usage
from ratelimit.pool import KeyPool
from ratelimit.verdicts import BadRequest, Exhausted, Judge, Rejected, Scope, Throttled, Verdict
from ratelimit.views import KeyHealth, KeyView, PoolView

__all__ = [
    "DEFAULTS",
    "Allowance",
    "ApiKey",
    "BadRequest",
    "Cost",
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
    "PoolDefaults",
    "PoolView",
    "Priority",
    "RateLimitError",
    "Rejected",
    "Scope",
    "Throttled",
    "Usage",
    "Verdict",
]
