"""The Discord client: what comes in is handed on, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import discord
from discord import app_commands, ui

from bot.speech import later, say, speak, speaking
from bot.studio.model import Project, Request
from bot.studio.projects import Projects
from bot.studio.rights import Act
from bot.studio.shards import ALL_SHARDS, Shards
from bot.ui.answering import told
from bot.ui.attachments import sort_files, words_for_skipped
from bot.ui.brake import LONGEST_LIMIT, Brake, let_global_limit_end, until_we_may_identify
from bot.ui.command_book import BOOK, CommandBook
from bot.ui.command_names import CommandNames
from bot.ui.desk import Desk
from bot.ui.doors import Doors, GuardedTree
from bot.ui.entrance import location_of
from bot.ui.homes import home_in
from bot.ui.meaning import Meaning, Seen, meaning
from bot.ui.returns import Returns
from bot.ui.router import Router
from bot.ui.sending import Busy, DiscordFailed, NotAllowed, nonce, once, persistently
from bot.ui.surface import Surface
from bot.ui.takes_menu import TakesMenu
from bot.ui.talk import type_in
from bot.ui.threads import Threads
from bot.ui.whereabouts import where_it_comes

logger = logging.getLogger(__name__)

_ORDINARY = {discord.MessageType.default, discord.MessageType.reply}
_UNKNOWN = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)
_OUTDATED = later("That command has changed since Discord showed it to you. Reload Discord and use it again.")
_NEEDS = later(
    "View Channel, Send Messages, Create Public Threads, Send Messages in Threads, Embed Links, Attach Files and "
    "Read Message History"
)


class Greenlight(discord.Client):
    """The bot as Discord sees it.

    Args:
        sync_mark: a file that remembers which commands Discord has, so that they are sent when they changed only.
        shards: which of them this is; whoever has the first sends the commands.
        returns: hears of servers that let us write again.
        doors: let in whoever presses, commands or writes; everybody by default.
        surfaces: what people can do here, each with its commands and buttons.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        projects: Projects,
        sync_mark: Path,
        takes: TakesMenu | None = None,
        returns: Returns | None = None,
        doors: Doors | None = None,
        shards: Shards = ALL_SHARDS,
        surfaces: Sequence[Surface] = (),
    ) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_messages = True
        intents.dm_messages = True
        intents.message_content = True
        self._wanted = intents
        self.brake = Brake()
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak in a voice channel
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            # Seconds READY waits after the last guild (2 by default). Only the upload limit asks the guild cache, and
            # it has a fallback.
            guild_ready_timeout=0.25,
            max_ratelimit_timeout=LONGEST_LIMIT,
            http_trace=self.brake.trace(),
        )
        #: Set at the first READY and never cleared: later drops are the library's.
        self.became_ready = asyncio.Event()
        #: Set at every READY, the first one and those of sessions that Discord did not resume; `Missed` clears it.
        self.began_session = asyncio.Event()
        self.desk = desk
        self.projects = projects
        self.threads = Threads(self, projects)
        doors = doors or Doors()
        self.tree = GuardedTree(self, doors)
        self.tree.error(_on_command_error)
        presses = {action: press for surface in surfaces for action, press in surface.presses.items()}
        self._router = Router(desk, projects, takes, doors, presses)
        for surface in surfaces:
            surface.add_to(self.tree)
        self._sync_mark = sync_mark
        self._book = CommandBook(sync_mark.with_name(BOOK))
        self._shards = shards
        self._tongues = doors.tongues
        self._returns = returns
        self._entrance = doors.entrance

    async def setup_hook(self) -> None:
        """Between login and gateway: ask for the intents we may have, and tell Discord our commands."""
        let_global_limit_end(self.http)
        flags = self.application_flags
        if not (flags.gateway_message_content or flags.gateway_message_content_limited):
            # The client holds this very object and reads it when it identifies. Asking for an intent that the portal
            # has switched off would close the gateway for good.
            self._wanted.message_content = False
            logger.warning(
                "The message-content intent is off in Discord's portal (page Bot), so I only understand replies, "
                "mentions and buttons."
            )
        if self._shards.serve(None):
            await self._send_commands()
        await until_we_may_identify(self.http, self.brake)

    async def _send_commands(self) -> None:
        """Send the commands where they changed; a failure leaves Discord the ones it has."""
        names = CommandNames()
        await self.tree.set_translator(names)
        commands = [await command.get_translated_payload(self.tree, names) for command in self.tree.get_commands()]
        mark = hashlib.sha256(json.dumps([self.application_id, commands], sort_keys=True).encode()).hexdigest()
        if self._sync_mark.exists() and self._sync_mark.read_text() == mark and self._book.is_kept:
            return
        try:
            self._book.keep(await persistently(self.tree.sync))
        except DiscordFailed as error:
            logger.error("commands not sent to Discord", extra={"error": str(error)})
            return
        self._sync_mark.write_text(mark)

    async def on_ready(self) -> None:
        logger.info("ready", extra={"guilds": len(self.guilds)})
        is_first = not self.became_ready.is_set()
        self.became_ready.set()
        self.began_session.set()
        if self._returns is not None and is_first:
            await self._returns.started({guild.id for guild in self.guilds})

    async def on_guild_join(self, guild: discord.Guild) -> None:
        if self._returns is not None:
            await self._returns.arrived(self, guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        if self._returns is not None:
            await self._returns.left(guild.id)

    async def on_guild_channel_update(self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        if self._returns is not None:
            await self._returns.channel_changed(before, after)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if self._returns is not None:
            await self._returns.role_changed(before, after)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        if self._returns is not None:
            await self._returns.roles_given(before, after)

    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        if self._returns is not None:
            await self._returns.thread_changed(before, after)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self._router.handle(interaction)

    @property
    def hears_all(self) -> bool:
        """Whether Discord shows us what is said in a thread without naming us."""
        return self._wanted.message_content

    async def open_thread(self, project: Project) -> str:
        """Open a film's thread and say where it is; where we may not write, say what is missing."""
        try:
            thread_id = await self.threads.open(project)
        except NotAllowed:
            await self.projects.fail(project.id, "NotAllowed")
            return say(
                "I may not write in this channel. Ask a moderator to give me: {needs}. Then try again.",
                needs=say(_NEEDS),
            )
        except Busy:
            return say("Discord is slow right now. I have your film; its thread follows by itself in a minute or two.")
        why_none = self.threads.why_none(project.id)
        return where_it_comes(project, thread_id, why_none, hears_all=self.hears_all)

    async def on_message(self, message: discord.Message) -> None:
        """Words in a film's thread, or a mention with an idea or a video."""
        if message.author.bot or message.webhook_id is not None or message.type not in _ORDINARY:
            return
        try:
            project = await self._film_of(message)
            wanted = await self._meaning(message, project)
            if wanted is not Meaning.NOTHING:
                await self._speak_to(message, project, is_new=wanted is Meaning.NEW_FILM)
            if wanted is not Meaning.NOTHING and self._entrance is not None:
                refused = await self._entrance.hears(message)
                if refused is not None:
                    if self._entrance.tells(message.author.id):
                        view = refused.view if isinstance(refused.view, ui.View) else None
                        await self._reply(message, refused.words, view)
                    return
            match wanted:
                case Meaning.CHANGE:
                    assert project is not None
                    await self._say(message, project)
                case Meaning.NEW_FILM:
                    await self._plan(message)
                case Meaning.NOTHING:
                    pass
        except Exception as error:  # noqa: BLE001  # one message must not end the others; told() logs it
            await self._reply(message, told(error))

    async def _speak_to(self, message: discord.Message, project: Project | None, *, is_new: bool) -> None:
        """Everybody in the channel reads the answer: it is in the language of the film, or of the one to come.

        Discord does not tell in which language people have it; in a DM the last film's is the best guess.
        """
        if project is not None:
            speak(project.language)
        if is_new and self._tongues is not None:
            guild = message.guild
            tongue = await self._tongues.of(
                message.author.id,
                guild.id if guild is not None else None,
                locale=project.language if project is not None else None,
                guild_locale=guild.preferred_locale.value if guild is not None else None,
            )
            speak(tongue.shared)

    async def hear_late(self, message: discord.Message, project: Project) -> None:
        """Words in a film's thread that no event told of; a file alone is left to be sent again."""
        if message.type not in _ORDINARY or not self._words(message):
            return
        directs = await self.desk.rights.may(message.author.id, Act.CHANGE, project)
        if directs and await self._meaning(message, project) is Meaning.CHANGE:
            if self._entrance is not None and await self._entrance.hears(message) is not None:
                return  # too late to be told why; whoever writes once more reads it
            logger.info("heard late", extra={"project": project.id})
            await self._say(message, project)

    async def _film_of(self, message: discord.Message) -> Project | None:
        """The film a message may be about; where several share a channel, rather one that the author may change."""
        newest = await self.projects.in_thread(message.channel.id)
        if newest is None or newest.owner_id == message.author.id:
            return newest
        return await self.projects.in_thread(message.channel.id, director_id=message.author.id) or newest

    async def _meaning(self, message: discord.Message, project: Project | None) -> Meaning:
        directs = project is not None and await self.desk.rights.may(message.author.id, Act.CHANGE, project)
        return meaning(self._seen(message, directs=directs), project)

    def _seen(self, message: discord.Message, *, directs: bool) -> Seen:
        assert self.user is not None
        answered = message.reference.resolved if message.reference is not None else None
        answered_id = answered.author.id if isinstance(answered, discord.Message) else None
        return Seen(
            author_id=message.author.id,
            directs=directs,
            in_guild=message.guild is not None,
            mentions_us=self.user.id in message.raw_mentions,
            begins_with_us=message.content.lstrip().startswith(self._mentions()),
            replies_to_us=answered_id == self.user.id,
            answers_another=answered_id not in {None, self.user.id, message.author.id},
            has_video=bool(sort_files(message.attachments).videos),
        )

    async def _say(self, message: discord.Message, project: Project) -> None:
        files = sort_files(message.attachments)
        heard = await self.desk.say(
            project,
            message_id=message.id,
            author_id=message.author.id,
            words=self._words(message),
            attachment=files.first,
        )
        with speaking(project.language):
            skipped = words_for_skipped(files)
        if skipped:
            await self._reply(message, skipped)
        if heard:  # another answer may have to end first
            await type_in(message.channel)

    async def _plan(self, message: discord.Message) -> None:
        home, files = home_in(message.channel), sort_files(message.attachments)
        project = await self.desk.plan(
            Request(
                request_id=str(message.id),
                owner_id=message.author.id,
                guild_id=message.guild.id if message.guild is not None else None,
                is_adult=location_of(message.channel).is_age_restricted,
                channel_id=home.channel_id,
                thread_id=home.thread_id,
                idea=self._words(message),
                attachment=files.first,
            )
        )
        words = await self.open_thread(project)
        await self._reply(message, f"{words} {words_for_skipped(files)}".strip())

    async def _reply(self, message: discord.Message, words: str, view: ui.View | None = None) -> None:
        # Not message.reply(): its nonce would be another at each attempt.
        try:
            await persistently(
                lambda: message.channel.send(
                    words,
                    view=view or discord.utils.MISSING,
                    reference=message.to_reference(fail_if_not_exists=False),
                    mention_author=False,
                    suppress_embeds=True,
                    nonce=nonce(message.id, "reply", words),
                )
            )
        except DiscordFailed as error:
            logger.warning("not said", extra={"error": str(error)})

    def _mentions(self) -> tuple[str, str]:
        assert self.user is not None
        return f"<@{self.user.id}>", f"<@!{self.user.id}>"

    def _words(self, message: discord.Message) -> str:
        words = message.content
        for mention in self._mentions():
            words = words.replace(mention, " ")
        return words.strip()


async def _on_command_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Commands answer their own faults; what comes here was not understood, or is a fault of ours."""
    if interaction.type is not discord.InteractionType.application_command:
        return
    words = say(_OUTDATED) if isinstance(error, _UNKNOWN) else told(error)
    try:
        await once(lambda: interaction.response.send_message(words, ephemeral=True))
    except DiscordFailed as failed:
        logger.warning("command not answered", extra={"code": failed.code, "error": str(failed)})
