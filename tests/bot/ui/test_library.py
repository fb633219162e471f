"""Browsing one's own films and data: what is shown, what can be done, and that strangers see nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.deletions import Deletions
from bot.production.model import Production, ProductionState, TakeState
from bot.production.shelf import Film, PostedMessage
from bot.studio.errors import NotInvited, NotYours
from bot.studio.model import ProjectKind, ProjectState
from bot.studio.participants import Participants
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.rights import Role
from bot.ui.commands.films import shown
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import ON_A_PAGE, OpenFilm, Page, confirm_view, film_view, list_view, owner_ref
from bot.ui.library import Library
from bot.ui.privacy import Kept, forget_view, privacy_view
from bot.ui.router import Router
from tests.bot.production.test_productions import STRANGER
from tests.bot.studio.samples import OWNER, plan, project, request
from tests.bot.ui.test_cards import buttons, is_taken_by_discord, production, take, text
from tests.bot.ui.test_desk import Counter

MINE = owner_ref(OWNER)


class Desk(Counter):
    """With a library, and rows of films."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.deletions = Deletions(database, Wake(), Pseudonyms(), clock=lambda: self.now)
        self.library = Library(database, self.productions, self.outbox, self.deletions, Kept())
        self.desk.library = self.library

    async def named(self, title: str, *, owner_id: int = OWNER) -> str:
        self.now += 1.0
        made, _ = await self.projects.create(
            request(f"{owner_id} {title}", owner_id=owner_id, idea=title), model="gen4.5"
        )
        await self.projects.set_thread(made.id, 77)
        await self.projects.keep_plan(made.id, plan(title=title))
        return made.id

    async def done(self, project_id: str) -> Production:
        made = await self.accept(project_id, press=project_id)
        await self.lifecycle.begin(made.id)
        await self.lifecycle.end(made.id, ProductionState.DONE, duration=15.0)
        await self.outbox.begin_try(made.id, after=0)
        await self.outbox.aim(await self.productions.get(made.id), channel_id=77, guild_id=5)
        await self.outbox.posted(await self.productions.get(made.id), 800)
        return made


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


class Press:
    """A press of a button on a private message, and what it shows and says then."""

    def __init__(self, custom_id: CustomId, user_id: int = OWNER, *, may: discord.Permissions | None = None) -> None:
        self.id, self.type = 5, discord.InteractionType.component
        self.data = {"custom_id": str(custom_id)}
        self.user = discord.Object(user_id)
        self.locale = discord.Locale.american_english
        self.guild_id, self.channel_id, self.channel = 5, 99, None
        self.message = None
        self.app_permissions = discord.Permissions.all() if may is None else may
        self.response = self
        self.followup = SimpleNamespace(send=self.say)
        self.views: list[ui.LayoutView] = []
        self.words: list[str] = []
        self.files: Sequence[discord.File] = ()

    def is_guild_integration(self) -> bool:
        return True

    async def defer(self, **_: object) -> None: ...

    async def say(self, content: str, *, ephemeral: bool) -> None:
        assert ephemeral
        self.words.append(content)

    async def edit_original_response(
        self,
        *,
        view: ui.LayoutView | None = None,
        content: str | None = None,
        attachments: Sequence[discord.File] = (),
    ) -> None:
        self.views += [view] if view is not None else []
        self.words += [content] if content is not None else []
        self.files = attachments


async def press(desk: Desk, *what: Any, user_id: int = OWNER, **changes: Any) -> Press:
    pressed = Press(CustomId(*what), user_id, **changes)
    interaction: Any = pressed
    await Router(desk.desk, desk.projects).handle(interaction)
    return pressed


# Films of others


