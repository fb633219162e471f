"""Discord's semantics, from SimCord 3.2.1: the only module here that imports it.

State, permissions, payload shapes, the life of an interaction, validation and error codes are SimCord's. This module
gives it a real clock, a CDN on loopback and a bot that lives in another process, and hands plain values to the
transport. It leans on names SimCord does not promise (`Backend`, `router.dispatch`, `intents`, `preview`), so the
version is pinned and tests/sandbox/discord/test_simulation.py holds every one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote, urlsplit

import discord
from simcord import (
    BackendError,
    ChannelHandle,
    Env,
    GuildHandle,
    InteractionResult,
    MemberActor,
    ResponseMessage,
    RoleHandle,
    SetupError,
    UserHandle,
)
from simcord import RouteNotImplemented as UnknownToSimCord
from simcord import UnsupportedField as FieldUnknownToSimCord
from simcord._clock import Clock
from simcord.backend import Backend, serializers
from simcord.backend.cdn import CdnStore
from simcord.enums import AppCommandType, MessageType
from simcord.http import router
from simcord.intents import censor_message, missing_privileged_intents, prune_guild_create, required_intent
from simcord.preview import Preview
from simcord.preview._media import MediaInfo, MediaWorker
from simcord.preview._server import PreviewServer

from sandbox.discord.traffic import Refused

__all__ = [
    "Impossible",
    "InteractionResult",
    "MediaInfo",
    "MediaWorker",
    "Preview",
    "PreviewServer",
    "Simulation",
    "impossible",
]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from simcord.backend.models import Channel, Interaction, Message

    from sandbox.discord.changes import Changes

ACKNOWLEDGEMENT_PERIOD = 3.0
"""Seconds a bot has for its first answer (discord-api-docs interactions/receiving-and-responding.mdx)."""


class Impossible(Exception):
    """A person's client would not let them do that."""


@contextlib.contextmanager
def impossible() -> Iterator[None]:
    """Turns SimCord's refusals of a person's act into `Impossible`."""
    try:
        yield
    except (BackendError, SetupError) as refusal:
        raise Impossible(str(refusal)) from refusal


class _RealClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


class _LoopbackCdn(CdnStore):
    """Attachments under our own address, so that the bot's own GET works; URLs carry a signature, as Discord's do."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url
        self.files: dict[str, tuple[bytes, str]] = {}

    def store_attachment(
        self, attachment_id: int, channel_id: int, filename: str, data: bytes, description: str | None
    ) -> dict[str, Any]:
        stored = super().store_attachment(attachment_id, channel_id, filename, data, description)
        return self._publish(stored, f"/attachments/{channel_id}/{attachment_id}/{filename}", data)

    def _publish(self, attachment: dict[str, Any], path: str, data: bytes) -> dict[str, Any]:
        self.files[path] = (data, attachment["content_type"])
        issued = int(datetime.now(UTC).timestamp())
        url = f"{self.base_url}{quote(path)}?ex={issued + 86400:x}&is={issued:x}&hm={'0' * 64}&"
        return {**attachment, "url": url, "proxy_url": url}

    def make_ephemeral(self, attachment: dict[str, Any], application_id: int) -> dict[str, Any]:
        """What a slash command or a modal carries lives under another path, and is not part of any channel."""
        data, _ = self.files.pop(unquote(urlsplit(attachment["url"]).path))
        path = f"/ephemeral-attachments/{application_id}/{attachment['id']}/{attachment['filename']}"
        return self._publish(attachment, path, data)

    def get(self, url: str) -> bytes | None:
        found = self.files.get(unquote(urlsplit(url).path)) if url.startswith(self.base_url) else None
        return found[0] if found else super().get(url)


class _LoopbackBackend(Backend):
    """SimCord's store. Interactions announce our upload limit and people's languages instead of SimCord's constants."""

    def __init__(self, cdn_url: str, upload_limit: Callable[[], int]) -> None:
        super().__init__(clock=_RealClock())
        self.cdn: _LoopbackCdn = _LoopbackCdn(cdn_url)
        self._upload_limit = upload_limit
        self.locales: dict[int, str] = {}
        """The languages that people have their Discord in, where that is not English."""
        self.without_bot: dict[int, GuildHandle] = {}
        """Servers that people are in and the bot is not; SimCord has it in every one."""

    def create_system_message(
        self, channel_id: int, message_type: MessageType, author_id: int, **about: int | None
    ) -> Message:
        """A thread made from a message announces itself inside, not in its parent (resources/message.mdx, type 21)."""
        thread_id = about.get("target_channel_id")
        if message_type == MessageType.THREAD_CREATED and about.get("referenced_message_id") and thread_id:
            started_from = {
                "referenced_channel_id": channel_id,
                "referenced_message_id": about["referenced_message_id"],
            }
            return super().create_system_message(
                thread_id, MessageType.THREAD_STARTER_MESSAGE, author_id, **started_from
            )
        return super().create_system_message(channel_id, message_type, author_id, **about)

    def prepare_message(self, channel_id: int, author_id: int, *args: Any, **fields: Any) -> Message:  # noqa: ANN401
        """Only those who manage threads write to a locked one (topics/threads.mdx; error 160005)."""
        channel = self.get_channel(channel_id)
        if channel.guild_id is not None and channel.thread_metadata is not None and channel.thread_metadata.locked:
            held = discord.Permissions(self.compute_permissions(channel.guild_id, author_id, channel_id))
            if not held.manage_threads:
                raise BackendError(400, 160005, "Thread is locked")
        return super().prepare_message(channel_id, author_id, *args, **fields)

    def commit_message(self, message: Message, *, broadcast: bool = True) -> Message:
        """A message opens an archived thread again (topics/threads.mdx)."""
        state = self.get_channel(message.channel_id).thread_metadata
        if state is not None and state.archived and not message.is_ephemeral:
            self.edit_channel(message.channel_id, {}, thread_metadata={"archived": False})
        return super().commit_message(message, broadcast=broadcast)

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "INTERACTION_CREATE":
            payload = dict(payload) | {"attachment_size_limit": self._upload_limit()}
            person = payload["member"]["user"] if "member" in payload else payload["user"]
            payload["locale"] = self.locales.get(int(person["id"]), "en-US")
            if "guild_id" in payload:
                payload["guild_locale"] = self.get_guild(int(payload["guild_id"])).preferred_locale
            payload["authorizing_integration_owners"] = self._owners(payload)
            attachments = (payload["data"].get("resolved") or {}).get("attachments") or {}
            for key, attachment in attachments.items():
                attachments[key] = self.cdn.make_ephemeral(attachment, self.application_id)
        super().emit(event, payload)

    def _owners(self, payload: Mapping[str, Any]) -> dict[str, str]:
        """By whose installation of the bot it was used; SimCord names nobody.

        Key 0 is a server's, with "0" in the bot's direct messages; key 1 a person's own (interactions/
        receiving-and-responding.mdx, Authorizing Integration Owners Object).
        """
        guild_id = payload.get("guild_id", "0")
        if int(guild_id) in self.without_bot:
            return {"1": payload["member"]["user"]["id"]}
        return {"0": guild_id}


