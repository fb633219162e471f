"""Buttons below a film, and on the card of one that is being made. They carry ids only, and work after any restart."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from bot.speech import say
from bot.ui.custom_ids import Action, CustomId


def film_row(project_id: str, production_id: str) -> ui.View:
    """Below the message with a film: the same again, another like it, a shot, how it was made, a word about it."""
    view = ui.View(timeout=None)
    for action, ref, label in (
        (Action.ANEW, project_id, say("Run again")),
        (Action.VARY, project_id, say("Vary…")),
        (Action.SHOTS, project_id, say("Shots…")),
    ):
        view.add_item(_button(action, ref, label))
    for each in about_buttons(project_id, production_id):
        view.add_item(each)
    view.stop()  # sent and not stored: a press comes to our router
    return view


def about_buttons(project_id: str, production_id: str) -> list[ui.Button[Any]]:
    """Below everything that is posted of a film: how it was made, and a word about it to those who run the place."""
    return [
        _button(Action.DETAILS, production_id, say("Prompt & settings")),
        report_button(project_id),
    ]


def report_button(project_id: str) -> ui.Button[Any]:
    """Below whatever others see of a film."""
    return _button(Action.REPORT, project_id, say("Report…"))


def dm_button(production_id: str) -> ui.Button[Any]:
    """On the card of a film that waits or runs."""
    return _button(Action.DM, production_id, say("DM me when done"), version=1)


def no_dm_row(production_id: str) -> ui.View:
    """Below the answer to that button: takes it back."""
    view = ui.View(timeout=None)
    view.add_item(_button(Action.DM, production_id, say("Don't DM me"), version=0))
    view.stop()
    return view


def _button(action: Action, ref: str, label: str, *, version: int | None = None) -> ui.Button[Any]:
    custom_id = str(CustomId(action, ref, version))
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=custom_id)
