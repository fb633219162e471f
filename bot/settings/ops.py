"""Where operators are served over HTTP, and who is let in."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.settings.environment import is_loopback

if TYPE_CHECKING:
    from bot.settings.environment import Environment

#: Characters of a token that nobody guesses, taken from 64 or so.
SHORTEST_TOKEN = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsSettings:
    """`port` is 0 where nothing is served. Without a `token` only this machine is let in, and everybody on it.

    Args:
        host: the address to listen on.
        names: by which we may be called beside "localhost" and any address; in lower case.
    """

    host: str
    port: int
    token: str | None = field(repr=False)
    names: frozenset[str]


def read_ops(environment: Environment) -> OpsSettings:
    host = environment.text("OPS_HOST") or "127.0.0.1"
    if not _is_address(host):
        environment.fault("OPS_HOST", "is not an address", "give one such as 127.0.0.1, 0.0.0.0 or ::1")
        host = "127.0.0.1"
    port, token = environment.limit("OPS_PORT"), environment.text("OPS_TOKEN")
    if token is not None and not re.fullmatch(rf"[!-~]{{{SHORTEST_TOKEN},}}", token):
        environment.fault(
            "OPS_TOKEN",
            f"is shorter than {SHORTEST_TOKEN} characters, or holds others than letters, digits and signs",
            'make one: python -c "import secrets; print(secrets.token_urlsafe())"',
        )
    elif token is None and port and not is_loopback(host) and not environment.is_set("OPS_TOKEN"):
        environment.fault(
            "OPS_TOKEN",
            "is not set, and OPS_HOST lets in others than this machine",
            "set it, or leave OPS_HOST at 127.0.0.1",
        )
    names = frozenset(name.lower() for name in environment.items("OPS_HOSTS"))
    if not all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", name) for name in names):
        environment.fault("OPS_HOSTS", "holds something that is not a host's name", "give names without port or slash")
    return OpsSettings(host=host, port=port, token=token, names=names)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
