"""What this installation has, by its settings and the catalogue: minds, ears, voices, what it offers, what it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.db import Database
from bot.jobs.ledger import Ledger
from bot.media.download import DISCORD_CDN, is_loopback
from bot.media.ffmpeg import Ffmpeg
from bot.production.booth import Booth
from bot.production.readings import Readings
from bot.production.sound import SoundMaker
from bot.production.switches import Switches
from bot.production.write_offs import WriteOffs
from bot.settings import Settings
from bot.settings.services import PROVIDERS
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.ages import Ages
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets, Caps
from bot.studio.guilds import Guilds
from bot.studio.house_rules import HouseRules
from bot.studio.minds import Mind
from bot.studio.soundtrack import SoundOffer
from bot.studio.stills import Ears
from bot.studio.voices import Voices
from bot.ui.carrying import LINK_LASTS
from bot.ui.offer import Offer
from bot.ui.privacy import Kept
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool


def minds_of(settings: Settings, catalogue: Catalogue, providers: Providers, pools: dict[str, KeyPool]) -> list[Mind]:
    """Gemini first: it sees video. The operator's model names go to the provider whose catalogue entry they are."""
    minds = []
    for name, language in providers.language.items():
        known = {model.id for model in catalogue.language_models({name}, "plan")}
        plans_with = settings.plan_model if settings.plan_model in known else None
        chats_with = settings.chat_model if settings.chat_model in known else None
        minds.append(
            Mind(
                model=language,
                pool=pools[name],
                plans_with=plans_with or catalogue.language_models({name}, "plan")[0].id,
                chats_with=chats_with or catalogue.language_models({name}, "chat")[0].id,
                looks_with=next((model.id for model in catalogue.language_models({name}, "pictures")), None),
            )
        )
    return minds


def ears_of(catalogue: Catalogue, providers: Providers, pools: dict[str, KeyPool]) -> Ears | None:
    for name, transcriber in providers.ears.items():
        return Ears(transcriber=transcriber, pool=pools[name], model=catalogue.hearing_models({name})[0].id)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundStage:
    """What speaks, plays and rustles here; nothing where no such service is set up."""

    offer: SoundOffer = field(default_factory=SoundOffer)
    sounds: SoundMaker | None = None
    voices: Voices | None = None
    readings: Readings | None = None


def sound_stage(
    catalogue: Catalogue,
    providers: Providers,
    pools: dict[str, KeyPool],
    ledger: Ledger,
    files: Files,
    ffmpeg: Ffmpeg,
    switches: Switches,
    database: Database,
    budgets: Budgets,
    write_offs: WriteOffs,
) -> SoundStage:
    for name, speech in providers.speech.items():
        voice = catalogue.speech_models({name})[0]
        # What has no known price is not offered: a price shown is a ceiling.
        priced = (model for model in catalogue.sound_models({name}) if model.price_microusd(1.0) is not None)
        offer = SoundOffer(
            voice=voice,
            music=next(iter(catalogue.music_models({name})), None),
            effects=next(priced, None),
        )
        booth = Booth(pools[name], ledger, switches=switches, write_offs=write_offs)
        # Who asks for a reading waits for it.
        counter = Booth(pools[name], ledger, switches=switches, waits=False, write_offs=write_offs)
        return SoundStage(
            offer=offer,
            sounds=SoundMaker(speech, providers.sounds.get(name), booth, files, ffmpeg, offer),
            voices=Voices(speech, pools[name]),
            readings=Readings(speech, counter, files, database, budgets, model=voice),
        )
    return SoundStage()


def caps_of(settings: Settings) -> Caps:
    return Caps(
        film_microusd=settings.money.film_microusd,
        user_day_microusd=settings.money.user_day_microusd,
        guild_month_microusd=settings.money.guild_month_microusd,
        bot_day_microusd=settings.money.day_microusd,
        approval_above_microusd=settings.money.approval_above_microusd,
    )


def house_rules(settings: Settings, database: Database, guilds: Guilds, blocks: Blocks) -> HouseRules:
    """Who may ask for what here. The age asked for is the highest that a service's terms ask for."""
    ages = [each.least_age for each in PROVIDERS if each.name in settings.providers and each.least_age is not None]
    return HouseRules(
        guilds,
        Ages(database, least=max(ages, default=None) if settings.safety.asks_age else None),
        check_blocks=blocks.check,
        blocked_guilds=settings.safety.blocked_guild_ids,
        blocked_words=settings.safety.blocked_words,
    )


def offer_of(settings: Settings, catalogue: Catalogue, sound: SoundOffer, *, can_plan: bool) -> Offer:
    """What can be made here. A new plan takes the operator's model, else the first that needs no picture to start."""
    offered = catalogue.video_models(settings.providers.keys())
    models = offered or catalogue.video  # nothing can be rendered, but plans are still written for something
    default = next(model.id for model in models if not model.needs_start_image)
    if settings.video_model in {model.id for model in offered}:
        default = settings.video_model or default
    return Offer(video_models=offered, default_model=default, can_plan=can_plan, sound=sound)


def kept_here(settings: Settings, store: ObjectStore | None) -> Kept:
    """What `/privacy` tells of this installation."""
    titles = {provider.name: provider.title for provider in PROVIDERS}
    keeps = settings.storage
    return Kept(
        services=tuple(titles[name] for name in settings.providers),
        has_store=store is not None,
        link_days=None if store is not None and store.is_public else round(LINK_LASTS / 86_400),
        uploads_days=_days(keeps.keep_uploads),
        clips_days=_days(keeps.keep_clips),
        films_days=_days(keeps.keep_films),
    )


def _days(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds / 86_400)


def attachment_bases(settings: Settings) -> Sequence[str]:
    """Where uploads may be fetched from: Discord's CDN, or the one the settings name."""
    endpoints = settings.discord.endpoints
    return DISCORD_CDN if endpoints is None else [endpoints.cdn_url]


def clip_hosts(settings: Settings) -> frozenset[str] | None:
    """Where Runway's clips may come from: its own hosts, and loopback only where its API is there, too."""
    runway = settings.providers.get("runway")
    host = urlsplit(runway.base_url).hostname if runway is not None and runway.base_url is not None else None
    return frozenset({host}) if host is not None and is_loopback(host) else None
