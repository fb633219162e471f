"""Slash commands, one module each; `EVERY` is the list."""

from __future__ import annotations

from bot.ui.commands import films, plan, privacy, quota, voice

EVERY = (plan.add_to, films.add_to, voice.add_to, quota.add_to, privacy.add_to)
