"""Whether a bot answers: `python -m bot health`, for those who start and stop it. Loads next to nothing."""

from __future__ import annotations

import http.client
import json

from bot.settings import OpsSettings

#: Seconds after which a bot that does not answer stands still.
WITHIN = 5.0
#: Where to knock at who listens everywhere.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nobody listens there because of this


def address(ops: OpsSettings) -> tuple[str, int]:
    return _EVERYWHERE.get(ops.host, ops.host), ops.port


def is_alive(place: tuple[str, int]) -> bool:
    """Whether a bot of ours answers at a host and port. Blocks for `WITHIN` seconds at most."""
    connection = http.client.HTTPConnection(*place, timeout=WITHIN)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read(1024)) == {"status": "ok"}
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
