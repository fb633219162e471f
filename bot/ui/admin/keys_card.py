"""The keys of all services, and one of them: pure renderings, without a secret in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.keyring import HeldKey
from bot.ui.admin.pieces import button, health_words, moment, ref_of, turning, usage_words
from bot.ui.card_layout import BAD, GOOD, PAST, PENDING, fitted, layout
from bot.ui.custom_ids import Action
from bot.ui.wording import plain, titled
from ratelimit import KeyHealth

#: Keys on one page: each takes three components of the forty there may be, and every service a button to add one.
ON_A_PAGE = 7
#: Buttons that Discord takes in one row.
_ROW = 5
#: Fields of the form that takes a key.
ACCOUNT_FIELD, SECRET_FIELD = "account", "secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysPage:
    """Every key, of which one page is shown. `services` are those that keys can be added to."""

    keys: Sequence[HeldKey]
    services: Sequence[str]
    number: int = 1
    note: str = ""


def keys_view(page: KeysPage) -> ui.LayoutView:
    """All keys, by service, each with a button that opens it; and one for each service that takes another."""
    pages = max(1, -(-len(page.keys) // ON_A_PAGE))
    number = min(max(1, page.number), pages)
    shown = page.keys[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    well = sum(key.view is not None and key.view.health is KeyHealth.HEALTHY for key in page.keys)
    head = say("## 🔑 Keys")
    words = counted(len(page.keys), "{number} key, {well} of it works", "{number} keys, {well} of them work", well=well)
    if pages > 1:
        words = say("{keys} · page {number} of {pages}", keys=words, number=number, pages=pages)
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(_joined(head, f"-# {words}", page.note))]
    for service, keys in groupby(shown, key=lambda key: key.provider):
        heads = [f"### {titled(service)}\n"]
        parts += [_line(key, heads.pop() if heads else "") for key in keys]
    if pages > 1:
        parts.append(turning(Action.OPKEYS, number, pages))
    parts += [ui.Separator(), *_adding(page.services)]
    colour = GOOD if well == len(page.keys) else PENDING if well else BAD
    return layout(ui.Container(*parts, accent_colour=colour))


def _adding(services: Sequence[str]) -> list[ui.Item[ui.LayoutView]]:
    """A button for each service that takes another key, and the way back."""
    buttons = [
        button(
            Action.OPKEYADD,
            say("New {service} key…", service=titled(service)),
            ref=ref_of(service),
        )
        for service in services
    ]
    buttons.append(button(Action.OPSTATUS, say("Status")))
    return [ui.ActionRow(*buttons[begin : begin + _ROW]) for begin in range(0, len(buttons), _ROW)]


def _line(key: HeldKey, head: str) -> ui.Item[ui.LayoutView]:
    facts = [health_words(key.view) if key.view is not None else _not_lent(key)]
    if key.view is not None:
        facts += usage_words(key.view)[:2]
    account = "" if key.account == key.id else say(" · account {account}", account=f"`{key.account}`")
    words = f"{head}**`{key.id}`**{account}\n{' · '.join(facts)}"
    return ui.Section(ui.TextDisplay(words), accessory=button(Action.OPKEY, say("Open"), ref=ref_of(key.id)))


def key_view(key: HeldKey, note: str = "") -> ui.LayoutView:
    """One key: how it fares, what its account may do, and what can be done with it."""
    return fitted(lambda room: _key_view(key, note, most=max(3, room // 30)))


def _key_view(key: HeldKey, note: str, most: int) -> ui.LayoutView:
    head = say("## 🔑 {key}", key=f"`{key.id}`")
    account = say("account `{account}`", account=key.account) if key.account != key.id else say("an account of its own")
    origin = say("added while I ran, kept encrypted") if key.is_added else say("from the settings")
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(_joined(head, f"-# {titled(key.provider)} · {account} · {origin}", note)),
        ui.TextDisplay(health_words(key.view) if key.view is not None else _not_lent(key)),
    ]
    facts = _facts(key)[:most]
    if facts:
        parts.append(ui.TextDisplay("\n".join(f"- {fact}" for fact in facts)))
    return layout(ui.Container(*parts, ui.Separator(), _buttons(key), accent_colour=_colour(key)))


def _facts(key: HeldKey) -> list[str]:
    facts: list[str] = []
    if key.line is not None and key.is_paused:
        because = f": {plain(key.line.paused_because)}" if key.line.paused_because else ""
        facts.append(say("Paused by {who} {when}", who=f"<@{key.line.by}>", when=moment(key.line.at)) + because)
    if key.view is None:
        return facts
    view = key.view
    if not key.has_free_call:
        words = say("{service} has no free call, so a key is tried with the next order.", service=titled(key.provider))
        facts.append(words)
    facts += usage_words(view)
    facts += [
        say("{model} rests on this account", model=f"`{model}`")
        + (f", {moment(until)}" if until < float("inf") else say(", until somebody acts"))
        for model, until in view.resting_models.items()
    ]
    lent = say(
        "Since the start: {lent} × lent, {served} × served, {refused} × refused",
        lent=view.granted,
        served=view.served,
        refused=view.refused,
    )
    return [*facts, lent]


def _buttons(key: HeldKey) -> ui.ActionRow[ui.LayoutView]:
    ref = ref_of(key.id)
    buttons = []
    is_lent = key.view is not None and not key.is_retired
    if key.is_paused or (key.is_retired and not key.is_locked):
        label = say("Resume") if key.is_paused else say("Bring back")
        buttons.append(button(Action.OPKEYRESUME, label, ref=ref, style=discord.ButtonStyle.success))
    elif is_lent:
        buttons.append(button(Action.OPKEYPAUSE, say("Pause"), ref=ref))
    if is_lent and key.has_free_call:
        buttons.append(button(Action.OPKEYTEST, say("Test"), ref=ref, style=discord.ButtonStyle.primary))
    if not key.is_retired:
        buttons.append(button(Action.OPKEYRETIRE, say("Retire…"), ref=ref, style=discord.ButtonStyle.danger))
    return ui.ActionRow(*buttons, button(Action.OPKEYS, say("All keys"), version=1))


def retire_view(key: HeldKey) -> ui.LayoutView:
    """What retiring a key means, and the button that does it."""
    lines = [
        say("Nothing new is ordered with it. What it has begun goes on, and is fetched with it."),
        say("Once nothing needs it any more I forget its secret.")
        if key.is_added
        else say("It stays in the settings until you take it out there; I don't lend it meanwhile."),
    ]
    return layout(
        ui.Container(
            ui.TextDisplay(say("## Retire {key}?", key=f"`{key.id}`")),
            ui.TextDisplay("\n".join(f"- {line}" for line in lines)),
            ui.ActionRow(
                button(Action.OPKEYGONE, say("Retire it"), ref=ref_of(key.id), style=discord.ButtonStyle.danger),
                button(Action.OPKEY, say("Keep it"), ref=ref_of(key.id)),
            ),
            accent_colour=BAD,
        )
    )


def add_form(service: str, custom_id: str) -> ui.Modal:
    """The form that takes a key; what is typed there is shown to nobody."""
    modal = ui.Modal(title=say("A key for {service}", service=titled(service))[:45], custom_id=custom_id, timeout=None)
    secret: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=SECRET_FIELD, min_length=8, max_length=400, placeholder=say("Paste the key; nobody sees it again")
    )
    account: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=ACCOUNT_FIELD, required=False, max_length=64, placeholder=say("Empty for an account of its own")
    )
    modal.add_item(ui.Label(text=say("API key"), component=secret))
    modal.add_item(
        ui.Label(
            text=say("Account"),
            description=say("Keys of one account share its limits: give them the same name."),
            component=account,
        )
    )
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal


def _not_lent(key: HeldKey) -> str:
    if key.is_locked:
        return say("🔒 cannot be opened: DISCORD_TOKEN has changed since it was added. Add it once more.")
    return say("⚪ retired, and still in the settings: take it out there")


def _colour(key: HeldKey) -> discord.Colour:
    if key.view is None:
        return PAST
    match key.view.health:
        case KeyHealth.HEALTHY:
            return GOOD
        case KeyHealth.OUT:
            return BAD
        case KeyHealth.RETIRED:
            return PAST
        case _:
            return PENDING


def _joined(*lines: str) -> str:
    return "\n".join(filter(None, lines))