async def test_who_was_invited_finds_the_film_and_reads_and_does_nothing_else_with_it(desk: Desk) -> None:
    film, own = await desk.named("Theirs"), await desk.named("Own", owner_id=STRANGER)
    await desk.done(film)
    with pytest.raises(NotInvited):
        await desk.library.film(STRANGER, film)
    await Participants(desk.database, Wake()).invite(film, owner_id=OWNER, user_id=STRANGER, role=Role.VIEWER)

    listed = text(await desk.library.page(STRANGER))
    opened = await desk.library.film(STRANGER, film)

    assert "Theirs" in listed
    assert "Own" in listed
    assert [title.project_id for title in await desk.library.titles(STRANGER, "thei", most=5)] == [film]
    assert f"A film of <@{OWNER}>, who invited you." in text(opened)
    assert [label for label, _, _ in buttons(opened)] == ["Plan", "Report…", "All films"]
    for action in (Action.DELETE, Action.ERASE):
        with pytest.raises(NotYours):
            await desk.library.press(CustomId(action, film), STRANGER)
    with pytest.raises(NotYours):
        await desk.library.send(film, user_id=STRANGER, channel_id=99)
    assert "1 film of yours" in text(await desk.library.privacy(STRANGER))
    assert own != film


# What is shown


async def test_films_are_listed_newest_first_in_pages_and_nobody_elses(desk: Desk) -> None:
    for number in range(ON_A_PAGE + 2):
        await desk.named(f"Film {number}")
    await desk.named("A stranger's", owner_id=STRANGER)

    first, last = [text(await desk.library.page(OWNER, number)) for number in (1, 9)]

    assert [number for number in range(9) if f"Film {number}" in first] == [2, 3, 4, 5, 6]
    assert first.index("Film 6") < first.index("Film 2")
    assert "7 films, newest first · page 1 of 2" in first
    assert [number for number in range(9) if f"Film {number}" in last] == [0, 1]
    assert "stranger" not in first + last


async def test_a_film_tells_its_state_version_length_cost_and_the_way_to_it(desk: Desk) -> None:
    film = await desk.named("Koi")
    made = await desk.done(film)
    async with desk.database.transaction() as transaction:
        await transaction.exec_driver_sql(
            f"UPDATE reservations SET settled_microusd = 1200000 WHERE id = '{made.id}'"  # noqa: S608  # an id of ours
        )

    said = text(await desk.library.film(OWNER, film))

    assert "✅ Koi\nDone\nplan v1 · 15 s · cost $1.20 · <t:101:R>" in said
    assert "[watch it](https://discord.com/channels/5/77/800)" in said


def film(state: ProductionState | None, **changes: object) -> Film:
    made = production(state) if state is not None else None
    facts = Film(project=project(), at=100.0, plan=plan(), latest=made)
    if state is ProductionState.DONE:
        facts = replace(facts, done=made, posted=PostedMessage(guild_id=5, channel_id=77, message_id=800))
    return replace(facts, **changes)  # type: ignore[arg-type]  # passed on as given


@pytest.mark.parametrize("state", [None, *ProductionState])
def test_what_can_be_done_with_a_film_depends_on_how_it_stands(state: ProductionState | None) -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.UNKNOWN, failure="OutcomeUnknown")]
    labels = [label for label, _, _ in buttons(film_view(OpenFilm(film=film(state), takes=takes, at_risk_microusd=1)))]

    wanted = ["Delete…", "All films"]
    if state in {ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING}:
        wanted = ["Cancel", *wanted]
    wanted = ["Vary…", *wanted]
    if state is ProductionState.DONE:
        wanted = ["Send here", "Run again", *wanted]
    if state is ProductionState.HELD:
        wanted = ["Order again (may cost $0.01 twice)", "Finish without it", "Stop", *wanted]
    assert labels == wanted


@pytest.mark.parametrize(
    ("state", "way"),
    [(ProjectState.PLANNED, ["Make one like this"]), (ProjectState.NEW, []), (ProjectState.FAILED, [])],
)
def test_a_video_that_was_looked_at_leads_to_a_film_like_it_and_is_not_varied(
    state: ProjectState, way: list[str]
) -> None:
    analysis = replace(project(), kind=ProjectKind.ANALYSIS, state=state)

    found = buttons(film_view(OpenFilm(film=film(None, project=analysis, plan=None))))

    assert [label for label, _, _ in found] == [*way, "Delete…", "All films"]
    assert not way or found[0][1] == str(CustomId(Action.LIKE, analysis.id))


