"""What Groq's headers and words tell of its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from providers.groq.faults import PROVIDER, seconds_in
from providers.quota import DAY, MINUTE, QuotaNote


def quota_notes(headers: Mapping[str, str], *, key_id: str, model: str) -> Iterator[QuotaNote]:
    """What Groq's headers tell: requests count per day, tokens per minute (console.groq.com/docs/rate-limits, 2026-08).

    A limit is whole again when its "reset" has passed: it fills steadily, not at once.
    """
    for what, period in (("requests", DAY), ("tokens", MINUTE)):
        left = headers.get(f"x-ratelimit-remaining-{what}", "")
        resets_in = seconds_in(headers.get(f"x-ratelimit-reset-{what}", ""))
        if re.fullmatch(r"\d{1,12}", left) and resets_in is not None:
            yield QuotaNote(
                provider=PROVIDER,
                key_id=key_id,
                model=model,
                period=period,
                requests=int(left) if what == "requests" else None,
                tokens=int(left) if what == "tokens" else None,
                resets_in=min(resets_in, period),
            )
