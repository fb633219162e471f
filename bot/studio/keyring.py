"""The API keys of all services as an operator changes them while the bot runs: add, pause, resume, test, retire.

Keys of the settings stay there; what is decided about them, and keys that are told at run time, are lines of the key
book, which every process brings its pools in step with.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.jobs.wake import Listener, Wake, keep_looking
from bot.settings.providers import ACCOUNT_FORM, KEY_FORM, key_id
from bot.speech import say
from bot.studio.errors import KeyRefused
from bot.studio.key_book import KeyBook, KeyLine
from bot.studio.sealing import Seal, SealBroken
from providers.errors import KeyFault, KeyRejected, ProviderError, Unavailable
from providers.standing import ModelLister
from ratelimit import ApiKey, KeyHealth, KeyPool, KeyView

logger = logging.getLogger(__name__)

#: Seconds between two looks at the book where nobody nudges, and between two looks at least.
LOOK_EVERY = 15.0
REST = 1.0
#: Seconds that a free call may take.
TRY_WITHIN = 30.0
#: Characters of a key: shorter ones could not be kept out of logs, and no service hands out longer ones.
SHORTEST, LONGEST = 8, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """One key as operators see it.

    Attributes:
        view: how it fares in the pool; `None` for one that is not lent here: retired, or sealed for another token.
        is_added: it was told at run time; else the settings name it.
        is_locked: the bot's token was replaced since it was told, so it has to be told again.
        has_free_call: its service tells for free whether it works.
    """

    id: str
    provider: str
    account: str
    view: KeyView | None = None
    line: KeyLine | None = None
    is_added: bool = False
    is_locked: bool = False
    has_free_call: bool = True

    @property
    def is_paused(self) -> bool:
        return self.view is not None and self.view.health is KeyHealth.PAUSED

    @property
    def is_retired(self) -> bool:
        return self.line is not None and self.line.retired_at is not None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a free call told: how many models the key may use, or why the service refused it."""

    models: int = 0
    refusal: ProviderError | None = None


