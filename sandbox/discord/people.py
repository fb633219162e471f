"""People in the guild, doing what a Discord client lets people do; and the moderator, who may do more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.discord.reading import buttons_of, components_of
from sandbox.discord.simulation import Impossible, impossible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.discord.simulation import InteractionResult, Simulation


@dataclass(frozen=True, slots=True)
class Member:
    """A person in the guild. `mention` is what pings them."""

    id: int
    name: str

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(frozen=True, slots=True)
class Channel:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Role:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file a person attaches."""

    name: str
    data: bytes


class Use:
    """A use of a command, button or modal, and the bot's answer so far: every property looks at the present."""

    def __init__(self, simulation: Simulation, result: InteractionResult) -> None:
        self._simulation = simulation
        self._result = result
        self._interaction = result._interaction  # noqa: SLF001 - InteractionResult shows messages only as discord.py's

    @property
    def id(self) -> int:
        return self._interaction.id

    @property
    def token(self) -> str:
        return self._interaction.token

    @property
    def channel_id(self) -> int:
        return self._interaction.channel_id

    @property
    def acknowledged(self) -> bool:
        return self._result.acknowledged

    @property
    def deferred(self) -> bool:
        """Whether the bot answered "thinking…" or a silent acknowledgement, and has not followed it up."""
        return self._result.deferred

    @property
    def ephemeral(self) -> bool:
        return self._result.ephemeral

    @property
    def modal(self) -> dict[str, Any] | None:
        return self._result.modal

    @property
    def choices(self) -> list[dict[str, Any]] | None:
        """What autocompletion offered."""
        return self._result.autocomplete_choices

    @property
    def original(self) -> dict[str, Any] | None:
        """The first answer, or the message whose button was pressed if the bot chose to edit that."""
        found = self._interaction.message_id
        return None if found is None else self._simulation.message(self.channel_id, found)

    @property
    def followups(self) -> list[dict[str, Any]]:
        found = [self._simulation.message(self.channel_id, one) for one in self._interaction.followup_ids]
        return [message for message in found if message is not None]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All answers that still exist, oldest first."""
        return [message for message in (self.original, *self.followups) if message is not None]

    def expire(self) -> None:
        """Let the token's fifteen minutes be over."""
        self._interaction.expires_at = self._simulation.backend.now_iso()