def test_every_view_is_taken_by_discord_whatever_films_are_called() -> None:
    endless = plan(title="界" * 200, logline="界" * 600)
    held = film(ProductionState.HELD, plan=endless)
    many = Page(owner_id=2**63, films=[film(ProductionState.DONE, plan=endless)] * 1, number=2, total=99)
    views = [list_view(many), film_view(OpenFilm(film=held, takes=[take()] * 12)), confirm_view(held)]
    views += [privacy_view(Kept(services=("A", "B"), has_store=True), 2**63, 3), forget_view(2**63, 1, 1)]

    assert [is_taken_by_discord(view) for view in views] == [True] * 5


def test_what_goes_by_itself_is_told_with_its_days() -> None:
    nothing, something = (text(privacy_view(kept, OWNER, 2)) for kept in (Kept(), Kept(uploads_days=30, films_days=1)))

    assert "Kept until you delete them.\n" in nothing
    assert "last worked on: videos 30 days, films 1 day." in something


def test_a_film_that_has_no_plan_is_called_by_its_idea_and_pings_nobody() -> None:
    idea = "[click](https://evil.example) @everyone"
    nameless = film(None, plan=None, project=project(idea=idea, state=ProjectState.FAILED))

    said = text(list_view(Page(owner_id=OWNER, films=[nameless], total=1)))

    assert "no plan yet" in said
    assert "](https://evil" not in said
    assert "@everyone" not in said


async def test_films_are_found_by_words_of_their_titles_and_opened_where_it_is_one(desk: Desk) -> None:
    koi = await desk.named("Koi and Dragon")
    await desk.named("Koi alone")
    await desk.named("Koi and Dragon", owner_id=STRANGER)

    assert [found.project_id for found in await desk.library.titles(OWNER, "dragon KOI", most=25)] == [koi]
    assert "Delete…" in [label for label, _, _ in buttons(await shown(desk.library, OWNER, "dragon"))]
    assert "called *koi*" in text(await shown(desk.library, OWNER, "koi"))
    assert "None of your films" in text(await shown(desk.library, OWNER, "quokka"))
    assert "2 films" in text(await shown(desk.library, OWNER, None))


async def test_an_id_of_somebody_elses_film_tells_nothing_of_it(desk: Desk) -> None:
    theirs = await desk.named("Secret", owner_id=STRANGER)

    assert "Secret" not in text(await shown(desk.library, OWNER, theirs))


# What presses do


@pytest.mark.parametrize("action", [Action.FILMS, Action.PRIVACY, Action.FORGET, Action.ERASEALL, Action.EXPORT])
async def test_what_is_one_persons_is_refused_to_another(desk: Desk, action: Action) -> None:
    await desk.named("Koi")

    pressed = await press(desk, action, MINE, 1, user_id=STRANGER)

    assert pressed.views == []
    assert not pressed.files
    assert f"belongs to <@{OWNER}>" in pressed.words[0]
    assert await desk.deletions.pending() == []


@pytest.mark.parametrize("action", [Action.FILM, Action.DELETE, Action.ERASE, Action.SEND])
async def test_a_film_is_refused_to_others(desk: Desk, action: Action) -> None:
    film = await desk.named("Koi")
    await desk.done(film)

    pressed = await press(desk, action, film, user_id=STRANGER)

    assert pressed.views == []
    assert "belongs to" in pressed.words[0]
    assert await desk.deletions.pending() == []
    assert await desk.productions.undelivered() == []


async def test_a_film_is_deleted_once_its_owner_has_read_what_goes(desk: Desk) -> None:
    film = await desk.named("Koi")

    asked = await press(desk, Action.DELETE, film)
    assert "**This goes, for good**" in text(asked.views[0])
    assert await desk.deletions.pending() == []
    done = await press(desk, Action.ERASE, film)

    assert "is being deleted" in text(done.views[0])
    assert [deletion.project_id for deletion in await desk.deletions.pending()] == [film]
    assert "no films here yet" in text(await desk.library.page(OWNER))
    assert "don't know that film" in (await press(desk, Action.ERASE, film)).words[0]


async def test_a_film_is_sent_again_to_the_channel_of_the_press_and_nothing_is_ordered(desk: Desk) -> None:
    film = await desk.named("Koi")
    made = await desk.done(film)

    sent = await press(desk, Action.SEND, film)

    assert "Nothing is ordered" in sent.words[0]
    again = await desk.productions.get(made.id)
    assert (again.delivered_at, again.delivery_channel_id) == (None, 99)
    assert await desk.productions.active() == []
    assert "already" in (await press(desk, Action.SEND, film)).words[0]


