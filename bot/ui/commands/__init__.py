"""Slash commands, one module each; `EVERY` is the list."""

from __future__ import annotations

from bot.ui.commands import plan

EVERY = (plan.add_to,)
