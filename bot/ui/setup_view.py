"""`/setup` as a server's admins see it: one private message with five pages, rendered from what is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import ui

from bot.speech import Language, counted, later, say
from bot.studio.guilds import MOST_ROLES, Adult, GuildSettings, Mentions, RoleRule
from bot.ui.card_layout import PENDING, READY, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.permissions import ChannelCheck
from bot.ui.setup_choices import Choice, SetupPage
from bot.ui.setup_menus import CHANNELS, channel_menu, role_menu, text_menu
from bot.ui.wording import money, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupFacts:
    """`checks` tell of the channels that were chosen, or the one where it is asked; `log_check` of the log channel, and
    `is_log_public` that everybody sees that one. `role_names` are those of roles with rules; one that is gone has none.
    """

    guild_id: int
    guild_name: str
    settings: GuildSettings
    checks: Sequence[ChannelCheck]
    log_check: ChannelCheck | None
    invitation: str
    operator_allows_adult: bool
    role_names: Mapping[int, str] = field(default_factory=dict)
    is_log_public: bool = False


_TITLES = {
    SetupPage.OVERVIEW: later("Overview"),
    SetupPage.CHANNELS: later("Channels"),
    SetupPage.ROLES: later("Roles"),
    SetupPage.MANNERS: later("Manners"),
    SetupPage.SAFETY: later("Safety"),
}


def setup_view(facts: SetupFacts, page: SetupPage) -> ui.LayoutView:
    """A page, with the way to the others below it."""
    heading = say("## 🛠️ Setting up {server}", server=plain(facts.guild_name))
    private = say("-# {page} · only you see this · every choice counts at once", page=say(_TITLES[page]))
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{heading}\n{private}"), ui.Separator()]
    match page:
        case SetupPage.OVERVIEW:
            parts += _overview(facts)
        case SetupPage.CHANNELS:
            parts += _channels(facts)
        case SetupPage.ROLES:
            parts += _roles(facts)
        case SetupPage.MANNERS:
            parts += _manners(facts)
        case SetupPage.SAFETY:
            parts += _safety(facts)
    tabs = [
        _button(
            CustomId(Action.SETUP, owner_ref(facts.guild_id), each),
            say(_TITLES[each]),
            style=discord.ButtonStyle.primary if each is page else discord.ButtonStyle.secondary,
        )
        for each in SetupPage
    ]
    checks = [*facts.checks, *([facts.log_check] if facts.log_check is not None else [])]
    is_well = all(check.is_well for check in checks) and not facts.is_log_public
    return layout(
        ui.Container(*parts, ui.Separator(), ui.ActionRow(*tabs), accent_colour=READY if is_well else PENDING)
    )


def _overview(facts: SetupFacts) -> list[ui.Item[ui.LayoutView]]:
    chosen = facts.settings
    roles = _listed(_role(rule.role_id, facts) for rule in chosen.roles)
    log = f"<#{chosen.log_channel_id}>" if chosen.log_channel_id is not None else say("none yet: choose one to be told")
    lines = [
        say("**Where I work:** {channels}", channels=_where(chosen)),
        say("**Roles with rules of their own:** {roles}", roles=roles),
        say("**Log channel:** {channel}", channel=log),
        say("**Language of cards:** {language}", language=_language(chosen)),
        *_log_warning(facts),
    ]
    return [ui.TextDisplay("\n".join(lines)), ui.Separator(), *_permissions(facts)]


def _log_warning(facts: SetupFacts) -> list[str]:
    if not facts.is_log_public:
        return []
    words = say(
        "⚠️ Everybody in this server sees the log channel, and would read what is reported there. Choose one that only "
        "your moderators see."
    )
    return [words]


def _permissions(facts: SetupFacts) -> list[ui.Item[ui.LayoutView]]:
    """What is missing where, by name, and the link that brings it."""
    checks = [*facts.checks, *([facts.log_check] if facts.log_check is not None else [])]
    bad = [check for check in checks if not check.is_well]
    if not bad:
        words = counted(
            len(checks),
            "✅ **Permissions:** I looked at {number} channel just now, and nothing is missing.",
            "✅ **Permissions:** I looked at {number} channels just now, and nothing is missing.",
        )
        return [ui.TextDisplay(words)]
    lines = [say("⚠️ **Permissions:** something is missing, so films will get stuck there.")]
    for check in bad[:10]:
        if check.is_gone:
            lines.append(say("- <#{channel}>: this channel is gone. Choose another one.", channel=check.channel_id))
        else:
            lines.append(say("- <#{channel}>: {missing}", channel=check.channel_id, missing=", ".join(check.missing)))
    remedy = say(
        "Give them to my role in the channel's settings, or open the link: it asks for all that I need. Then press "
        "**Overview** to look again."
    )
    link: ui.Button[Any] = ui.Button(label=say("Give me what is missing"), url=facts.invitation)
    return [ui.TextDisplay("\n".join(lines)), ui.TextDisplay(remedy), ui.ActionRow(link)]


def _channels(facts: SetupFacts) -> list[ui.Item[ui.LayoutView]]:
    chosen = facts.settings
    return [
        ui.TextDisplay(
            say(
                "**Only in these** channels and categories. Choose none, and I work in all of them.\n-# The nearest "
                "rule decides: a channel before its category. Threads go with their channel."
            )
        ),
        channel_menu(facts.guild_id, Choice.ALLOWED, say("Everywhere"), chosen.allowed),
        ui.TextDisplay(say("**Never in these** channels and categories.")),
        channel_menu(facts.guild_id, Choice.DENIED, say("No channel is closed to me"), chosen.denied),
        ui.Separator(),
        *_permissions(facts),
    ]


def _roles(facts: SetupFacts) -> list[ui.Item[ui.LayoutView]]:
    chosen = facts.settings
    lines = [
        say(
            "The line is fair between members. A role can count for more or less in it, and bound what one member may "
            "spend a day here and how many films may wait. Of several roles, the best of each counts."
        )
    ]
    lines += [_rule(rule, facts) for rule in chosen.roles]
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines))]
    if len(chosen.roles) < MOST_ROLES:
        parts.append(role_menu(facts.guild_id, Choice.ROLE, say("Give a role a rule, or change it"), (), most=1))
    if chosen.roles:
        options = [
            discord.SelectOption(label=_name(rule.role_id, facts), value=str(rule.role_id)) for rule in chosen.roles
        ]
        parts.append(text_menu(facts.guild_id, Choice.DROP_ROLE, say("Take a rule away"), options))
    parts += [
        ui.ActionRow(_button(CustomId(Action.SETROLE, owner_ref(facts.guild_id)), say("A rule for everybody…"))),
        ui.Separator(),
        ui.TextDisplay(say("**Approvers**, beside the operator's: they allow films that need it, never their own.")),
        role_menu(facts.guild_id, Choice.APPROVERS, say("No role here approves films"), chosen.approver_roles),
    ]
    return parts


def _rule(rule: RoleRule, facts: SetupFacts) -> str:
    day = say("no bound of its own") if rule.day_microusd is None else say("{sum} a day", sum=money(rule.day_microusd))
    waiting = ""
    if rule.waiting is not None:
        waiting = counted(rule.waiting, " · {number} film waiting at most", " · {number} films waiting at most")
    number = facts.settings.roles.index(rule) + 1
    return say(
        "{number}. {role}: counts {weight:g}× · {day}{waiting}",
        number=number,
        role=_role(rule.role_id, facts),
        weight=rule.weight,
        day=day,
        waiting=waiting,
    )


def _manners(facts: SetupFacts) -> list[ui.Item[ui.LayoutView]]:
    chosen = facts.settings
    log = [chosen.log_channel_id] if chosen.log_channel_id is not None else []
    languages = [
        discord.SelectOption(label=say("The server's own in Discord"), value="-", default=chosen.language is None),
        *[discord.SelectOption(label=each.own_name, value=each, default=chosen.language is each) for each in Language],
    ]
    quiet = chosen.mentions is Mentions.NOBODY
    about_log = say("**Log channel**: reports, and what wants an admin of this server, come there.")
    return [
        ui.TextDisplay("\n".join([about_log, *_log_warning(facts)])),
        channel_menu(facts.guild_id, Choice.LOG, say("Choose a channel"), log, kinds=CHANNELS[:1], most=1),
        ui.TextDisplay(say("**Language** of cards that everybody reads. What only one person sees is in theirs.")),
        text_menu(facts.guild_id, Choice.LANGUAGE, say("Choose a language"), languages),
        ui.Section(
            ui.TextDisplay(
                say("**Mentions**: a finished film pings nobody.")
                if quiet
                else say("**Mentions**: a finished film pings whoever ordered it.")
            ),
            accessory=_button(
                CustomId(Action.SETUPSET, owner_ref(facts.guild_id), Choice.MENTIONS),
                say("Ping them") if quiet else say("Ping nobody"),
            ),
        ),
    ]


def _safety(facts: SetupFacts) -> list[ui.Item[ui.LayoutView]]:
    chosen = facts.settings
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(say("**Behind a spoiler**: films posted in these channels, or ordered by these roles.")),
        channel_menu(facts.guild_id, Choice.SPOILER_CHANNELS, say("No channel"), chosen.spoiler_channels),
        role_menu(facts.guild_id, Choice.SPOILER_ROLES, say("No role"), chosen.spoiler_roles),
        ui.Section(
            ui.TextDisplay(_blocked(chosen)),
            accessory=_button(CustomId(Action.SETUPSET, owner_ref(facts.guild_id), Choice.WORDS), say("Change…")),
        ),
    ]
    if not facts.operator_allows_adult:
        parts.append(ui.TextDisplay(say("-# Adult content is off: the operator of this bot does not allow it.")))
        return parts
    on = chosen.adult is Adult.RESTRICTED
    parts.append(
        ui.Section(
            ui.TextDisplay(
                say("**Adult ideas** are taken in channels restricted by age, as far as the services allow.")
                if on
                else say("**Adult ideas** are refused everywhere.")
            ),
            accessory=_button(
                CustomId(Action.SETUPSET, owner_ref(facts.guild_id), Choice.ADULT),
                say("Refuse them") if on else say("Take them in restricted channels"),
            ),
        )
    )
    return parts


def _blocked(chosen: GuildSettings) -> str:
    """How many words are not taken, and none of them: whoever looks over a shoulder need not read them."""
    if not chosen.blocked_words:
        return say("**Words I don't take**: none of this server's own.")
    return counted(
        len(chosen.blocked_words),
        "**Words I don't take**: {number} word, which only you see when you change it.",
        "**Words I don't take**: {number} words, which only you see when you change them.",
    )


def _where(chosen: GuildSettings) -> str:
    where = _listed(f"<#{each}>" for each in sorted(chosen.allowed)) if chosen.allowed else say("in every channel")
    if not chosen.denied:
        return where
    return say(
        "{where}, but never in {denied}", where=where, denied=_listed(f"<#{each}>" for each in sorted(chosen.denied))
    )


def _language(chosen: GuildSettings) -> str:
    return say("the server's own in Discord") if chosen.language is None else chosen.language.own_name


def _role(role_id: int, facts: SetupFacts) -> str:
    return say("everybody") if role_id == facts.guild_id else f"<@&{role_id}>"


def _name(role_id: int, facts: SetupFacts) -> str:
    """For a menu, where no mention is read as one."""
    return (
        say("everybody") if role_id == facts.guild_id else facts.role_names.get(role_id) or say("a role that is gone")
    )


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found) if found else say("none")


def _button(
    custom_id: CustomId, label: str, *, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(custom_id))