class RemoteBotEnv(Env):
    """An Env whose bot is elsewhere: nothing is attached to this loop, and settling means waiting for its answer."""

    def __init__(self, backend: Backend, changes: Changes) -> None:
        super().__init__(discord.Client(intents=discord.Intents(guilds=True)))  # a stand-in that never connects
        self.backend = backend
        self.on_mutation: list[Callable[[], None]] = []
        self._changes = changes
        self._dispatched: dict[asyncio.Task[Any] | None, Interaction] = {}
        self._started = True
        self._generation = 1  # the page refuses 0: "no bot yet"
        self.hurried = False

    def _begin_operation(self, label: str) -> None:
        """People act at the same time here, so operations may overlap."""

    def _end_operation(self) -> None: ...

    def _mark_mutation(self) -> None:
        for note in self.on_mutation:
            note()

    def _notify_dispatch_observers(self, interaction: Interaction) -> None:
        super()._notify_dispatch_observers(interaction)
        self._dispatched[asyncio.current_task()] = interaction

    async def _settle_internal(self, **_: object) -> None:
        interaction = self._dispatched.pop(asyncio.current_task(), None)
        if interaction is None or self.hurried:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ACKNOWLEDGEMENT_PERIOD):
                await self._changes.until(lambda: interaction.responded)


