"""A server's admins set it up: what each menu makes of the settings, what each page shows, who may."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.speech import Language
from bot.studio.audit import Audit
from bot.studio.guilds import MOST_ROLES, Adult, Guilds, GuildSettings, Mentions, RoleRule
from bot.ui.card_layout import fits
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.permissions import INVITED_WITH, ChannelCheck, check, invitation, is_public, missing
from bot.ui.rights import Rights
from bot.ui.setup import Setup
from bot.ui.setup_choices import PAGES, Choice, SetupPage, change_of
from bot.ui.setup_forms import role_form, rule_from
from bot.ui.setup_view import SetupFacts, setup_view

SERVER, CHANNEL, LOG, VIP, MIA = 5, 6, 77, 51, 1001

FULL = GuildSettings(
    allowed=frozenset(range(10**17, 10**17 + 25)),
    denied=frozenset(range(2 * 10**17, 2 * 10**17 + 25)),
    roles=tuple(RoleRule(role_id=3 * 10**17 + n, weight=2.5, day_microusd=1, waiting=2) for n in range(MOST_ROLES)),
    log_channel_id=LOG,
    approver_roles=frozenset({VIP}),
    blocked_words=frozenset({"heron"}),
)


def facts(settings: GuildSettings, **more: Any) -> SetupFacts:
    return SetupFacts(
        **{
            "guild_id": SERVER,
            "guild_name": "Studio",
            "settings": settings,
            "checks": [ChannelCheck(channel_id=CHANNEL)],
            "log_check": None,
            "invitation": "https://example.invalid/invite",
            "operator_allows_adult": True,
            **more,
        }
    )


def words(view: ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))


@pytest.mark.parametrize("page", SetupPage)
@pytest.mark.parametrize("settings", [GuildSettings(), FULL])
def test_every_page_is_one_that_discord_takes_however_much_is_chosen(page: SetupPage, settings: GuildSettings) -> None:
    bad = [ChannelCheck(channel_id=10**17 + n, missing=("Attach Files",) * 7) for n in range(30)]

    view = setup_view(facts(settings, checks=bad), page)

    assert fits(view)
    assert view.total_children_count <= 40
    tabs = [
        item for item in view.walk_children() if isinstance(item, ui.Button) and "gl1:setup:" in str(item.custom_id)
    ]
    assert len(tabs) == len(SetupPage)


@pytest.mark.parametrize(
    ("choice", "values", "changed"),
    [
        (Choice.ALLOWED, ["1", "2"], GuildSettings(allowed=frozenset({1, 2}))),
        (Choice.DENIED, ["1"], GuildSettings(denied=frozenset({1}))),
        (Choice.LOG, ["77"], GuildSettings(log_channel_id=77)),
        (Choice.LANGUAGE, ["de"], GuildSettings(language=Language.GERMAN)),
        (Choice.LANGUAGE, ["-"], GuildSettings()),
        (Choice.SPOILER_CHANNELS, ["1"], GuildSettings(spoiler_channels=frozenset({1}))),
        (Choice.SPOILER_ROLES, ["1"], GuildSettings(spoiler_roles=frozenset({1}))),
        (Choice.APPROVERS, ["1"], GuildSettings(approver_roles=frozenset({1}))),
        (Choice.ADULT, [], GuildSettings(adult=Adult.RESTRICTED)),
        (Choice.MENTIONS, [], GuildSettings(mentions=Mentions.NOBODY)),
    ],
)
def test_a_choice_sets_one_thing(choice: Choice, values: list[str], changed: GuildSettings) -> None:
    assert change_of(choice, values, allows_adult=True)(GuildSettings()) == changed


def test_every_choice_is_shown_again_on_a_page() -> None:
    assert PAGES.keys() == set(Choice)


def test_adult_ideas_stay_off_where_the_operator_does_not_allow_them() -> None:
    assert change_of(Choice.ADULT, [], allows_adult=False)(GuildSettings()).adult is Adult.NEVER
    assert "off: the operator" in words(
        setup_view(facts(GuildSettings(), operator_allows_adult=False), SetupPage.SAFETY)
    )


def test_a_log_channel_can_be_taken_away_again() -> None:
    assert change_of(Choice.LOG, [], allows_adult=True)(FULL).log_channel_id is None


def test_the_number_asked_for_is_the_least_that_works() -> None:
    assert INVITED_WITH.value == 309237763072
    assert "permissions=309237763072" in invitation(99, SERVER)
    assert f"guild_id={SERVER}" in invitation(99, SERVER)


def test_what_is_missing_is_named_as_discords_settings_name_it() -> None:
    held = discord.Permissions(INVITED_WITH.value)
    held.update(attach_files=False, create_public_threads=False)

    assert missing(held) == ("Create Public Threads", "Attach Files")
    assert missing(INVITED_WITH) == ()


def test_a_category_is_looked_at_channel_by_channel_and_a_channel_that_is_gone_is_told() -> None:
    held = discord.Permissions(INVITED_WITH.value)
    rooms = [SimpleNamespace(id=number, permissions_for=lambda _: held) for number in (1, 2)]
    category: Any = discord.CategoryChannel.__new__(discord.CategoryChannel)
    category.id = 9
    category.guild = SimpleNamespace(channels=[])
    guild: Any = SimpleNamespace(me=None, get_channel={1: rooms[0]}.get)

    assert check(guild, [1, 3]) == [ChannelCheck(channel_id=1), ChannelCheck(channel_id=3, is_gone=True)]


@pytest.mark.parametrize("page", [SetupPage.OVERVIEW, SetupPage.MANNERS])
def test_a_log_channel_that_everybody_sees_is_warned_of(page: SetupPage) -> None:
    def seen(by_everybody: bool) -> Any:
        held = discord.Permissions(view_channel=by_everybody)
        return SimpleNamespace(permissions_for={"everyone": held}.get)

    guild: Any = SimpleNamespace(default_role="everyone", get_channel={1: seen(True), 2: seen(False)}.get)

    assert [is_public(guild, each) for each in (1, 2, 3)] == [True, False, False]
    assert "Everybody in this server sees the log channel" in words(setup_view(facts(FULL, is_log_public=True), page))
    assert "Everybody in this server sees" not in words(setup_view(facts(FULL), page))


class Asked:
    """A press or a form, as far as setting up looks at it."""

    def __init__(self, custom_id: CustomId, *, manages: bool, **data: Any) -> None:
        self.id = 1
        is_form = "components" in data
        self.type = discord.InteractionType.modal_submit if is_form else discord.InteractionType.component
        self.data = {"custom_id": str(custom_id), **data}
        self.user = discord.Object(MIA)
        self.permissions = discord.Permissions(manage_guild=manages)
        self.guild_id = SERVER
        self.channel = self.message = None
        self.channel_id = CHANNEL
        self.application_id = 99
        room = SimpleNamespace(id=CHANNEL, permissions_for=lambda _: INVITED_WITH)
        self.guild = SimpleNamespace(
            id=SERVER,
            name="Studio",
            me=None,
            default_role=None,
            get_channel={CHANNEL: room}.get,
            get_role=lambda _: None,
        )
        self.response = self.followup = self
        self.shown: list[str] = []
        self.modals: list[ui.Modal] = []

    async def defer(self) -> None:
        pass

    async def send_modal(self, modal: ui.Modal) -> None:
        self.modals.append(modal)

    async def send(self, text: str, *, ephemeral: bool) -> None:
        assert ephemeral
        self.shown.append(text)

    async def edit_original_response(self, *, view: ui.LayoutView) -> None:
        self.shown.append(words(view))


class Office:
    def __init__(self, database: Database) -> None:
        self.guilds = Guilds(database)
        self.setup = Setup(self.guilds, Rights(frozenset()), Audit(database), allows_adult=True)

    async def press(self, action: Action, version: int | None = None, *, manages: bool = True, **data: Any) -> Asked:
        ref = owner_ref(VIP) if action is Action.SETROLE else owner_ref(SERVER)
        custom_id = CustomId(action, ref, version)
        asked: Any = Asked(custom_id, manages=manages, **data)
        await self.setup.presses[action](asked, custom_id)
        return asked  # type: ignore[no-any-return]


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def form(**typed: str) -> list[dict[str, Any]]:
    return [{"type": 18, "component": {"custom_id": name, "value": value}} for name, value in typed.items()]


async def test_a_choice_is_kept_and_shown_at_once(office: Office) -> None:
    asked = await office.press(Action.SETUPSET, Choice.DENIED, values=[str(CHANNEL)])

    assert (await office.guilds.of(SERVER)).denied == {CHANNEL}
    assert "Never in these" in asked.shown[0]


async def test_whoever_chooses_a_log_channel_that_everybody_sees_is_warned_at_once(office: Office) -> None:
    asked = await office.press(Action.SETUPSET, Choice.LOG, values=[str(CHANNEL)])

    assert (await office.guilds.of(SERVER)).log_channel_id == CHANNEL
    assert "Everybody in this server sees the log channel" in asked.shown[0]


async def test_who_may_not_manage_the_server_changes_nothing_by_any_press(office: Office) -> None:
    presses = [
        await office.press(Action.SETUP, SetupPage.ROLES, manages=False),
        await office.press(Action.SETUPSET, Choice.DENIED, manages=False, values=[str(CHANNEL)]),
        await office.press(Action.SETROLE, manages=False, components=form(weight="8", day="", waiting="")),
        await office.press(Action.SETWORDS, manages=False, components=form(words="heron")),
    ]

    assert ["may manage this server" in asked.shown[0] for asked in presses] == [True] * 4
    assert await office.guilds.of(SERVER) == GuildSettings()


async def test_a_role_is_given_its_rule_by_a_form_that_shows_it_again(office: Office) -> None:
    asked = await office.press(Action.SETUPSET, Choice.ROLE, values=[str(VIP)])
    assert [modal.title for modal in asked.modals] == ["A rule for this role"]

    await office.press(Action.SETROLE, components=form(weight="2,5", day="$7.25", waiting="3"))

    [rule] = (await office.guilds.of(SERVER)).roles
    assert rule == RoleRule(role_id=VIP, weight=2.5, day_microusd=7_250_000, waiting=3)
    again = role_form(await office.guilds.of(SERVER), SERVER, VIP)
    fields = [item.component for item in again.walk_children() if isinstance(item, ui.Label)]
    assert [field.default for field in fields if isinstance(field, ui.TextInput)] == ["2.5", "7.25", "3"]


@pytest.mark.parametrize(
    "typed",
    [
        {"weight": "9"},
        {"weight": "0"},
        {"weight": "much"},
        {"day": "-1"},
        {"day": "1e9"},
        {"waiting": "0"},
        {"waiting": "11"},
    ],
)
async def test_a_number_that_cannot_be_meant_is_refused_with_its_bounds(office: Office, typed: dict[str, str]) -> None:
    asked = await office.press(Action.SETROLE, components=form(**{"weight": "", "day": "", "waiting": "", **typed}))

    assert "Give a number from" in asked.shown[0]
    assert (await office.guilds.of(SERVER)).roles == ()


async def test_an_empty_form_leaves_a_role_to_the_operators_bounds(office: Office) -> None:
    asked: Any = Asked(CustomId(Action.SETROLE, owner_ref(VIP)), manages=True, components=form())

    assert rule_from(asked, VIP) == RoleRule(role_id=VIP)


async def test_words_are_kept_as_they_are_compared(office: Office) -> None:
    await office.press(Action.SETWORDS, components=form(words="Heron,  Grey Heron\n,,"))

    assert (await office.guilds.of(SERVER)).blocked_words == {"heron", "grey heron"}


async def test_what_an_older_message_sets_is_understood_or_leads_back(office: Office) -> None:
    asked = await office.press(Action.SETUPSET, 99)

    assert "Where I work" in asked.shown[0]
