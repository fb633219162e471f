"""What Discord refuses and SimCord 3.2.1 does not: decided here on values, from Discord's own documents.

Each rule names its source. Nothing here holds state but `Nonces`.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from sandbox.discord.traffic import Refused

if TYPE_CHECKING:
    from sandbox.discord.simulation import Simulation
    from sandbox.discord.traffic import LoggedRequest, SentFile

DEFAULT_UPLOAD_LIMIT = 10 * 1024 * 1024
"""Bytes per attachment without boosts (discord-api-docs reference.mdx "Uploading Files")."""
MAX_ATTACHMENTS = 10
NONCE_PERIOD = 300.0
"""Seconds `enforce_nonce` looks back: "the past few minutes" (resources/message.mdx, Create Message)."""
COMPONENTS_V2 = 1 << 15
HEAVIEST_CARD = 10_170
"""Bytes in UTF-8 of all texts in a message, with 12 for each component (discord-api-docs#8554, 2026-08)."""
_LOADING = 1 << 7

_MESSAGE = re.compile(r"/channels/(\d+)/messages(?:/(\d+))?")
_PLACE = re.compile(r"/(channels|guilds)/(\d+)(?:/|$)")
_CHANNEL = re.compile(r"/channels/(\d+)")
_THREADS = re.compile(r"/channels/(\d+)(?:/messages/(\d+))?/threads")
_INTERACTION_WEBHOOK = re.compile(r"/webhooks/\d+/([^/]+)(?:/.*)?")
_THREAD_FIELDS = {"name", "archived", "locked", "auto_archive_duration", "invitable"}


def check(request: LoggedRequest, simulation: Simulation, upload_limit: int) -> None:
    """Raise Refused where Discord would and SimCord would not."""
    _check_access(request, simulation)
    _check_files(request.files, request.body, upload_limit)
    _check_token(request, simulation)
    _check_thread_creation(request, simulation)
    _check_message(request, simulation)


def _check_access(request: LoggedRequest, simulation: Simulation) -> None:
    """Nothing of a server that the bot is not in, whoever may use it there (opcodes-and-status-codes.mdx: 50001)."""
    found = _PLACE.match(request.path)
    if found is None:
        return
    channel = simulation.channel(int(found[2])) if found[1] == "channels" else None
    guild_id = int(found[2]) if found[1] == "guilds" else channel.guild_id if channel is not None else None
    if not simulation.has_bot(guild_id):
        raise Refused(403, 50001, "Missing Access")


def _check_files(files: tuple[SentFile, ...], body: object, upload_limit: int) -> None:
    if any(file.size > upload_limit for file in files):
        # opcodes-and-status-codes.mdx: 40005 "Request entity too large. Try sending something smaller in size"
        raise Refused(413, 40005, "Request entity too large")
    described = body.get("attachments") if isinstance(body, dict) else None
    if len(files) > MAX_ATTACHMENTS or (isinstance(described, list) and len(described) > MAX_ATTACHMENTS):
        raise _form("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")


def _check_token(request: LoggedRequest, simulation: Simulation) -> None:
    """After 15 minutes: 401 with 50027, where SimCord says 404 with 10015 (interactions/receiving-and-responding)."""
    found = _INTERACTION_WEBHOOK.fullmatch(request.path)
    interaction = simulation.interaction_of(found[1]) if found else None
    if interaction is not None and simulation.expired(interaction):
        raise Refused(401, 50027, "Invalid Webhook Token")


def _check_thread_creation(request: LoggedRequest, simulation: Simulation) -> None:
    """Names of 1-100 characters (resources/channel.mdx) and one thread per message (error 160004)."""
    found = _THREADS.fullmatch(request.path)
    if request.method != "POST" or found is None:
        return
    _check_name(request.body)
    if found[2] is not None and simulation.channel(int(found[2])) is not None:
        raise Refused(400, 160004, "A thread has already been created for this message")


def _check_name(body: object) -> None:
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise _form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def _check_message(request: LoggedRequest, simulation: Simulation) -> None:
    found = _MESSAGE.fullmatch(request.path)
    if found is None or request.method not in {"POST", "PATCH"}:
        return
    channel_id = int(found[1])
    body = request.body if isinstance(request.body, dict) else {}
    if request.method == "POST":
        content = ("content", "embeds", "embed", "components", "sticker_ids", "poll", "message_reference")
        if not request.files and not any(body.get(key) for key in content):
            raise Refused(400, 50006, "Cannot send an empty message")
    else:
        _check_editable(channel_id, simulation)
    _check_weight(body)
    if request.method == "PATCH" and request.files and found[2] is not None:
        message = simulation.message(channel_id, int(found[2]))
        if message is not None and message["flags"] & COMPONENTS_V2 and not message["flags"] & _LOADING:
            # discord-api-docs#7529, open since April 2025: a V2 card cannot gain a file by an edit.
            raise _form("components", "UNFURLED_MEDIA_ITEM_NOT_FOUND", "The unfurled media could not be found.")


def _check_weight(body: dict[str, Any]) -> None:
    """A heavy card is met with an error of the server, whatever its count of characters (discord-api-docs#8554)."""
    count, weight, pending = 0, 0, [body.get("components")]
    while pending:
        match pending.pop():
            case list(parts):
                pending += parts
            case dict(part):
                count += 1
                weight += len(str(part.get("content") or "").encode())
                pending += [part.get("components"), part.get("accessory")]
    if weight + 12 * count > HEAVIEST_CARD:
        raise Refused(500, 0, "Internal Server Error")


def _check_editable(channel_id: int, simulation: Simulation) -> None:
    """No edits in an archived thread, nor in a locked one without Manage Threads (topics/threads.mdx)."""
    channel = simulation.channel(channel_id)
    state = channel.thread_metadata if channel is not None else None
    if state is None:
        return
    if state.locked and not simulation.bot_may(channel_id, "manage_threads"):
        raise Refused(400, 160005, "Thread is locked")
    if state.archived:
        raise Refused(400, 50083, "Thread is archived")


def edit_thread(request: LoggedRequest, simulation: Simulation) -> object:
    """PATCH of a thread asks for Manage Threads (or its starter), where SimCord asks for Manage Channels.

    None if this is no such request. Source: resources/channel.mdx, Modify Channel.
    """
    found = _CHANNEL.fullmatch(request.path)
    channel = simulation.channel(int(found[1])) if found and request.method == "PATCH" else None
    body = request.body
    if channel is None or channel.thread_metadata is None or not isinstance(body, dict) or set(body) - _THREAD_FIELDS:
        return None
    reopening = body.get("archived") is False and set(body) <= {"archived", "locked"} and not body.get("locked")
    own = channel.owner_id == simulation.backend.bot_user.id and "locked" not in body
    if not (own or (reopening and not channel.thread_metadata.locked)) and not simulation.bot_may(
        channel.id, "manage_threads"
    ):
        raise Refused(403, 50013, "Missing Permissions")
    if "name" in body:
        _check_name(body)
    meta = {key: body[key] for key in _THREAD_FIELDS - {"name"} if key in body}
    names = {"name": body["name"]} if "name" in body else {}
    simulation.backend.edit_channel(channel.id, names, thread_metadata=meta)
    return simulation.dispatch("GET", f"/channels/{channel.id}")


class Nonces:
    """`enforce_nonce`: a second create with the same nonce answers with the first message (resources/message.mdx)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, str], tuple[float, int]] = {}

    def earlier(self, request: LoggedRequest, simulation: Simulation) -> dict[str, Any] | None:
        """The message this nonce already made, or None."""
        key = _nonce_key(request)
        if key is None or not isinstance(request.body, dict) or not request.body.get("enforce_nonce"):
            return None
        made_at, message_id = self._seen.get(key, (0.0, 0))
        return simulation.message(key[0], message_id) if time.monotonic() - made_at < NONCE_PERIOD else None

    def remember(self, request: LoggedRequest, answer: object) -> None:
        key = _nonce_key(request)
        if key is not None and isinstance(answer, dict):
            answer["nonce"] = key[1]
            self._seen[key] = (time.monotonic(), int(answer["id"]))


def _nonce_key(request: LoggedRequest) -> tuple[int, str] | None:
    found = _MESSAGE.fullmatch(request.path)
    if request.method != "POST" or found is None or found[2] is not None or not isinstance(request.body, dict):
        return None
    nonce = request.body.get("nonce")
    return None if nonce is None else (int(found[1]), str(nonce))


def _form(name: str, code: str, message: str) -> Refused:
    return Refused(400, 50035, "Invalid Form Body", {name: {"_errors": [{"code": code, "message": message}]}})
