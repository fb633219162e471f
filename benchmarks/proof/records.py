"""What the checker reads: the bot's rows, and the orders that the services say they took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text

from providers.catalogue import Catalogue
from sandbox.providers.documents import as_mapping, as_number, as_text
from sandbox.providers.journal import LoggedRequest

if TYPE_CHECKING:
    from sandbox.world import World  # half of Discord comes with it, and some want the rest alone

#: Micro-dollars of a Runway credit.
CREDIT = 10_000
Row = dict[str, Any]


class Rows:
    """The bot's rows, read while it writes them."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_pre_ping=True)

    @classmethod
    def of(cls, file: Path) -> Rows:
        return cls(f"sqlite:///file:{file}?mode=ro&uri=true")

    def __call__(self, query: str) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An order that a service took, by its own log: the words that it asked for, and its price where we know a list."""

    service: str
    words: str
    price_microusd: int


def taken(world: World) -> list[Taken]:
    """Every order that was taken, its answer heard or not."""
    catalogue = Catalogue.load()
    return [_taken(request, catalogue) for request in world.providers.paid()]


def _taken(request: LoggedRequest, catalogue: Catalogue) -> Taken:
    body = as_mapping(request.body)
    words = as_text(body.get("promptText") or body.get("text") or body.get("prompt"))
    if request.service != "elevenlabs":
        return Taken(service=request.service, words=words, price_microusd=0)  # its account tells, see `charged`
    if request.path.startswith("/v1/music"):
        price = catalogue.music_models({"elevenlabs"})[0].price_microusd(
            (as_number(body["music_length_ms"]) or 0) / 1000
        )
    elif request.path.startswith("/v1/sound-generation"):
        noise = catalogue.sound_models({"elevenlabs"})[0].price_microusd(as_number(body["duration_seconds"]) or 0)
        assert noise is not None
        price = noise
    else:
        models = {model.id: model for model in catalogue.speech_models({"elevenlabs"})}
        price = models[as_text(body["model_id"])].price_microusd(len(words))
    return Taken(service=request.service, words=words, price_microusd=price)


def charged(world: World, orders: list[Taken]) -> dict[str, int]:
    """Micro-dollars by service: Runway's account tells what it took and gave back, of the other we have its prices."""
    accounts = world.providers.accounts
    runway = sum(accounts.of("runway", name).spent for name in ("ana", "ben")) * CREDIT
    spoken = sum(order.price_microusd for order in orders if order.service == "elevenlabs")
    return {"runway": runway, "elevenlabs": spoken}


def words_of(plan: Row) -> Iterator[tuple[str, str]]:
    """Each part of a plan that may be ordered, and what an order of it asks for or begins with."""
    for number, shot in enumerate(plan["shots"], start=1):
        yield str(number), str(shot["prompt"]).rstrip(". ")
        yield f"voice-{number}", str(shot["narration"])
        yield f"effect-{number}", str(shot["sound"])
    yield "music", str(plan["music"])
