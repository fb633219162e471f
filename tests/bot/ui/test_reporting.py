"""A report travels: to those who govern the place, to a decision, and back to whoever reported."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.db.tables import cards, posts, storyboards
from bot.jobs.presence import claim_alone
from bot.jobs.wake import Wake
from bot.production.reports import Reports, ReportState
from bot.speech import Language, say, speaking
from bot.studio.blocks import Blocks
from bot.studio.errors import Blocked, BlockedHere
from bot.studio.guilds import Guilds, GuildSettings
from bot.studio.preferences import PreferenceRows
from bot.studio.tongues import Tongues
from bot.ui.card_layout import CardKind
from bot.ui.custom_ids import Action, CustomId
from bot.ui.receivers import Receivers
from bot.ui.reporting import ReportDesk, Reporting
from bot.ui.rights import Rights
from bot.ui.sending import Busy
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_sending import http

TOM, MOD, OPERATOR = 2002, 3003, 4004
SERVER, LOG, FILMS, ELSEWHERE = 5, 77, 6, 8


@dataclass
class Message:
    channel: Channel
    id: int
    words: str
    labels: list[str]

    async def edit(self, *, view: ui.LayoutView) -> None:
        self.words, self.labels = read(view)

    async def delete(self) -> None:
        self.channel.deleted.append(self.id)


@dataclass
class Channel:
    id: int
    sent: dict[str, Message] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    calls: int = 0
    fault: Exception | None = None

    async def send(self, words: str = "", *, nonce: str, view: ui.LayoutView | None = None) -> Message:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        text, labels = (words, []) if view is None else read(view)
        return self.sent.setdefault(nonce, Message(self, 100 + len(self.sent), text, labels))

    def get_partial_message(self, number: int) -> Message:
        known = {message.id: message for message in self.sent.values()}
        return known.get(number) or Message(self, number, "", [])

    @property
    def words(self) -> list[str]:
        return [message.words for message in self.sent.values()]


class Client:
    def __init__(self) -> None:
        self.channels: dict[int, Channel] = {}
        self.locale = discord.Locale.american_english

    def get_partial_messageable(self, number: int, **_: object) -> Channel:
        return self.channels.setdefault(number, Channel(number))

    def get_guild(self, _: int) -> SimpleNamespace:
        return SimpleNamespace(preferred_locale=self.locale)

    async def fetch_channel(self, number: int) -> SimpleNamespace:
        """The films' channel is of the server, another one of another server, and the rest are direct messages."""
        server = {FILMS: SERVER, ELSEWHERE: SERVER + 1}.get(number)
        return SimpleNamespace(guild=discord.Object(server)) if server is not None else SimpleNamespace()

    async def create_dm(self, user: discord.Object) -> Channel:
        return self.get_partial_messageable(user.id)


def client() -> Any:
    return Client()


def read(view: ui.LayoutView) -> tuple[str, list[str]]:
    items = list(view.walk_children())
    texts = [item.content for item in items if isinstance(item, ui.TextDisplay)]
    return "\n".join(texts), [str(item.label) for item in items if isinstance(item, ui.Button)]


class Press:
    """Somebody presses a button or sends a form."""

    def __init__(
        self,
        custom_id: CustomId,
        user_id: int,
        *,
        reason: str | None = None,
        manages: bool = False,
        guild_id: int | None = SERVER,
    ) -> None:
        self.id = 1
        kinds = discord.InteractionType
        self.type = kinds.component if reason is None else kinds.modal_submit
        self.data = {"custom_id": str(custom_id), "components": [{"custom_id": "reason", "value": reason}]}
        self.user = discord.Object(user_id)
        self.guild_id, self.channel_id = guild_id, LOG
        self.permissions = discord.Permissions(manage_guild=manages)
        self.response = self
        self.answers: list[str] = []
        self.modals: list[ui.Modal] = []

    async def defer(self, **_: object) -> None:
        pass

    async def send_message(self, content: str, **_: object) -> None:
        self.answers.append(content)

    async def send_modal(self, modal: ui.Modal) -> None:
        self.modals.append(modal)

    async def edit_original_response(self, *, content: str) -> None:
        self.answers.append(content)


