"""Slash commands, one module each; `EVERY` is the list."""

from __future__ import annotations

from bot.ui.commands import admin, plan, quota, voice

EVERY = (plan.add_to, voice.add_to, admin.add_to, quota.add_to)