class Simulation:
    """One guild with people in it, and everything a transport needs to know about it."""

    def __init__(
        self,
        *,
        cdn_url: str,
        bot_name: str,
        guild_name: str,
        bot_permissions: int,
        upload_limit: Callable[[], int],
        changes: Changes,
    ) -> None:
        self.backend = _LoopbackBackend(cdn_url, upload_limit)
        self.backend.bot_user.name = bot_name
        self.env = RemoteBotEnv(self.backend, changes)
        self.guild: GuildHandle = self.env.create_guild(guild_name)
        self.gaps: list[str] = []
        """What SimCord refused because it does not know it; a test that leaves one has proved less than it thinks."""
        self._grant_bot(bot_permissions)
        self._changes = changes
        self.backend.subscribers.append(lambda _event, _payload: changes.notify())

    def _grant_bot(self, permissions: int) -> None:
        guild = self.backend.get_guild(self.guild.id)
        role_id = guild.members[self.backend.bot_user.id].role_ids[0]
        guild.roles[role_id].permissions = permissions

    def let_bot(self, **permissions: bool) -> None:
        """Through its own role and everybody's, for what one of them grants it may do."""
        guild = self.backend.get_guild(self.guild.id)
        for role_id in (*guild.members[self.backend.bot_user.id].role_ids, guild.id):
            held = discord.Permissions(guild.roles[role_id].permissions)
            held.update(**permissions)
            self.backend.edit_role(guild.id, role_id, {"permissions": held.value})

    # --- REST

    def dispatch(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        files: Sequence[object] = (),
        reason: str | None = None,
        message_content: bool = True,
    ) -> object:
        """One REST call by the bot. Raises Refused."""
        try:
            return router.dispatch(
                self.backend,
                method,
                path,
                json=body,
                params=dict(query or {}),
                files=list(files),
                reason=reason,
                message_content_access=message_content,
            )
        except (UnknownToSimCord, FieldUnknownToSimCord) as gap:
            self.gaps.append(gap.message)
            raise Refused(gap.status, gap.code, gap.message) from gap
        except BackendError as refusal:
            raise Refused(refusal.status, refusal.code, refusal.message, refusal.errors) from refusal
        except (KeyError, TypeError, ValueError) as malformed:
            # SimCord trusts discord.py to have built the body; a body it cannot read is an invalid form.
            raise Refused(400, 50035, f"Invalid Form Body: {type(malformed).__name__}: {malformed}") from malformed

    def file(self, path: str) -> tuple[bytes, str] | None:
        """Bytes and content type of what the CDN holds under `path`."""
        return self.backend.cdn.files.get(path)

    # --- the gateway

    def on_event(self, listener: Callable[[str, Mapping[str, Any]], None]) -> None:
        self.backend.subscribers.append(listener)

    def ready(self) -> dict[str, Any]:
        return {
            "v": 10,
            "user": dict(serializers.user_payload(self.backend.bot_user)),
            "application": {"id": str(self.backend.application_id), "flags": 1 << 18},
            "guilds": [
                {"id": str(guild_id), "unavailable": True} for guild_id in self.backend.guilds if self.has_bot(guild_id)
            ],
        }

    def guilds(self) -> Iterable[Mapping[str, Any]]:
        for guild in [each for each in self.backend.guilds.values() if self.has_bot(each.id)]:
            yield cast("Mapping[str, Any]", serializers.guild_create_payload(self.backend, guild))

    def unapproved(self, intents: int, approved: int) -> list[str]:
        return missing_privileged_intents(_intents(intents), _intents(approved))

    def project(self, event: str, payload: Mapping[str, Any], intents: int) -> dict[str, Any] | None:
        """The event as a session with these intents sees it; None if it does not."""
        if event != "INTERACTION_CREATE" and not self.has_bot(_guild_in(event, payload)):
            return None
        declared, bot_id = _intents(intents), self.backend.bot_user.id
        gate = required_intent(event, payload)
        if gate is not None and not getattr(declared, gate):
            return None
        seen = copy.deepcopy(dict(payload))
        if not declared.message_content:
            if event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
                censor_message(seen, bot_id, backend=self.backend)
            elif event == "INTERACTION_CREATE" and isinstance(seen.get("message"), dict):
                censor_message(seen["message"], bot_id, backend=self.backend, exempt_root=True)
        if event == "GUILD_CREATE":
            prune_guild_create(seen, declared, bot_id)
        return seen

    def members(self, guild_id: int, wanted: set[int] | None, prefix: str, limit: int) -> list[Mapping[str, Any]]:
        """For op 8: by ids, or by the beginning of a name; `limit` 0 is none."""
        guild = self.backend.guilds.get(guild_id)
        if guild is None:
            return []
        found = [
            member
            for member in guild.members.values()
            if (member.user_id in wanted if wanted else self._called(member.user_id, member.nick, prefix))
        ]
        shown = found[:limit] if limit else found
        return [serializers.member_payload(self.backend, guild, member) for member in shown]

    def _called(self, user_id: int, nick: str | None, prefix: str) -> bool:
        names = (self.backend.users[user_id].name, nick or "")
        return any(name.lower().startswith(prefix.lower()) for name in names)

    # --- reading

    def message_commands(self) -> list[str]:
        """Names of the commands in the menu of a message."""
        scopes = self.backend.commands.values()
        return [name for scope in scopes for name, kind in scope if kind == AppCommandType.MESSAGE]

    def channel(self, channel_id: int) -> Channel | None:
        return self.backend.channels.get(channel_id)

    def has_bot(self, guild_id: int | None) -> bool:
        """Whether the bot is in a server; it is in all direct messages."""
        return guild_id is None or guild_id == self.guild.id

    def bot_may(self, channel_id: int, permission: str) -> bool:
        channel = self.backend.get_channel(channel_id)
        if channel.guild_id is None:
            return True
        held = self.backend.compute_permissions(channel.guild_id, self.backend.bot_user.id, channel_id)
        return bool(getattr(discord.Permissions(held), permission))

    def guilds_of_bot(self) -> list[dict[str, object]]:
        """Partial guilds with what the bot's roles allow there; SimCord lists whole ones without it (3.2.1)."""
        return [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": False,
                "permissions": str(self.backend.compute_permissions(guild.id, self.backend.bot_user.id)),
                "features": [],
            }
            for guild in sorted(self.backend.guilds.values(), key=lambda guild: guild.id)
        ]

    def interaction_of(self, token: str) -> Interaction | None:
        interaction_id = self.backend.interaction_tokens.get(token)
        return None if interaction_id is None else self.backend.interactions[interaction_id]

    def expired(self, interaction: Interaction) -> bool:
        return interaction.expires_at is not None and self.backend.now_iso() >= interaction.expires_at

    def message(self, channel_id: int, message_id: int) -> dict[str, Any] | None:
        found = self.backend.messages.get(channel_id, {}).get(message_id)
        return None if found is None else copy.deepcopy(dict(serializers.message_payload(self.backend, found)))

    def messages(self, channel_id: int, viewer_id: int | None) -> list[dict[str, Any]]:
        """Oldest first; ephemeral ones only for the viewer they were made for."""
        kept = sorted(self.backend.messages.get(channel_id, {}).values(), key=lambda message: message.id)
        return [
            copy.deepcopy(dict(serializers.message_payload(self.backend, message)))
            for message in kept
            if message.visible_to(viewer_id)
        ]

    def channels(self) -> list[Mapping[str, Any]]:
        """Channels and threads of every guild, as Discord describes them."""
        return [cast("Mapping[str, Any]", serializers.channel_payload(self.backend, c)) for c in self._guild_channels()]

    def _guild_channels(self) -> list[Channel]:
        return [channel for channel in self.backend.channels.values() if channel.guild_id is not None]

    # --- people

    def join(self, name: str) -> MemberActor:
        return self.guild.add_member(self.env.create_user(name.lower(), global_name=name))

    def have_in(self, user_id: int, locale: str) -> None:
        """From now on this person has Discord in another language."""
        self.backend.locales[user_id] = locale

    def prefer(self, locale: str) -> None:
        """The server's admins choose its language, as those of communities can."""
        self.backend.get_guild(self.guild.id).preferred_locale = locale

    def found_without_bot(self, name: str) -> int:
        """A server with everybody but the bot in it; the id of its channel."""
        guild = self.env.create_guild(name)
        self.backend.without_bot[guild.id] = guild
        bot_id = self.backend.bot_user.id
        for user_id in self.backend.get_guild(self.guild.id).members.keys() - {bot_id}:
            guild.add_member(UserHandle(self.env, self.backend.get_user(user_id)))
        return guild.create_text_channel("chat").id

    def actor(self, user_id: int, channel_id: int | None = None) -> MemberActor:
        """A person, as a member of the server of this channel."""
        return MemberActor(self.env, self._guild_of(channel_id), UserHandle(self.env, self.backend.get_user(user_id)))

    def handle(self, channel_id: int) -> ChannelHandle:
        return ChannelHandle(self.env, self._guild_of(channel_id), self.backend.get_channel(channel_id))

    def _guild_of(self, channel_id: int | None) -> GuildHandle:
        channel = self.backend.channels.get(channel_id) if channel_id is not None else None
        guild_id = channel.guild_id if channel is not None else None
        return self.backend.without_bot.get(guild_id, self.guild) if guild_id is not None else self.guild

    def selected(self, entity_id: int) -> ChannelHandle | RoleHandle:
        """A channel or role as menus want it."""
        role = self.backend.get_guild(self.guild.id).roles.get(entity_id)
        return self.handle(entity_id) if role is None else RoleHandle(self.env, self.guild, role)

    def make_role(self, name: str, permissions: Mapping[str, bool]) -> int:
        return self.guild.create_role(name, permissions=discord.Permissions(**permissions)).id

    def show_command(self, name: str, user_id: int) -> None:
        found = self.backend.find_command(name, self.guild.id)
        assert found is not None, name
        self.guild.set_command_permissions(int(found["id"]), {self.actor(user_id): True})

    def seen(self, channel_id: int, message_id: int) -> ResponseMessage:
        """A message as the things people do to messages want it."""
        return ResponseMessage(self.env, self.backend.get_message(channel_id, message_id))


def _guild_in(event: str, payload: Mapping[str, Any]) -> int | None:
    found = payload.get("guild_id") or (payload.get("id") if event.startswith("GUILD_") else None)
    return None if found is None else int(found)


def _intents(value: int) -> discord.Intents:
    intents = discord.Intents.none()
    intents.value = value
    return intents
