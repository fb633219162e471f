"""The Discord client: what comes in is handed on, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import discord
from discord import app_commands

from bot.studio.errors import NotYours
from bot.studio.model import Attachment, Project, Request
from bot.studio.projects import Projects
from bot.ui.desk import Desk
from bot.ui.router import Router, told
from bot.ui.sending import DiscordFailed, NotAllowed, persistently
from bot.ui.threads import Threads

logger = logging.getLogger(__name__)

_ORDINARY = {discord.MessageType.default, discord.MessageType.reply}
_NEEDS = (
    "View Channel, Send Messages, Create Public Threads, Send Messages in Threads, Embed Links, Attach Files and "
    "Read Message History"
)


class Greenlight(discord.Client):
    """The bot as Discord sees it.

    Args:
        sync_mark: a file that remembers which commands Discord has, so that they are sent when they changed only.
    """

    def __init__(self, *, desk: Desk, projects: Projects, sync_mark: Path) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_messages = True
        intents.dm_messages = True
        intents.message_content = True
        self._wanted = intents
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            # Seconds READY waits after the last guild (2 by default). Only the upload limit asks the guild cache, and
            # it has a fallback.
            guild_ready_timeout=0.25,
            max_ratelimit_timeout=60.0,
        )
        #: Set at the first READY and never cleared: later drops are the library's.
        self.became_ready = asyncio.Event()
        self.desk = desk
        self.projects = projects
        self.threads = Threads(self, projects)
        self.tree = app_commands.CommandTree(self)
        self._router = Router(desk, projects)
        self._sync_mark = sync_mark

    async def setup_hook(self) -> None:
        """Between login and gateway: ask for the intents we may have, and tell Discord our commands."""
        flags = self.application_flags
        if not (flags.gateway_message_content or flags.gateway_message_content_limited):
            # The client holds this very object and reads it when it identifies. Asking for an intent that the portal
            # has switched off would close the gateway for good.
            self._wanted.message_content = False
            logger.warning(
                "The message-content intent is off in Discord's portal (page Bot), so I only understand replies, "
                "mentions and buttons."
            )
        await self._send_commands()

    async def _send_commands(self) -> None:
        """Send the commands where they changed; a failure leaves Discord the ones it has."""
        commands = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        mark = hashlib.sha256(json.dumps([self.application_id, commands], sort_keys=True).encode()).hexdigest()
        if self._sync_mark.exists() and self._sync_mark.read_text() == mark:
            return
        try:
            await persistently(self.tree.sync)
        except DiscordFailed as error:
            logger.error("commands not sent to Discord", extra={"error": str(error)})
            return
        self._sync_mark.write_text(mark)

    async def on_ready(self) -> None:
        logger.info("ready", extra={"guilds": len(self.guilds)})
        self.became_ready.set()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self._router.handle(interaction)

    async def open_thread(self, project: Project) -> str:
        """Open a film's thread and say where it is; where we may not write, say what is missing."""
        try:
            thread_id = await self.threads.open(project)
        except NotAllowed:
            await self.projects.fail(project.id, "NotAllowed")
            await self.projects.told(project.id)
            return f"I may not write in this channel. Ask a moderator to give me: {_NEEDS}. Then try again."
        where = "here" if thread_id == project.channel_id else f"in <#{thread_id}>"
        return f"On it! The plan comes {where}; talk to me there to change anything."

    async def on_message(self, message: discord.Message) -> None:
        """Words in a film's thread, or a mention with an idea or a video."""
        if message.author.bot or message.webhook_id is not None or message.type not in _ORDINARY:
            return
        mentioned = self.user is not None and self.user.id in message.raw_mentions
        project = await self.projects.in_thread(message.channel.id)
        try:
            if project is not None and (message.guild is not None or not mentioned):
                await self._say(message, project, mentioned=mentioned)
            elif mentioned or message.guild is None:
                await self._plan(message)
        except Exception as error:  # noqa: BLE001  # one message must not end the others; told() logs it
            await self._reply(message, told(error))

    async def _say(self, message: discord.Message, project: Project, *, mentioned: bool) -> None:
        words = self._words(message)
        attachment = _video(message.attachments)
        if message.attachments and attachment is None:
            await self._reply(message, "I can only use video files (mp4, mov, webm), so I left the attachment aside.")
        try:
            await self.desk.say(
                project, message_id=message.id, author_id=message.author.id, words=words, attachment=attachment
            )
        except NotYours:
            if mentioned:  # others may talk among themselves; asked directly, I say whose film it is
                raise

    async def _plan(self, message: discord.Message) -> None:
        channel = message.channel
        parent = channel.parent_id if isinstance(channel, discord.Thread) else channel.id
        project = await self.desk.plan(
            Request(
                request_id=str(message.id),
                owner_id=message.author.id,
                guild_id=message.guild.id if message.guild is not None else None,
                channel_id=parent,
                idea=self._words(message),
                attachment=_video(message.attachments),
            )
        )
        words = await self.open_thread(project)
        if message.guild is not None:  # in a DM the card itself is the answer
            await self._reply(message, words)

    async def _reply(self, message: discord.Message, words: str) -> None:
        try:
            await persistently(lambda: message.reply(words, mention_author=False, suppress_embeds=True))
        except DiscordFailed as error:
            logger.warning("not said", extra={"error": str(error)})

    def _words(self, message: discord.Message) -> str:
        assert self.user is not None
        words = message.content
        for mention in (f"<@{self.user.id}>", f"<@!{self.user.id}>"):
            words = words.replace(mention, " ")
        return words.strip()


def _video(attachments: Sequence[discord.Attachment]) -> Attachment | None:
    """The first attachment that says it is a video; what it really is, the probe finds out."""
    for attachment in attachments:
        if (attachment.content_type or "").startswith("video/") or attachment.filename.lower().endswith(
            (".mp4", ".mov", ".webm", ".m4v", ".mkv", ".avi")
        ):
            return Attachment(url=attachment.url, name=attachment.filename, bytes=attachment.size)
    return None
