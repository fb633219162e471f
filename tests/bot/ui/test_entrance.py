"""The house's rules at every way in."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.studio.ages import Ages
from bot.studio.guilds import Guilds, GuildSettings, Location
from bot.studio.house_rules import HouseRules, Visit
from bot.ui.ages import AgeGate
from bot.ui.custom_ids import Action, CustomId
from bot.ui.doors import Doors
from bot.ui.entrance import PRIVATE, TELL_EVERY, WORKS, Entrance, location_of
from bot.ui.films import owner_ref
from bot.ui.postponed import KEPT_FOR, MOST_KEPT, Postponed

MIA, SERVER, CHANNEL = 1001, 5, 6
FILM = "0" * 32


class Room(discord.Object):
    category_id = None

    def is_nsfw(self) -> bool:
        return False


class Asked:
    """An interaction, as far as the entrance and an answer look at it."""

    def __init__(self, kind: discord.InteractionType, data: dict[str, Any], user_id: int = MIA) -> None:
        self.type = kind
        self.data = data
        self.user = discord.Object(user_id)
        self.locale = discord.Locale.american_english
        self.guild_id = SERVER
        self.channel = Room(CHANNEL)
        self.channel_id = CHANNEL
        self.message = None
        self.response = self
        self.answers: list[str] = []
        self.views: list[ui.View] = []
        self.deleted = False

    async def send_message(self, words: str, *, ephemeral: bool, view: ui.View | None = None) -> None:
        assert ephemeral
        self.answers.append(words)
        self.views += [view] if view is not None else []

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        pass

    async def edit_original_response(self, *, content: str) -> None:
        self.answers.append(content)

    async def delete_original_response(self) -> None:
        self.deleted = True


def command(name: str, **options: str) -> Any:
    listed = [{"name": key, "value": value} for key, value in options.items()]
    return Asked(discord.InteractionType.application_command, {"name": name, "options": listed})


def press(action: Action, *, user_id: int = MIA, ref: str = FILM) -> Any:
    one = dict.fromkeys(
        (Action.SHOT, Action.ANOTHER, Action.BACK, Action.STORYBOARD, Action.FROMSTILL, Action.DRAFT), (1,)
    )
    numbers = {**one, Action.TAKE: (1, 1)}.get(action, ())
    custom_id = CustomId(action, ref, 1 if numbers else None, numbers)
    return Asked(discord.InteractionType.component, {"custom_id": str(custom_id)}, user_id)


async def closed(database: Database) -> Doors:
    guilds = Guilds(database)
    await guilds.change(SERVER, lambda _: GuildSettings(denied=frozenset({CHANNEL})))
    return Doors(entrance=Entrance(HouseRules(guilds, Ages(database, least=None))))


async def test_what_others_see_or_what_costs_something_is_refused_in_a_channel_that_was_denied(
    database: Database,
) -> None:
    doors = await closed(database)

    for asked in (command("plan", idea="a koi"), command("a command of tomorrow"), *map(press, WORKS)):
        assert not await doors.let_in(asked)
        assert "don't have me in this channel" in asked.answers[0]


async def test_what_is_a_persons_own_is_in_nobodys_way(database: Database) -> None:
    doors = await closed(database)

    for asked in (*map(command, PRIVATE), *[press(action) for action in Action if action not in WORKS]):
        assert await doors.let_in(asked)


async def test_a_channel_that_discord_does_not_tell_of_goes_by_its_id(database: Database) -> None:
    asked = command("plan", idea="a koi")
    asked.channel = None

    assert not await (await closed(database)).let_in(asked)


async def test_words_are_found_in_options_of_subcommands_and_in_forms(database: Database) -> None:
    rules = HouseRules(Guilds(database), Ages(database, least=None), blocked_words={"heron"})
    doors = Doors(entrance=Entrance(rules))
    nested = {"name": "film", "options": [{"name": "now", "options": [{"name": "idea", "value": "A Heron!"}]}]}
    form = {
        "custom_id": str(CustomId(Action.CHANGE, FILM)),
        "components": [{"type": 18, "component": {"custom_id": "words", "value": "more heron"}}],
    }

    used_on = {"name": "Make a film from this", "resolved": {"messages": {"9": {"content": "my heron"}}}}

    asked: Any = Asked(discord.InteractionType.application_command, nested)
    chosen: Any = Asked(discord.InteractionType.application_command, used_on)
    sent: Any = Asked(discord.InteractionType.modal_submit, form)

    assert not await doors.let_in(asked)
    assert not await doors.let_in(chosen)
    assert not await doors.let_in(sent)
    assert "“heron”" in sent.answers[0]


async def test_age_is_asked_with_a_button_that_only_the_person_themself_can_press(database: Database) -> None:
    rules = HouseRules(Guilds(database), Ages(database, least=18))
    doors, gate = Doors(entrance=Entrance(rules)), AgeGate(rules.ages)
    asked = command("plan", idea="a koi")
    assert not await doors.let_in(asked)
    [button] = asked.views[0].children
    assert isinstance(button, ui.Button)
    custom_id = CustomId.parse(button.custom_id or "")
    assert (custom_id, button.label) == (CustomId(Action.OFAGE, owner_ref(MIA)), "I am 18 or older")
    assert custom_id is not None

    foreign = press(Action.OFAGE, user_id=MIA + 1, ref=owner_ref(MIA))
    await gate.presses[Action.OFAGE](foreign, custom_id)
    assert not await doors.let_in(command("plan"))
    own = press(Action.OFAGE, ref=owner_ref(MIA))
    await gate.presses[Action.OFAGE](own, custom_id)

    assert "Thank you" in own.answers[0]
    assert await doors.let_in(command("plan"))


class Tree:
    """Runs commands, as far as who asks for one is told."""

    def __init__(self) -> None:
        self.took: list[Any] = []

    async def take_up(self, interaction: Any) -> None:
        self.took.append(interaction)


def a_tree() -> Any:
    return Tree()


class House:
    """Age is asked, and the commands of those who are asked wait."""

    def __init__(self, database: Database) -> None:
        self.now = 0.0
        self.rules = HouseRules(Guilds(database), Ages(database, least=18))
        self.postponed = Postponed(clock=lambda: self.now)
        self.doors = Doors(entrance=Entrance(self.rules, postponed=self.postponed))
        self.gate = AgeGate(self.rules.ages, self.postponed)
        self.tree = a_tree()
        self.gate.add_to(self.tree)

    async def ask(self, asked: Any) -> CustomId:
        """The button that the question has."""
        assert not await self.doors.let_in(asked)
        [button] = asked.views[0].children
        custom_id = CustomId.parse(button.custom_id)
        assert custom_id is not None
        return custom_id

    async def confirm(self, custom_id: CustomId, user_id: int = MIA, channel_id: int = CHANNEL) -> Any:
        own = press(Action.OFAGE, user_id=user_id, ref=custom_id.ref)
        own.channel_id = channel_id
        await self.gate.presses[Action.OFAGE](own, custom_id)
        return own


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_a_command_goes_on_by_itself_once_its_person_is_old_enough_and_the_question_goes(house: House) -> None:
    asked = command("plan", idea="a koi")
    custom_id = await house.ask(asked)
    assert "goes on by itself" in asked.answers[0]

    own = await house.confirm(custom_id)

    assert house.tree.took == [own]
    assert (own.type, own.data, own.message) == (asked.type, asked.data, None)
    assert (own.answers, asked.deleted) == ([], True)  # the command answers
    assert await house.doors.let_in(command("plan"))


async def test_a_command_goes_on_once(house: House) -> None:
    custom_id = await house.ask(command("film", idea="a koi"))
    await house.confirm(custom_id)

    again = await house.confirm(custom_id)

    assert len(house.tree.took) == 1
    assert "use the command once more" in again.answers[0]


async def test_what_is_not_known_any_more_is_told_honestly_and_the_age_is_kept(house: House) -> None:
    custom_id = await house.ask(command("plan", idea="a koi"))
    house.now += KEPT_FOR

    own = await house.confirm(custom_id)

    assert house.tree.took == []
    assert "I was restarted since, or it was too long ago" in own.answers[0]
    assert await house.doors.let_in(command("plan"))


async def test_nobody_takes_up_what_another_asked_for_or_what_was_asked_for_elsewhere(house: House) -> None:
    custom_id = await house.ask(command("plan", idea="a koi"))

    foreign = await house.confirm(custom_id, MIA + 1)
    await house.confirm(custom_id, channel_id=CHANNEL + 1)

    assert house.tree.took == []
    assert "<@1001>" in foreign.answers[0]


async def test_a_press_is_made_again_for_it_may_order_something(house: House) -> None:
    custom_id = await house.ask(press(Action.GREENLIGHT))

    own = await house.confirm(custom_id)

    assert house.tree.took == []
    assert "use the command or button once more" in own.answers[0]


async def test_only_so_many_commands_wait() -> None:
    postponed = Postponed(clock=lambda: 0.0)
    asked = [command("plan") for _ in range(MOST_KEPT + 1)]
    for number, each in enumerate(asked):
        each.user = discord.Object(number + 1)
        assert postponed.keep(each)

    assert postponed.take(asked[0]) is None
    assert postponed.take(asked[1]) is asked[1]


class Talked(discord.abc.Messageable, Room):
    """A channel whose category is told, with one message of Mia's."""

    category_id = 60  # type: ignore[assignment]

    async def fetch_message(self, number: int, /) -> Any:
        return SimpleNamespace(id=number, author=discord.Object(MIA), channel=self)

    async def _get_channel(self) -> Any:
        return self


