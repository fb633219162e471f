"""What may be wrong with the data file: said by name when it is read, not when a film is half paid for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING

from providers.catalogue.entries import (
    ChatModel,
    HearingModel,
    ImageModel,
    Model,
    MusicModel,
    RateTier,
    Retirement,
    SoundModel,
    SpeechModel,
    VideoModel,
)

if TYPE_CHECKING:
    from providers.catalogue.whole import Catalogue

SECTIONS = {
    "video": VideoModel,
    "language": ChatModel,
    "image": ImageModel,
    "speech": SpeechModel,
    "sound": SoundModel,
    "music": MusicModel,
    "hearing": HearingModel,
    "retired": Retirement,
    "limits": RateTier,
}


def strangers(data: Mapping[str, object]) -> Iterator[str]:
    """Sections and keys that no type has: a misspelt one would be a fact that silently does not count."""
    for section, entries in data.items():
        if section == "as_of":
            continue
        if section not in SECTIONS:
            yield f"no such section: {section}"
            continue
        known = {each.name for each in fields(SECTIONS[section])}
        for entry in entries if isinstance(entries, list) else []:
            unknown = sorted(set(entry) - known) if isinstance(entry, dict) else []
            if unknown:
                yield f"{section} {entry.get('id') or entry.get('names') or ''}: no such key: {', '.join(unknown)}"


def faults(catalogue: Catalogue) -> Iterator[str]:
    """What types cannot tell: names twice, successors nobody offers, prices of nothing, days out of order."""
    models = catalogue.models()
    by_id = {model.id: model for model in models}
    names = [spelling(model.id) for model in models]
    names += [spelling(name) for retirement in catalogue.retired for name in retirement.names]
    yield from (f"named twice: {name}" for name, times in Counter(names).items() if times > 1)
    for model in models:
        yield from _of_model(model, by_id)
        if model.checked > catalogue.as_of:
            yield f"{model.id}: checked after the file's own day"
        if isinstance(model, VideoModel):
            yield from _of_video(model)
    for retirement in catalogue.retired:
        lost = [successor for successor in retirement.successors if successor not in by_id]
        if lost or not retirement.successors:
            yield f"{retirement.names[0]}: successors not on offer: {', '.join(lost) or 'none is named'}"
        if retirement.gone is not None and retirement.gone > retirement.checked:
            yield f"{retirement.names[0]}: is not gone yet; give it an entry of its own that retires then"
    for tier in catalogue.limits:
        if unknown := set(tier.models) - set(by_id) - {"*"}:
            yield f"limits of {tier.provider} {tier.tier}: no such model: {', '.join(sorted(unknown))}"


def spelling(name: str) -> str:
    """A name without what people vary: case, spaces, hyphens and underscores. "Veo 3" and "veo-3" are one."""
    return "".join(sign for sign in name.casefold() if sign.isalnum() or sign in "./")


def _of_model(model: Model, by_id: Mapping[str, Model]) -> Iterator[str]:
    if model.successor is not None and model.successor not in by_id:
        yield f"{model.id}: successors not on offer: {model.successor}"
    seen, step = {model.id}, by_id.get(model.successor or "")
    while step is not None:
        if step.id in seen:
            yield f"{model.id}: its successors lead back to {step.id}"
            return
        seen.add(step.id)
        step = by_id.get(step.successor or "")


def _of_video(model: VideoModel) -> Iterator[str]:
    if not model.can or not model.resolutions:
        yield f"{model.id}: says not what it makes, or at which resolution"
    if model.prices and set(model.prices) != set(model.resolutions):
        yield f"{model.id}: its prices are not those of its resolutions"
    if not set(model.silent_prices) <= set(model.prices):
        yield f"{model.id}: a price without sound for a resolution it has not"
    if model.draft_resolution is not None and model.draft_resolution not in model.resolutions:
        yield f"{model.id}: drafts at a resolution it has not"
    if not all(map(_ascending, (model.durations, *model.durations_by_task.values()))):
        yield f"{model.id}: its durations do not ascend"
    if not set(model.durations_by_task) | set(model.surcharges) <= set(model.can):
        yield f"{model.id}: durations or surcharges of what it cannot do"
    if any(price <= 0 for price in (*model.prices.values(), *model.silent_prices.values())):
        yield f"{model.id}: a price of nothing"


def _ascending(numbers: Sequence[int]) -> bool:
    return all(number > 0 for number in numbers) and all(first < second for first, second in pairwise(numbers))
