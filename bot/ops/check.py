"""All of `python -m bot check --online`: Discord, every key, and this machine."""

from __future__ import annotations

from bot.ops import check_discord, check_machine, check_services
from bot.ops.deployment import PATIENCE, Answer, examine
from bot.settings import Settings
from providers.catalogue import Catalogue
from providers.registry import open_providers
from providers.vertex import VertexClients


async def check(settings: Settings, *, patience: float = PATIENCE) -> list[Answer]:
    """Try everything at once, and change nothing that stays: what is put into the bucket is taken away again."""
    cloud = settings.providers.get("vertex")
    providers = open_providers({name: provider.base_url for name, provider in settings.providers.items()})
    vertex = VertexClients(
        project=cloud.project if cloud is not None else None,
        location=cloud.location if cloud is not None else None,
        base_url=cloud.base_url if cloud is not None else None,
    )
    try:
        return await examine(
            [
                check_discord.question(settings),
                *check_services.questions(settings, providers, vertex, Catalogue.load()),
                *check_machine.questions(settings),
            ],
            patience=patience,
        )
    finally:
        await vertex.close()
        await providers.close()