class Keyring:
    """Changes keys in rows and pools; who changed what is in the audit. No secret leaves it.

    Args:
        listers: services that tell for free whether a key works, by name.
        learn: hears of every secret before anything else does, so that no log shows it.
    """

    def __init__(
        self,
        book: KeyBook,
        pools: Mapping[str, KeyPool],
        seal: Seal,
        listers: Mapping[str, ModelLister],
        changed: Wake,
        *,
        learn: Callable[[str], None],
    ) -> None:
        self._book = book
        self._pools = pools
        self._seal = seal
        self._listers = listers
        self._changed = changed
        self._learn = learn
        self._of_settings = {key.id: name for name, pool in pools.items() for key in pool.view().keys}
        self._locked: set[str] = set()
        self._followed: dict[str, float] = {}  # when what holds here was decided, by key

    @property
    def services(self) -> tuple[str, ...]:
        """Those that run here; others need a key in the settings and a restart."""
        return tuple(self._pools)

    async def run(self, listener: Listener) -> None:
        """Keep the pools in step with the book until cancelled."""
        await keep_looking(self.look, listener, every=LOOK_EVERY, breath=REST)

    async def look(self) -> None:
        """Bring the pools in step with the book, once."""
        for line in await self._book.lines():
            pool = self._pools.get(line.provider)
            if pool is not None:
                self._follow(pool, line)
        if await self._book.forget_secrets():
            logger.info("secrets of retired keys forgotten")

    def _follow(self, pool: KeyPool, line: KeyLine) -> None:
        view = _view(pool, line.id)
        if view is None and line.sealed is not None and (line.retired_at is None or not pool.knows(line.id)):
            try:
                secret = self._seal.open(line.sealed, name=line.id)
            except SealBroken:
                if line.id not in self._locked:
                    logger.warning("key cannot be opened: DISCORD_TOKEN has changed", extra={"key_id": line.id})
                self._locked.add(line.id)
                return
            self._learn(secret)
            pool.add(ApiKey(id=line.id, account=line.account, secret=secret))
        elif view is None and line.retired_at is None and pool.knows(line.id):  # of the settings, lent again
            pool.add(pool.key(line.id))
        if (view := _view(pool, line.id)) is not None:
            self._heed(pool, line, view)

    def _heed(self, pool: KeyPool, line: KeyLine, view: KeyView) -> None:
        """Lend a key that the pool has as was decided."""
        if line.retired_at is not None:
            if view.health is not KeyHealth.RETIRED:
                pool.retire(line.id)
            return
        if view.health is KeyHealth.RETIRED:
            pool.add(pool.key(line.id))
        if (line.paused_at is not None) != (view.health is KeyHealth.PAUSED):
            (pool.pause if line.paused_at is not None else pool.resume)(line.id)
        if line.paused_at is None and self._followed.get(line.id) != line.at:
            pool.reinstate(line.id)  # whoever resumed it says that it is well, in every process
        self._followed[line.id] = line.at

    async def held(self) -> list[HeldKey]:
        """Every key there is to see, those of a service together, in the order of its pool."""
        lines = {line.id: line for line in await self._book.lines()}
        found = {
            view.id: HeldKey(
                id=view.id,
                provider=name,
                account=view.account,
                view=view,
                line=lines.get(view.id),
                is_added=view.id not in self._of_settings,
                has_free_call=name in self._listers,
            )
            for name, pool in self._pools.items()
            for view in pool.view().keys
        }
        for line in lines.values():
            is_of_settings = line.id in self._of_settings
            if line.id not in found and (is_of_settings or line.id in self._locked):
                found[line.id] = HeldKey(
                    id=line.id,
                    provider=line.provider,
                    account=line.account,
                    line=line,
                    is_added=not is_of_settings,
                    is_locked=line.id in self._locked,
                )
        order = list(self._pools)
        return sorted(
            found.values(),
            key=lambda key: order.index(key.provider) if key.provider in order else len(order),
        )

    async def add(self, provider: str, account: str, secret: str, by: int) -> tuple[str, Tried | None]:
        """Take a key: tried with a free call first, where its service has one, and lent from then on.

        Its id, and what the call told. Raises `KeyRefused`: it cannot be a key, is lent already, or the service
        refuses it; then nothing is kept of it.
        """
        self._learn(secret)
        pool = self._pool(provider)
        if not re.fullmatch(KEY_FORM, secret) or not SHORTEST <= len(secret) <= LONGEST:
            raise KeyRefused(say("That doesn't look like a key. Copy it once more; nothing was kept."))
        if account and not re.fullmatch(ACCOUNT_FORM, account):
            raise KeyRefused(say("Write the account in letters and digits, as in `studio`. Nothing was kept."))
        name = key_id(provider, secret)
        view = _view(pool, name)
        if view is not None and view.health is not KeyHealth.RETIRED:
            raise KeyRefused(say("I have that key already: it is `{key}`.", key=name))
        key = ApiKey(id=name, account=account or name, secret=secret)
        tried = await self._try(provider, key)
        if tried is not None and isinstance(tried.refusal, KeyRejected):
            raise KeyRefused(say("{service} refuses that key, so nothing was kept of it.", service=provider))
        await self._book.add(name, provider, key.account, self._seal.close(secret, name=name), by)
        self._locked.discard(name)
        if _view(pool, name) is None and not pool.knows(name):
            pool.add(key)
        await self._changed_here()
        logger.info("key added", extra={"key_id": name, "by": by})
        return name, tried

    async def pause(self, key: str, by: int, because: str = "") -> None:
        """Lend it no more; what it has begun goes on, and whoever waits for it waits. Raises `KeyRefused`."""
        held = await self._lent(key)
        await self._book.pause(key, held.provider, held.account, by, because)
        await self._changed_here()
        logger.info("key paused", extra={"key_id": key, "by": by})

    async def resume(self, key: str, by: int) -> None:
        """Lend a key again that was paused, retired or went out. Raises `KeyRefused`."""
        held = await self.one(key)
        if held.is_locked:
            raise KeyRefused(say("DISCORD_TOKEN has changed since that key was added. Add it once more."))
        sealed = None
        if held.is_added and (pool := self._pools[held.provider]).knows(key):
            # Its row may have forgotten the secret of a retired key, which this process still has.
            sealed = self._seal.close(pool.key(key).secret, name=key)
        await self._book.lend(key, held.provider, held.account, by, sealed=sealed)
        await self._changed_here()
        logger.info("key resumed", extra={"key_id": key, "by": by})

    async def retire(self, key: str, by: int) -> int:
        """Never lend it again; how many orders may still need it: they go on with it. Raises `KeyRefused`."""
        held = await self.one(key)
        await self._book.retire(key, held.provider, held.account, by)
        await self._changed_here()
        logger.info("key retired", extra={"key_id": key, "by": by})
        return await self._book.open_orders(key)

    async def test(self, key: str) -> Tried:
        """Make a free call with it, and let the pool know what that told. Raises `KeyRefused`."""
        held = await self._lent(key)
        pool = self._pools[held.provider]
        tried = await self._try(held.provider, pool.key(key))
        if tried is None:
            words = say("{service} has no free call, so a key is tried with the next order.", service=held.provider)
            raise KeyRefused(words)
        if isinstance(tried.refusal, KeyFault):
            pool.report(tried.refusal, key_id=key)
        elif tried.refusal is None and held.view is not None and held.view.why == "rejected":
            pool.reinstate(key)
        return tried

    async def one(self, key: str) -> HeldKey:
        """Raises `KeyRefused` for one that nobody knows."""
        found = next((held for held in await self.held() if held.id == key), None)
        if found is None:
            raise KeyRefused(say("I don't know that key any more. `/admin keys` shows those that I have."))
        return found

    async def _lent(self, key: str) -> HeldKey:
        held = await self.one(key)
        if held.view is None or held.is_retired:
            raise KeyRefused(say("That key isn't lent any more. Resume it first."))
        return held

    async def _try(self, provider: str, key: ApiKey) -> Tried | None:
        """`None` where the service has no free call."""
        lister = self._listers.get(provider)
        if lister is None:
            return None
        try:
            async with asyncio.timeout(TRY_WITHIN):
                return Tried(models=len(await lister.listed(key)))
        except ProviderError as error:
            return Tried(refusal=error)
        except TimeoutError:
            return Tried(refusal=Unavailable(provider, "no answer in time"))

    def _pool(self, provider: str) -> KeyPool:
        pool = self._pools.get(provider)
        if pool is None:
            words = say(
                "{service} isn't set up here. Put its first key into the settings, as {variable}, and restart me.",
                service=provider,
                variable=f"`{provider.upper()}_API_KEYS`",
            )
            raise KeyRefused(words)
        return pool

    async def _changed_here(self) -> None:
        await self.look()
        self._changed()


def _view(pool: KeyPool, key: str) -> KeyView | None:
    return next((view for view in pool.view().keys if view.id == key), None)
