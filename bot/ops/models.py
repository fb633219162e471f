"""What there is and what it costs, printed: `python -m bot models`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import assert_never

from bot.studio.text import dollars, spans
from providers.catalogue import (
    Catalogue,
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
from providers.video import Task

_FILM_SECONDS = 10


def described(catalogue: Catalogue) -> str:
    """Everything, by provider: models and prices, then what each tier of the service allows; last, what is gone."""
    lines = [f"What there is, as of {catalogue.as_of}. Prices are in US dollars, without taxes."]
    for provider in dict.fromkeys(model.provider for model in catalogue.models()):
        lines += ["", provider.upper()]
        for model in (each for each in catalogue.models() if each.provider == provider):
            lines += _model(model, catalogue)
        if tiers := [tier for tier in catalogue.limits if tier.provider == provider]:
            lines += ["", "  Limits of an account, by its tier:", *(f"    {_tier(tier)}" for tier in tiers)]
    lines += ["", "GONE", *(f"  {_retirement(each)}" for each in catalogue.retired)]
    return "\n".join(lines)


def as_json(catalogue: Catalogue) -> str:
    """The same for a machine: the catalogue as its data file has it, money in micro-dollars."""
    whole = {
        each.name: [asdict(entry) for entry in getattr(catalogue, each.name)]
        for each in fields(catalogue)
        if each.name not in ("as_of", "today")
    }
    return json.dumps({"as_of": catalogue.as_of, **whole}, default=str, indent=2)


def _model(model: Model, catalogue: Catalogue) -> Iterator[str]:
    yield ""
    yield f"  {model.id}   {model.label}"
    match model:
        case VideoModel():
            yield from (f"      {line}" for line in _video(model))
        case ChatModel():
            price = f"{dollars(model.input_microusd_per_million)} a million tokens read"
            price += f", {dollars(model.output_microusd_per_million)} written"
            until = f" (through {model.price_until})" if model.price_until else ""
            yield f"      for {', '.join(model.uses)} · {price}{until}"
        case ImageModel():
            yield f"      pictures · {', '.join(model.ratios)} · {dollars(model.price_per_image_microusd)} each"
        case SpeechModel():
            price = dollars(model.price_per_thousand_characters_microusd)
            yield f"      speech · up to {model.text_limit:,} characters at once · {price} a thousand"
        case SoundModel():
            rate = model.price_per_second_microusd
            price = "price unknown" if rate is None else f"{dollars(rate)} a second"
            yield f"      sounds · {model.min_seconds:g}–{model.max_seconds:g} s · {price}"
        case MusicModel():
            price = f"{dollars(model.price_per_minute_microusd)} a minute begun"
            yield f"      music · {model.min_seconds}–{model.max_seconds} s · {price}"
        case HearingModel():
            price = f"{dollars(model.price_per_hour_microusd)} an hour"
            yield f"      hears · recordings of up to {model.largest_bytes // 1_000_000} MB · {price}"
        case _:
            assert_never(model)
    if model.retires is not None:
        gone = "GONE since" if catalogue.is_over(model) else "LAST DAY"
        yield f"      {gone} {model.retires}" + (f"; use {model.successor}" if model.successor else "")
    elif model.successor is not None:
        yield f"      will be followed by {model.successor}"
    yield f"      {model.source}; checked {model.checked}"


def _video(model: VideoModel) -> Iterator[str]:
    parts = [
        f"can: {', '.join(map(_name, model.can))}",
        f"{spans(model.durations)} s" if model.durations else "as long as its source",
        ", ".join(model.ratios) or "any ratio",
        "with sound" if model.native_audio else "without sound",
    ]
    if model.prompt_limit:
        parts.append(f"prompts up to {model.prompt_limit:,}")
    yield " · ".join(parts)
    if not model.prices:
        yield f"{', '.join(model.resolutions)} · price unknown, so it is not offered"
        return
    for resolution, rate in model.prices.items():
        silent = model.silent_prices.get(resolution)
        words = f"{resolution}: {dollars(rate)} a second" + (f" ({dollars(silent)} silent)" if silent else "")
        words += f", {dollars(model.price_microusd(_FILM_SECONDS, resolution))} for {_FILM_SECONDS} s"
        yield words + (" · for drafts" if resolution == model.draft_resolution else "")
    if model.surcharges:
        more = (f"{_name(task)} {dollars(rate)}" for task, rate in model.surcharges.items())
        yield f"on top, a second: {', '.join(more)}"
    if model.least_microusd:
        yield f"at least {dollars(model.least_microusd)}"


def _name(task: Task) -> str:
    return task.value.replace("_", " ")


def _tier(tier: RateTier) -> str:
    parts = []
    if tier.room is not None:
        parts.append(f"{tier.room} at once")
    if tier.requests_per_minute is not None:
        parts.append(f"{tier.requests_per_minute:,} a minute")
    if tier.requests_per_day is not None:
        parts.append(f"{tier.requests_per_day:,} a day")
    if tier.tokens_per_minute is not None:
        parts.append(f"{tier.tokens_per_minute:,} tokens a minute")
    if tier.spend_per_month_usd is not None:
        parts.append(f"${tier.spend_per_month_usd:,} a month")
    models = "" if tier.models == ("*",) else f" for {', '.join(tier.models)}"
    return f"{tier.tier}{models}: {', '.join(parts)}   ({tier.source}; checked {tier.checked})"


def _retirement(each: Retirement) -> str:
    since = f" since {each.gone}" if each.gone else ""
    return f"{', '.join(each.names)}{since}: use {', or '.join(each.successors)}   ({each.source})"
