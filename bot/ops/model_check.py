"""Does the catalogue still say what the services say? Asked of each of them: `python -m bot models --check`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.settings import ProviderSettings
from providers.catalogue import Catalogue, Model
from providers.catalogue.faults import spelling
from providers.credential import Credential
from providers.errors import ProviderError
from providers.standing import ModelLister

_SHOWN = 12  # names in one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about a provider, or about the file itself. `matters` where somebody must look."""

    provider: str
    text: str
    matters: bool = False

    def __str__(self) -> str:
        return f"{'WARN' if self.matters else 'NOTE'}  {self.provider}: {self.text}"


async def check(
    catalogue: Catalogue,
    settings: Mapping[str, ProviderSettings],
    listers: Mapping[str, ModelLister],
    *,
    patience: float = 30.0,
) -> tuple[Finding, ...]:
    """Ask every configured provider for its models, with one key of each account, and compare.

    A provider that cannot be asked, or does not answer within `patience` seconds, is a finding, no error.
    """
    findings = [*ending(catalogue)]
    for name in dict.fromkeys((*(model.provider for model in catalogue.models()), *settings)):
        if name not in settings:
            findings.append(Finding(provider=name, text="no key is set, so it was not asked"))
        elif name not in listers:
            findings.append(Finding(provider=name, text="it does not list its models, so it was not asked"))
        else:
            findings += await _ask(catalogue, settings[name], listers[name], patience)
    return tuple(findings)


def ending(catalogue: Catalogue) -> Iterator[Finding]:
    """What ends within 30 days, what has ended and still stands in the file, and what nobody has looked at for long."""
    for model in catalogue.models():
        if catalogue.is_over(model):
            text = f"{model.id} is gone since {model.retires}; move it to the retired names"
            yield Finding(provider=model.provider, text=text, matters=True)
    for each in catalogue.retiring():
        if each.is_price:
            text = f"the price of {each.model} is known through {each.day} only; look it up"
        else:
            then = f", then {each.successor}" if each.successor else ""
            text = f"{each.model} can be used through {each.day}{then}"
        yield Finding(provider=each.provider, text=text, matters=True)
    for provider in dict.fromkeys(model.provider for model in catalogue.aged()):
        names = [model.id for model in catalogue.aged() if model.provider == provider]
        text = f"nobody has checked these for 90 days: {_few(names)}"
        yield Finding(provider=provider, text=text)


def compare(catalogue: Catalogue, provider: str, account: str, listed: frozenset[str]) -> Iterator[Finding]:
    """How one account's list of models differs from what we would ask it for."""

    def finding(text: str, *, matters: bool = False) -> Finding:
        return Finding(provider=provider, text=f"account {account}: {text}", matters=matters)

    if not listed:
        yield finding("it lists no models at all", matters=True)
        return
    ours = [model for model in catalogue.models() if model.provider == provider and not catalogue.is_over(model)]
    for kind in dict.fromkeys(type(model) for model in ours):
        of_kind = [model for model in ours if type(model) is kind]
        missing = [model for model in of_kind if model.id not in listed]
        if len(missing) == len(of_kind) < len(ours):
            # ElevenLabs lists voices' models only: silence about a whole kind says nothing about its models.
            yield finding(f"its list holds none of this kind, so nothing is known of {_few(m.id for m in of_kind)}")
        else:
            for model in missing:
                then = f"; use {model.successor}" if model.successor else ""
                yield finding(f"{model.id} is offered here, but not listed there{then}", matters=True)
    gone = {spelling(name) for retirement in catalogue.retired for name in retirement.names}
    strange = sorted(listed - {model.id for model in ours})
    if back := [name for name in strange if spelling(name) in gone]:
        yield finding(f"gone by our list, but still listed there: {_few(back)}")
    shapes = {_shape(model.id) for model in ours}
    if new := [name for name in strange if _shape(name) in shapes and spelling(name) not in gone]:
        yield finding(f"listed there and unknown here, other versions of what we use: {_few(new)}")


async def _ask(catalogue: Catalogue, settings: ProviderSettings, lister: ModelLister, patience: float) -> list[Finding]:
    findings = []
    first_keys: dict[str, Credential] = {}
    for key in settings.keys:
        first_keys.setdefault(key.account, key)
    for account, credential in first_keys.items():
        try:
            async with asyncio.timeout(patience):
                listed = await lister.listed(credential)
        except TimeoutError:
            text = f"account {account}: no answer in {patience:.0f} s, so it could not be asked"
            findings.append(Finding(provider=settings.name, text=text, matters=True))
        except (ProviderError, OSError) as error:
            detail = error.detail if isinstance(error, ProviderError) else error
            text = f"account {account}: it could not be asked: {type(error).__name__}, {detail}"
            findings.append(Finding(provider=settings.name, text=text, matters=True))
        else:
            answer = [*compare(catalogue, settings.name, account, listed)]
            text = f"account {account}: asked; {_matched(catalogue, settings.name, listed)}"
            findings += [Finding(provider=settings.name, text=text), *answer]
    return findings


def _matched(catalogue: Catalogue, provider: str, listed: frozenset[str]) -> str:
    ours: list[Model] = [model for model in catalogue.models() if model.provider == provider]
    return f"{sum(model.id in listed for model in ours)} of our {len(ours)} models are among the {len(listed)} it lists"


def _shape(name: str) -> str:
    """A name without its version: "gemini-3.8-flash" and "gemini-4-flash" are one."""
    return re.sub(r"\d+([._]\d+)*", "#", name)


def _few(names: Iterable[str]) -> str:
    every = [*names]
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
