"""How to log in to Discord, and where it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from bot.settings.environment import Environment

# Attachments carry addresses at these two hosts.
# Source: Discord's reference, "Signed Attachment CDN URLs", checked 2026-11-22.
_PUBLIC_ORIGINS = frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordEndpoints:
    """Another Discord than the public one. Always all three: with the API's alone, the bot would open the real
    gateway and hand it the local token.
    """

    api_url: str
    gateway_url: str
    cdn_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordSettings:
    """`endpoints` is `None` for the public Discord; `operator_channel_id` is where those who run the bot are told what
    is not well, `None` for a direct message to each.
    """

    token: str = field(repr=False)
    endpoints: DiscordEndpoints | None
    operator_ids: frozenset[int]
    operator_channel_id: int | None

    @property
    def download_origins(self) -> frozenset[str]:
        """The only origins (`scheme://host[:port]`, lower case) that uploads may be fetched from."""
        if self.endpoints is None:
            return _PUBLIC_ORIGINS
        parts = urlsplit(self.endpoints.cdn_url)
        usual_port = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = "" if parts.port in {None, usual_port} else f":{parts.port}"
        return frozenset({f"{parts.scheme}://{host}{port}"})


def read_discord(environment: Environment) -> DiscordSettings:
    return DiscordSettings(
        token=_read_token(environment),
        endpoints=_read_endpoints(environment),
        operator_ids=environment.discord_ids("OPERATOR_IDS"),
        operator_channel_id=next(iter(environment.discord_ids("OPERATOR_CHANNEL_ID")), None),
    )


def _read_token(environment: Environment) -> str:
    name = "DISCORD_TOKEN"
    token = environment.text(name)
    if token is None:
        if not environment.is_set(name):
            environment.fault(name, "is not set", "copy it from the Bot page of Discord's developer portal")
        return ""
    if token.startswith(("Bot ", "Bearer ")):
        environment.fault(name, "begins with a word before the token", "leave that word out")
    elif not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII):
        environment.fault(
            name,
            "is not a bot token (three parts with dots between them)",
            "copy the token, not the application's id, public key or client secret",
        )
    return token


def _read_endpoints(environment: Environment) -> DiscordEndpoints | None:
    names = ("DISCORD_API_URL", "DISCORD_GATEWAY_URL", "DISCORD_CDN_URL")
    missing = [name for name in names if not environment.is_set(name)]
    if len(missing) == len(names):
        return None
    for name in missing:
        environment.fault(name, "is missing beside the others", f"set all of {', '.join(names)}, or none")
    api_url, gateway_url, cdn_url = names
    return DiscordEndpoints(
        api_url=environment.url(api_url) or "",
        gateway_url=environment.url(gateway_url, "ws") or "",
        cdn_url=environment.url(cdn_url) or "",
    )