@pytest.mark.parametrize("known_by", ["cache", "interaction", "fetch"])
async def test_what_was_asked_in_words_is_taken_up_in_the_channel_it_was_asked_in(
    database: Database, known_by: str
) -> None:
    channel, heard = Talked(CHANNEL), []

    async def fetch_channel(channel_id: int) -> Any:
        assert known_by == "fetch"
        return channel

    async def fetch_bare(number: int) -> Any:
        return SimpleNamespace(id=number, author=discord.Object(MIA), channel=discord.Object(CHANNEL))

    own = press(Action.OFAGE, ref=owner_ref(MIA))
    own.channel = channel if known_by == "interaction" else None
    own.message = SimpleNamespace(reference=SimpleNamespace(message_id=9))
    own.client = SimpleNamespace(
        get_channel=lambda _: channel if known_by == "cache" else None,
        get_partial_messageable=lambda *_, **__: SimpleNamespace(fetch_message=fetch_bare),
        fetch_channel=fetch_channel,
        dispatch=lambda event, message: heard.append((event, message.id, location_of(message.channel))),
    )

    custom_id = CustomId(Action.OFAGE, owner_ref(MIA))
    await AgeGate(Ages(database, least=18)).presses[Action.OFAGE](own, custom_id)

    assert "taking up what you wrote" in own.answers[0]
    assert heard == [("message", 9, Location(channel_id=CHANNEL, category_id=60))]