async def test_a_film_for_adults_is_sent_only_where_discord_restricts_by_age(desk: Desk) -> None:
    asked = request("adult", is_adult=True)
    made, _ = await desk.projects.create(asked, model="gen4.5")
    await desk.projects.keep_plan(made.id, plan())
    done = await desk.done(made.id)

    sent = await press(desk, Action.SEND, made.id)

    assert "restricted by age" in sent.words[0]
    assert (await desk.productions.get(done.id)).delivered_at is not None


async def test_a_film_is_not_sent_where_we_may_not_write(desk: Desk) -> None:
    film = await desk.named("Koi")
    made = await desk.done(film)

    sent = await press(desk, Action.SEND, film, may=discord.Permissions.none())

    assert "Ask a moderator" in sent.words[0]
    assert (await desk.productions.get(made.id)).delivered_at is not None


async def test_where_we_are_no_member_nobody_is_sent_to_moderators(desk: Desk) -> None:
    film = await desk.named("Koi")
    made = await desk.done(film)
    pressed: Any = Press(CustomId(Action.SEND, film))
    pressed.is_guild_integration = lambda: False

    await Router(desk.desk, desk.projects).handle(pressed)

    assert "I am no member here" in pressed.words[0]
    assert "moderator" not in pressed.words[0]
    assert (await desk.productions.get(made.id)).delivered_at is not None


async def test_a_search_that_finds_more_than_a_page_says_so(desk: Desk) -> None:
    for number in range(ON_A_PAGE):
        await desk.named(f"Koi {number}")
    assert "more" not in text(await desk.library.search(OWNER, "koi"))

    await desk.named("Koi again")

    assert "… and more: type more of its title." in text(await desk.library.search(OWNER, "koi"))


async def test_a_person_takes_everything_along_and_nothing_of_others(desk: Desk) -> None:
    film = await desk.named("Koi")
    await desk.projects.hear(film, message_id=1, author_id=OWNER, words="make it night")
    await desk.projects.hear(film, message_id=2, author_id=STRANGER, words="a stranger's words")
    await desk.named("A stranger's", owner_id=STRANGER)
    await desk.done(film)

    pressed = await press(desk, Action.EXPORT, MINE)

    (file,) = pressed.files
    told = file.fp.read().decode()
    data = json.loads(told)
    assert [(one["idea"], one["plans"][0]["plan"]["title"]) for one in data["films"]] == [("Koi", "Koi")]
    assert [turn["words"] for turn in data["films"][0]["talk"]] == ["make it night"]
    (made,) = data["films"][0]["productions"]
    assert (made["state"], len(made["shots"])) == ("done", 3)
    assert [charge["reserved_microusd"] for charge in data["charges"]] == [1_800_000]
    assert "stranger" not in told


async def test_everything_is_deleted_once_a_person_has_read_what_goes(desk: Desk) -> None:
    await desk.accept(await desk.named("Koi"))
    await desk.named("Dragon")
    await desk.named("A stranger's", owner_id=STRANGER)

    asked = await press(desk, Action.FORGET, MINE)
    assert "2 films of yours" in text(asked.views[0])
    assert "1 film of these is not over yet" in text(asked.views[0])
    assert await desk.deletions.pending() == []
    await press(desk, Action.ERASEALL, MINE)
    await press(desk, Action.ERASEALL, MINE)

    assert [(one.owner_id, one.project_id) for one in await desk.deletions.pending()] == [(OWNER, None)]
    assert "no films here yet" in text(await desk.library.page(OWNER))
    assert "1 film" in text(await desk.library.page(STRANGER))


def test_a_pseudonym_is_the_same_in_every_process_of_the_bot_and_nobody_elses() -> None:
    assert Pseudonyms("the bot's token").of(OWNER) == Pseudonyms("the bot's token").of(OWNER) < 0
    assert Pseudonyms("the bot's token").of(OWNER) != Pseudonyms("another's").of(OWNER)
    assert Pseudonyms().of(OWNER) != Pseudonyms().of(OWNER)
