"""Does every key of every service open it? Asked with calls that cost nothing: lists of models, accounts, tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from bot.ops.deployment import Answer, Question, fail, note, ok, warn
from bot.settings import ProviderKey, ProviderSettings, Settings
from bot.status.service_findings import LOW
from providers.catalogue import Catalogue
from providers.errors import KeyRejected, ProviderError, QuotaExhausted, RateLimited, Unavailable
from providers.registry import Providers
from providers.standing import AccountStanding
from providers.vertex import VertexClients


def questions(settings: Settings, providers: Providers, vertex: VertexClients, catalogue: Catalogue) -> list[Question]:
    """One for each key."""
    return [
        Question(
            about=key.id,
            ask=partial(_try, name, service, key, providers, vertex, catalogue),
            remedy="is the network open to the service? Look at its status page",
        )
        for name, service in settings.providers.items()
        for key in service.keys
    ]


async def _try(
    name: str,
    service: ProviderSettings,
    key: ProviderKey,
    providers: Providers,
    vertex: VertexClients,
    catalogue: Catalogue,
) -> AsyncIterator[Answer]:
    try:
        async for answer in _open(name, key, providers, vertex, catalogue):
            yield answer
    except (ProviderError, OSError) as error:
        yield _refusal(name, service, key, error)


async def _open(
    name: str, key: ProviderKey, providers: Providers, vertex: VertexClients, catalogue: Catalogue
) -> AsyncIterator[Answer]:
    if name == "vertex":
        _, bought = await vertex.of(key)
        if bought.is_token:
            yield ok(key.id, "the account was given a token")
        else:
            yield note(key.id, "not tried: Vertex has no free call for an API key")
    if name in providers.listers:
        listed = await providers.listers[name].listed(key)
        ours = {model.id for model in catalogue.models() if model.provider == name and not catalogue.is_over(model)}
        if ours & listed:
            yield ok(key.id, f"opens {name}; {len(ours & listed)} of our {len(ours)} models are on its list")
        else:
            text = "opens the service, but none of our models is on its list"
            yield warn(key.id, text, "see python -m bot models --check")
    if name in providers.readers:
        yield _credit(key, await providers.readers[name].standing(key))


def _refusal(name: str, service: ProviderSettings, key: ProviderKey, error: ProviderError | OSError) -> Answer:
    match error:
        case KeyRejected():
            return fail(key.id, f"rejected: {error.detail}", f"make a new key for {name.upper()}_API_KEYS")
        case QuotaExhausted():
            return warn(key.id, f"used up: {error.detail}", "buy credit there, or wait until its day is over")
        case RateLimited():
            return note(key.id, f"asked too often just now: {error.detail}", "run this again in a minute")
        case Unavailable():
            where = f" at {service.base_url}" if service.base_url else ""
            return fail(key.id, f"not reached{where}: {error.detail}", "is the network open to the service?")
        case _:
            detail = error.detail if isinstance(error, ProviderError) else str(error)
            text = f"{type(error).__name__}: {detail}"
            return fail(key.id, text, "see what the service's console says of this key")


def _credit(key: ProviderKey, standing: AccountStanding) -> Answer:
    plan = f" ({standing.plan})" if standing.plan else ""
    if standing.left is None:
        return ok(key.id, f"its account is known{plan}")
    if standing.left < LOW.get(standing.unit, 0):
        return warn(key.id, f"{standing.left} {standing.unit} left{plan}", "buy more before films fail")
    return ok(key.id, f"{standing.left:,} {standing.unit} left{plan}")
