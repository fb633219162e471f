"""What belongs to servers and their rules: their settings, their admins' commands, and what is told unasked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from bot.app.overview import Overview
from bot.app.service import Loop
from bot.db import Database
from bot.production.approvals import asking_in
from bot.production.drains import Drains
from bot.production.reports import Reports
from bot.settings import Settings
from bot.status.alerts import AlertRows
from bot.studio.audit import Audit
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets
from bot.studio.house_rules import HouseRules
from bot.studio.preferences import PreferenceRows
from bot.studio.tongues import Tongues
from bot.ui.ages import AgeGate
from bot.ui.alerting import Alerting
from bot.ui.client import Greenlight
from bot.ui.draining import Draining
from bot.ui.postponed import Postponed
from bot.ui.receivers import Receivers
from bot.ui.reporting import ReportDesk, Reporting
from bot.ui.rights import Rights
from bot.ui.setup import Setup
from bot.ui.surface import Surface


def house_surfaces(
    settings: Settings,
    database: Database,
    rules: HouseRules,
    rights: Rights,
    blocks: Blocks,
    reports: Reports,
    postponed: Postponed,
) -> list[Surface]:
    """What people do with the rules."""
    return [
        AgeGate(rules.ages, postponed),
        Reporting(reports, blocks, rights, rules.guilds, operators_in=settings.discord.operator_channel_id),
        Setup(rules.guilds, rights, Audit(database), allows_adult=settings.safety.allows_adult),
    ]


def house_loops(
    settings: Settings,
    database: Database,
    client: Greenlight,
    rules: HouseRules,
    budgets: Budgets,
    reports: Reports,
    drains: Drains,
    overview: Overview,
    claim: Callable[[str], AbstractAsyncContextManager[bool]],
) -> list[Loop]:
    """What is told unasked, by a process that talks to Discord."""
    receivers = Receivers(client, settings.discord.operator_ids, settings.discord.operator_channel_id)
    alerting = Alerting(
        client,
        AlertRows(database),
        receivers,
        overview.collector,
        rules.guilds,
        budgets,
        claim=claim,
        asking_in=partial(asking_in, database),
    )
    tongues = Tongues(database, PreferenceRows(database), rules.guilds)
    desk = ReportDesk(client, reports, rules.guilds, receivers, tongues, claim=claim)
    draining = Draining(drains, receivers, tongues, claim=claim)
    return [
        Loop(name="alerts", run=alerting.run),
        Loop(name="reports", run=desk.run),
        Loop(name="drains", run=draining.run),
    ]
