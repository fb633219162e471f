"""Is it well? What in a status wants somebody, the gravest first, each with what to do about it."""

from __future__ import annotations

from bot.status.discord_findings import of_channels, of_discord
from bot.status.film_findings import of_films, of_money, of_pauses
from bot.status.finding import Finding
from bot.status.house_findings import of_backups, of_database, of_disk, of_processes
from bot.status.service_findings import of_models, of_service, of_waits
from bot.status.status import Status


def findings(status: Status) -> list[Finding]:
    """Everything that is not well, the gravest first; empty where all is well."""
    found = [
        *of_database(status),
        *(of_discord(status.discord, status) if status.discord is not None else ()),
        *(each for service in status.services for each in of_service(service, status.at)),
        *of_waits(status),
        *of_films(status),
        *of_money(status),
        *of_disk(status),
        *of_backups(status),
        *of_processes(status),
        *of_channels(status),
        *of_pauses(status),
        *of_models(status),
    ]
    return sorted(found, key=lambda finding: -finding.severity)