class People:
    """Everything people do. Raises `Impossible` for what their client would not let them do."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.members: list[Member] = []

    @property
    def hurried(self) -> bool:
        """Whether people act without waiting for the bot's answer; a crowd that waits wakes each other all the time."""
        return self._simulation.env.hurried

    @hurried.setter
    def hurried(self, hurried: bool) -> None:
        self._simulation.env.hurried = hurried

    def join(self, name: str) -> Member:
        member = Member(self._simulation.join(name).id, name)
        self.members.append(member)
        return member

    async def slash(
        self, member: Member, channel_id: int, command: str, options: Mapping[str, object] | None = None
    ) -> Use:
        """Use a command; returns once it is acknowledged, or after the 3 s Discord waits.

        `options` by name: text, numbers, a Member or an UploadedFile.
        """
        with impossible():
            given = {name: self._option(value) for name, value in (options or {}).items()}
            actor = self._simulation.actor(member.id, channel_id)
            result = await actor.slash(self._simulation.handle(channel_id), command, **given)
        return Use(self._simulation, result)

    async def slash_in_dm(self, member: Member, command: str, options: Mapping[str, object] | None = None) -> Use:
        """Use a command in one's direct messages with the bot; returns like `slash`."""
        with impossible():
            given = {name: self._option(value) for name, value in (options or {}).items()}
            result = await self._simulation.actor(member.id).user.slash(command, **given)
        return Use(self._simulation, result)

    async def menu(self, member: Member, channel_id: int, command: str, message_id: int) -> Use:
        """Choose a command in the menu of a message; returns like `slash`."""
        with impossible():
            actor = self._simulation.actor(member.id, channel_id)
            target = self._simulation.seen(channel_id, message_id)
            result = await actor.context_menu(self._simulation.handle(channel_id), command, target)
        return Use(self._simulation, result)

    async def autocomplete(
        self, member: Member, channel_id: int, command: str, option: str, typed: str
    ) -> list[dict[str, Any]]:
        with impossible():
            actor = self._simulation.actor(member.id, channel_id)
            return await actor.autocomplete(self._simulation.handle(channel_id), command, option, typed)

    async def press(
        self,
        member: Member,
        channel_id: int,
        *,
        label: str | None = None,
        custom_id: str | None = None,
        message_id: int | None = None,
    ) -> Use:
        """Press a button on this message, or on the newest one that has it; returns like `slash`."""
        message = self._with_button(member, channel_id, label, custom_id, message_id)
        with impossible():
            actor = self._simulation.actor(member.id, channel_id)
            target = self._simulation.seen(channel_id, int(message["id"]))
            result = await actor.click(target, label=label, custom_id=custom_id)
        return Use(self._simulation, result)

    async def choose(self, member: Member, channel_id: int, values: Sequence[str], *, custom_id: str) -> Use:
        """Choose in the menu of this custom id, of the newest message that has it; returns like `slash`."""
        return await self._select(member, channel_id, values, custom_id)

    async def pick(
        self, member: Member, channel_id: int, chosen: Sequence[Channel | Role | Member], *, custom_id: str
    ) -> Use:
        """Choose channels, roles or people likewise."""
        handles = [self._option(each) for each in chosen]
        return await self._select(member, channel_id, handles, custom_id)

    async def _select(self, member: Member, channel_id: int, values: Sequence[Any], custom_id: str) -> Use:
        for message in self._simulation.messages(channel_id, member.id)[::-1]:
            if custom_id in [component.get("custom_id") for component in components_of(message)]:
                with impossible():
                    actor = self._simulation.actor(member.id)
                    target = self._simulation.seen(channel_id, int(message["id"]))
                    result = await actor.select(target, values, custom_id=custom_id)
                return Use(self._simulation, result)
        raise Impossible(f"{member.name} sees no such menu (custom_id={custom_id!r}) in {channel_id}")

    async def submit(self, member: Member, use: Use, values: Mapping[str, object]) -> Use:
        """Fill in and send the modal this use opened; values by custom id."""
        with impossible():
            given = {key: self._option(value) for key, value in values.items()}
            actor = self._simulation.actor(member.id, use.channel_id)
            result = await actor.submit_modal(use._result, given)  # noqa: SLF001
        return Use(self._simulation, result)

    async def say(
        self,
        member: Member,
        channel_id: int,
        content: str,
        files: Sequence[UploadedFile] = (),
        reply_to: int | None = None,
    ) -> dict[str, Any]:
        """Post a message. An archived thread opens again; a locked one refuses."""
        with impossible():
            handle = self._simulation.handle(channel_id)
            sent = await self._simulation.actor(member.id, channel_id).send(
                handle,
                content,
                reply_to=None if reply_to is None else self._simulation.seen(channel_id, reply_to),
                attachments=[(file.name, file.data) for file in files],
            )
        message = self._simulation.message(channel_id, sent.id)
        assert message is not None
        return message

    # --- the moderator

    def delete_message(self, channel_id: int, message_id: int) -> None:
        with impossible():
            self._simulation.backend.delete_message(channel_id, message_id)

    def archive_thread(self, thread_id: int, *, locked: bool = False) -> None:
        with impossible():
            self._simulation.backend.get_thread(thread_id)
            self._simulation.backend.edit_channel(
                thread_id, {}, thread_metadata={"archived": True} | ({"locked": True} if locked else {})
            )

    def lock_thread(self, thread_id: int) -> None:
        with impossible():
            self._simulation.backend.get_thread(thread_id)
            self._simulation.backend.edit_channel(thread_id, {}, thread_metadata={"locked": True})

    def delete_channel(self, channel_id: int) -> None:
        """A channel or a thread, with everything in it."""
        with impossible():
            self._simulation.backend.delete_channel(channel_id)

    def make_forum(self, name: str) -> int:
        """A channel of posts; its id."""
        with impossible():
            return self._simulation.guild.create_forum_channel(name).id

    async def post(self, member: Member, forum_id: int, title: str, content: str) -> int:
        """Begin a post of a forum; its id. SimCord lets only bots do that, and people begin threads."""
        with impossible():
            post = self._simulation.backend.create_thread(forum_id, title, member.id)
        await self.say(member, post.id, content)
        return post.id

    def make_channel(self, name: str) -> Channel:
        with impossible():
            return Channel(self._simulation.guild.create_text_channel(name).id, name)

    def make_role(self, name: str, *members: Member, **permissions: bool) -> Role:
        """A role for these members, with permissions by discord.py's names."""
        with impossible():
            made = self._simulation.make_role(name, permissions)
            for member in members:
                self._simulation.backend.add_member_role(self._simulation.guild.id, member.id, made)
        return Role(made, name)

    def take_role(self, role: Role, member: Member) -> None:
        with impossible():
            self._simulation.backend.remove_member_role(self._simulation.guild.id, member.id, role.id)

    def show_command(self, name: str, member: Member) -> None:
        """Let somebody use a command whatever it asks for by itself, as a server's integrations page can."""
        with impossible():
            self._simulation.show_command(name, member.id)

    def found_without_bot(self, name: str) -> int:
        """A server with everybody but the bot in it, where people bring it along; the id of its channel."""
        with impossible():
            return self._simulation.found_without_bot(name)

    def let_bot(self, **permissions: bool) -> None:
        """Grant or take permissions of the bot's role, by discord.py's names: `send_messages=False`."""
        with impossible():
            self._simulation.let_bot(**permissions)

    def kick_bot(self) -> None:
        with impossible():
            self._simulation.backend.remove_guild(self._simulation.guild.id)

    def _option(self, value: object) -> object:
        match value:
            case UploadedFile(name, data):
                return name, data
            case Member(member_id):
                return self._simulation.actor(member_id)
            case Channel(id) | Role(id):
                return self._simulation.selected(id)
            case _:
                return value

    def _with_button(
        self, member: Member, channel_id: int, label: str | None, custom_id: str | None, message_id: int | None
    ) -> dict[str, Any]:
        def offers(message: dict[str, Any]) -> bool:
            if message_id is not None:
                return int(message["id"]) == message_id
            buttons = buttons_of(message)
            return any(label in {None, b.get("label")} and custom_id in {None, b["custom_id"]} for b in buttons)

        for message in self._simulation.messages(channel_id, member.id)[::-1]:
            if offers(message):
                return message
        raise Impossible(
            f"{member.name} sees no such button (label={label!r}, custom_id={custom_id!r}) in {channel_id}"
        )
