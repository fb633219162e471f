"""What a person wants by default, as they chose it in `/settings`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import delete, select

from bot.db import Database, Transaction, insert_or_ignore, lock
from bot.db.tables import preferences
from bot.speech import Language
from bot.studio.model import Captions

#: Seconds that a film may be asked to last, at least and at most.
SHORTEST, LONGEST = 2, 120

_Known = TypeVar("_Known", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """A person's defaults; what stands here at first holds for who chose nothing.

    Attributes:
        seconds: how long a film is; `None` leaves that to its plan.
        ratio: "16:9" and the like, "" for the usual one.
        model: the id of a video model, "" for the usual one. It may not be offered any more.
        voice: the id of who narrates, "" for the house's own voice; `voice_name` is what people call them.
        language: what is spoken to them and what their films are planned and narrated in; `None` for that of their
            Discord.
        captions: how the narration is shown.
        mentions: the message that tells how a film ended pings them.
        dms: they are told in a DM, too. Nobody is who did not ask for it (Discord's Developer Policy, 5).
        dms_refused: they are told in none because Discord did not let us write to them, not by their own choice.
        spoiler: films are covered until somebody wants to see them.
    """

    seconds: int | None = None
    ratio: str = ""
    model: str = ""
    voice: str = ""
    voice_name: str = ""
    language: Language | None = None
    captions: Captions = Captions.SOFT
    mentions: bool = True
    dms: bool = False
    dms_refused: bool = False
    spoiler: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Preferences:
        """What was kept, by whichever version of us: what it does not know, or no longer takes, is the default."""
        data = json.loads(text)
        usual = cls()
        return cls(
            seconds=_seconds(data.get("seconds")),
            ratio=_text(data.get("ratio")),
            model=_text(data.get("model")),
            voice=_text(data.get("voice")),
            voice_name=_text(data.get("voice_name")),
            language=_one_of(Language, data.get("language")),
            captions=_one_of(Captions, data.get("captions")) or usual.captions,
            mentions=bool(data.get("mentions", usual.mentions)),
            dms=bool(data.get("dms", usual.dms)),
            dms_refused=bool(data.get("dms_refused", usual.dms_refused)),
            spoiler=bool(data.get("spoiler", usual.spoiler)),
        )


def _seconds(found: Any) -> int | None:  # noqa: ANN401  # out of JSON
    return found if isinstance(found, int) and SHORTEST <= found <= LONGEST else None


def _text(found: Any) -> str:  # noqa: ANN401  # out of JSON
    return found if isinstance(found, str) else ""


def _one_of(known: type[_Known], found: Any) -> _Known | None:  # noqa: ANN401  # out of JSON
    return next((each for each in known if each == found), None)


class PreferenceRows:
    """What everybody chose."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def of(self, user_id: int) -> Preferences:
        async with self._database.transaction() as transaction:
            return await self.within(transaction, user_id)

    async def within(self, transaction: Transaction, user_id: int) -> Preferences:
        """As `of`, in a transaction that is open already."""
        return await _read(transaction, user_id)

    async def change(self, user_id: int, change: Callable[[Preferences], Preferences]) -> Preferences:
        """Keep what `change` makes of what they chose so far; two changes at once are both kept."""
        async with self._database.transaction() as transaction:
            await lock(transaction, f"preferences {user_id}")
            chosen = change(await _read(transaction, user_id))
            values = {"chosen": chosen.to_json(), "updated_at": self._clock()}
            fresh = insert_or_ignore(transaction, preferences).values(user_id=user_id, **values)
            await transaction.execute(fresh.on_conflict_do_update(index_elements=["user_id"], set_=values))
        return chosen

    async def reset(self, user_id: int) -> None:
        """Forget all that they chose."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(preferences).where(preferences.c.user_id == user_id))


async def _read(transaction: Transaction, user_id: int) -> Preferences:
    chosen = select(preferences.c.chosen).where(preferences.c.user_id == user_id)
    found = (await transaction.execute(chosen)).scalar()
    return Preferences.from_json(found) if found is not None else Preferences()