class Place:
    """A server with a log channel, and a film in it."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database)
        self.database = database
        self.client = client()
        self.guilds = Guilds(database)
        self.blocks = Blocks(database)
        self.reports = Reports(database, Wake())
        self.preferences = PreferenceRows(database)
        self.run_by(frozenset({OPERATOR}))

    def run_by(self, operators: frozenset[int]) -> None:
        self.surface = Reporting(self.reports, self.blocks, Rights(operators), self.guilds)
        receivers = Receivers(self.client, operators, None)
        tongues = Tongues(self.database, self.preferences, self.guilds)
        self.desk = ReportDesk(self.client, self.reports, self.guilds, receivers, tongues, claim=claim_alone)

    async def posted_film(self) -> str:
        production = await self.office.accept((await self.office.film()).id)
        async with self.database.transaction() as transaction:
            for message, channel in ((900, FILMS), (901, ELSEWHERE), (902, OWNER)):
                row = {"production_id": production.id, "message_id": message, "channel_id": channel}
                await transaction.execute(posts.insert().values(**row))
        return production.project_id

    async def press(self, action: Action, ref: str, user_id: int, **how: Any) -> Press:
        custom_id = CustomId(action, ref)
        press: Any = Press(custom_id, user_id, **how)
        await self.surface.presses[action](press, custom_id)
        return press  # type: ignore[no-any-return]

    async def reported(self) -> tuple[str, str]:
        """A film and the report of it."""
        project_id = await self.posted_film()
        await self.press(Action.REPORT, project_id, TOM, reason="not **nice** @everyone")
        [report] = await self.reports.pending()
        await self.desk.look()
        return project_id, report.id

    def channel(self, number: int) -> Channel:
        found: Channel = self.client.get_partial_messageable(number)
        return found


@pytest.fixture
async def place(database: Database) -> Place:
    found = Place(database)
    await found.guilds.change(SERVER, lambda _: GuildSettings(log_channel_id=LOG))
    return found


async def test_a_press_asks_for_a_reason_and_the_form_is_thanked_for(place: Place) -> None:
    project_id = await place.posted_film()

    asked = await place.press(Action.REPORT, project_id, TOM)
    sent = await place.press(Action.REPORT, project_id, TOM, reason="not nice")
    again = await place.press(Action.REPORT, project_id, TOM, reason="not nice")

    assert [modal.title for modal in asked.modals] == ["Report this film"]
    assert "Thank you" in sent.answers[0]
    assert "before" in again.answers[0]


async def test_it_comes_to_the_log_channel_once_with_its_words_made_harmless(place: Place) -> None:
    await place.reported()
    await place.desk.look()

    [words] = place.channel(LOG).words
    assert "A film was reported" in words
    assert r"not \*\*nice\*\*" in words
    assert "@everyone" not in words
    assert place.channel(OPERATOR).words == []


async def test_without_a_log_channel_it_comes_to_those_who_run_the_bot(place: Place) -> None:
    await place.guilds.change(SERVER, lambda _: GuildSettings())

    await place.reported()

    [words] = place.channel(OPERATOR).words
    assert f"reported by <@{TOM}>" in words


async def test_a_servers_channel_never_names_who_reported(place: Place) -> None:
    _, report = await place.reported()
    opened = list(place.channel(LOG).words)
    await place.press(Action.HIDE, report, MOD, manages=True)
    await place.desk.look()

    assert len(opened) == 1
    assert all(str(TOM) not in words for words in [*opened, *place.channel(LOG).words])


async def test_who_governs_nothing_there_decides_nothing(place: Place) -> None:
    _, report = await place.reported()

    for action in (Action.HIDE, Action.DISMISS, Action.BLOCKUSER):
        press = await place.press(action, report, TOM)
        assert "may manage this server" in press.answers[0]

    await place.blocks.check(OWNER, SERVER)
    assert await place.reports.pending() == []


async def test_what_is_hidden_is_withdrawn_and_both_sides_read_so(place: Place) -> None:
    _, report = await place.reported()

    press = await place.press(Action.HIDE, report, MOD, manages=True)
    await place.desk.look()

    assert "Hidden here" in press.answers[0]
    assert [place.channel(each).deleted for each in (FILMS, ELSEWHERE, OWNER)] == [[900], [], []]
    [card] = place.channel(LOG).sent.values()
    assert "Hidden after a report" in card.words
    assert card.labels == ["Show it again", "Block its owner"]
    assert place.channel(TOM).words == ["Thank you for your report. The film was hidden."]
    late = await place.press(Action.DISMISS, report, MOD, manages=True)
    assert "decided already" in late.answers[0]


async def test_a_storyboard_is_withdrawn_with_its_film(place: Place) -> None:
    project_id, report = await place.reported()
    async with place.database.transaction() as transaction:
        board = {
            "id": "b" * 32, "request_id": "r", "project_id": project_id, "version": 1, "owner_id": OWNER,
            "provider": "gemini", "model": "m", "ratio": "16:9", "state": "over", "price_microusd": 1,
            "accepted_at": 1.0, "updated_at": 1.0,
        }  # fmt: skip
        await transaction.execute(storyboards.insert().values(**board))
        card = {"kind": CardKind.STORYBOARD, "ref": "b" * 32, "channel_id": FILMS, "message_id": 950, "created_at": 1.0}
        await transaction.execute(cards.insert().values(**card))

    await place.press(Action.HIDE, report, MOD, manages=True)
    await place.desk.look()

    assert place.channel(FILMS).deleted == [900, 950]


async def test_an_operator_hides_a_film_in_every_server_and_direct_message(place: Place) -> None:
    _, report = await place.reported()

    press = await place.press(Action.HIDE, report, OPERATOR)
    await place.desk.look()

    assert "nowhere" in press.answers[0]
    assert [place.channel(each).deleted for each in (FILMS, ELSEWHERE, OWNER)] == [[900], [901], [902]]


async def test_what_was_hidden_is_shown_again_and_whoever_reported_it_reads_so(place: Place) -> None:
    project_id, report = await place.reported()
    await place.press(Action.HIDE, report, MOD, manages=True)
    await place.desk.look()

    press = await place.press(Action.LIFT, report, MOD, manages=True)
    await place.desk.look()

    assert "made and posted again" in press.answers[0]
    [card] = place.channel(LOG).sent.values()
    assert "Shown again" in card.words
    assert card.labels == ["Block its owner"]
    assert "shown again" in place.channel(TOM).words[-1]
    await place.office.accept(project_id, press="again")


async def test_only_an_operator_shows_again_what_an_operator_hid(place: Place) -> None:
    _, report = await place.reported()
    await place.press(Action.HIDE, report, OPERATOR)

    press = await place.press(Action.LIFT, report, MOD, manages=True)

    assert "Nothing was changed" in press.answers[0]
    assert (await place.reports.get(report)).state is ReportState.HIDDEN
    press = await place.press(Action.LIFT, report, OPERATOR)
    assert "made and posted again" in press.answers[0]


async def test_a_log_channel_that_takes_nothing_leaves_it_to_those_who_run_the_bot(place: Place) -> None:
    place.channel(LOG).fault = http(403, 50001)

    _, report = await place.reported()
    assert len(place.channel(OPERATOR).words) == 1
    await place.press(Action.DISMISS, report, OPERATOR)
    await place.desk.look()

    [card] = place.channel(OPERATOR).words
    assert "Dismissed" in card


async def test_where_nobody_would_read_it_nothing_is_asked_and_nothing_promised(place: Place) -> None:
    await place.guilds.change(SERVER, lambda _: GuildSettings())
    place.run_by(frozenset())
    project_id = await place.posted_film()

    asked = await place.press(Action.REPORT, project_id, TOM)
    sent = await place.press(Action.REPORT, project_id, TOM, reason="not nice")

    assert asked.modals == []
    assert all("Nobody has set up who reads reports" in press.answers[0] for press in (asked, sent))
    assert await place.reports.pending() == []


async def test_a_card_is_in_the_servers_language_and_the_answer_in_the_reporters(place: Place) -> None:
    place.client.locale = discord.Locale.german
    await place.preferences.change(TOM, lambda chosen: replace(chosen, language=Language.SPANISH))

    _, report = await place.reported()
    await place.press(Action.DISMISS, report, MOD, manages=True)
    await place.desk.look()

    with speaking(Language.GERMAN):
        assert say("## ✅ Dismissed: nothing wrong with it") in place.channel(LOG).words[0]
    with speaking(Language.SPANISH):
        assert place.channel(TOM).words == [say("Thank you for your report. It was looked at, and the film stays.")]


async def test_what_is_dismissed_stays_and_whoever_reported_it_reads_so(place: Place) -> None:
    _, report = await place.reported()

    await place.press(Action.DISMISS, report, MOD, manages=True)
    await place.desk.look()
    await place.desk.look()

    assert place.channel(FILMS).deleted == []
    assert place.channel(TOM).words == ["Thank you for your report. It was looked at, and the film stays."]


async def test_neither_an_operator_nor_whoever_presses_is_blocked_from_a_card(place: Place) -> None:
    place.run_by(frozenset({OPERATOR, OWNER}))
    _, report = await place.reported()

    for presser in (MOD, OPERATOR, OWNER):
        press = await place.press(Action.BLOCKUSER, report, presser, manages=True)
        assert "can't be blocked" in press.answers[0]

    await place.blocks.check(OWNER, SERVER)


async def test_a_servers_card_blocks_in_the_server_and_the_operators_own_everywhere(place: Place) -> None:
    _, report = await place.reported()

    await place.press(Action.BLOCKUSER, report, MOD, manages=True)
    with pytest.raises(BlockedHere):
        await place.blocks.check(OWNER, SERVER)
    await place.blocks.check(OWNER, SERVER + 1)
    await place.press(Action.BLOCKUSER, report, OPERATOR)  # on the server's card
    await place.blocks.check(OWNER, SERVER + 1)
    await place.press(Action.BLOCKUSER, report, OPERATOR, guild_id=None)  # on their own

    with pytest.raises(Blocked):
        await place.blocks.check(OWNER, SERVER + 1)


async def test_while_discord_is_busy_it_is_told_later(place: Place) -> None:
    place.channel(LOG).fault = Busy("503", retry_after=60.0)
    project_id = await place.posted_film()
    await place.press(Action.REPORT, project_id, TOM, reason="x")
    await place.desk.look()
    assert place.channel(LOG).words == []

    place.channel(LOG).fault = None
    await place.desk.look()

    assert len(place.channel(LOG).words) == 1


async def test_a_reporter_who_takes_no_messages_is_not_tried_for_ever(place: Place) -> None:
    _, report = await place.reported()
    place.channel(TOM).fault = http(403, 50007)

    await place.press(Action.DISMISS, report, MOD, manages=True)
    await place.desk.look()

    assert await place.reports.pending() == []