async def test_nobody_is_let_in_against_rules_that_cannot_be_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(HouseRules):
        async def check(self, visit: Visit) -> None:
            await asyncio.sleep(3600)

    monkeypatch.setattr("bot.ui.entrance.LOOK_WITHIN", 0.01)  # a constant, not a behaviour
    away: Any = Away.__new__(Away)
    asked = command("plan")

    assert not await Doors(entrance=Entrance(away)).let_in(asked)
    assert "can't look up the rules" in asked.answers[0]


async def test_refused_messages_of_one_person_are_answered_now_and_then(database: Database) -> None:
    now = [0.0]
    entrance = Entrance(HouseRules(Guilds(database), Ages(database, least=None)), clock=lambda: now[0])

    assert [entrance.tells(MIA), entrance.tells(MIA), entrance.tells(MIA + 1)] == [True, False, True]
    now[0] += TELL_EVERY
    assert entrance.tells(MIA)


def test_a_thread_counts_with_its_channel_and_category() -> None:
    thread = discord.Thread.__new__(discord.Thread)
    thread.id, thread.parent_id = 3, 2
    parent = SimpleNamespace(category_id=1, is_nsfw=lambda: True)
    thread.guild = SimpleNamespace(get_channel=lambda _: parent)  # type: ignore[assignment]

    assert location_of(thread) == Location(channel_id=3, parent_id=2, category_id=1, is_age_restricted=True)


@pytest.mark.parametrize("action", [Action.WITHOUT, Action.APPROVE, Action.RESEND])
async def test_what_lets_a_film_go_on_or_be_posted_is_work(database: Database, action: Action) -> None:
    assert not await (await closed(database)).let_in(press(action))
