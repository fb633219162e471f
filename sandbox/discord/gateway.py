"""The gateway: HELLO, IDENTIFY, RESUME with replay, heartbeats, member chunks, zlib-stream and close codes.

Source: discord-api-docs events/gateway.mdx and topics/opcodes-and-status-codes.mdx. Not here: that Discord
closes a socket that stops beating (4009), the 120 sends a minute (4008), identify limits, compressed payloads other
than `zlib-stream`, ETF.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.discord.changes import Changes
    from sandbox.discord.simulation import Simulation

REPLAY_LIMIT = 1000
"""Events kept per session for RESUME. Discord does not say how many it keeps."""
KEPT_SESSIONS = 16
ACK_DELAY = 0.03
#: Events that Discord may tell of more than once.
_ECHOED = frozenset({"MESSAGE_CREATE", "INTERACTION_CREATE"})
"""Seconds to an ACK. discord.py 2.7.1 notes when it sent a heartbeat after it has: an ACK that is there before seems
to answer the heartbeat of a whole period ago, and it warns that it can't keep up."""
_MEMBERS_A_CHUNK = 1000


class Op(IntEnum):
    """Gateway opcodes we know."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """Close codes we send. After 4004, 4010, 4013 and 4014 a client must not reconnect."""

    UNKNOWN_OP = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SHARD = 4010
    DISALLOWED_INTENTS = 4014


class _Closing(Exception):
    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


class _Socket:
    """One connection: frames leave in order, through one compressor."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request) -> None:
        self.ws = ws
        self.transport = request.transport
        self._compressor = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self._outbox: asyncio.Queue[str | int] = asyncio.Queue()  # frames, or the code to close with
        self.is_deaf = False

    def send(self, op: Op, data: object, *, event: str | None = None, sequence: int | None = None) -> None:
        self._outbox.put_nowait(_frame(op, data, event, sequence))

    def send_text(self, frame: str) -> None:
        self._outbox.put_nowait(frame)

    def close(self, code: int) -> None:
        self._outbox.put_nowait(code)

    async def write(self) -> None:
        while True:
            frame = await self._outbox.get()
            try:
                if isinstance(frame, int):
                    await self.ws.close(code=frame)
                elif self._compressor is None:
                    await self.ws.send_str(frame)
                else:
                    # One context per socket, flushed so that every message ends in 00 00 FF FF.
                    packed = self._compressor.compress(frame.encode())
                    await self.ws.send_bytes(packed + self._compressor.flush(zlib.Z_SYNC_FLUSH))
            except ConnectionError:
                return

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()


@dataclass(slots=True)
class Session:
    """What RESUME needs. It outlives its socket; `sequence` is the last one given out."""

    intents: int
    shard: tuple[int, int]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    replay: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAY_LIMIT))
    socket: _Socket | None = None

    def deliver(self, event: str, payload: object) -> None:
        self.sequence += 1
        frame = _frame(Op.DISPATCH, payload, event, self.sequence)
        self.replay.append((self.sequence, frame))
        if self.socket is not None:
            self.socket.send_text(frame)

    def concerns(self, event: str, payload: Mapping[str, Any]) -> bool:
        """Whether this shard gets the event: guilds are dealt out by id, everything else goes to shard 0."""
        guild_id = payload.get("id") if event.startswith("GUILD_") and "guild_id" not in payload else None
        guild_id = payload.get("guild_id") or guild_id
        return self.shard[0] == ((int(guild_id) >> 22) % self.shard[1] if guild_id else 0)


class Gateway:
    """Every session of one bot."""

    def __init__(
        self,
        simulation: Simulation,
        *,
        url: str,
        token: str,
        approved_intents: int,
        heartbeat_period: float,
        changes: Changes,
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.presences: list[object] = []
        self.approved_intents = approved_intents
        self._simulation = simulation
        self._url = url
        self._token = token
        self._heartbeat_period = heartbeat_period
        self._changes = changes
        self._sockets: set[_Socket] = set()
        self._refusals = 0
        self._closes_with = 0
        self._echoes = False
        self._stutter = 0
        simulation.on_event(self.broadcast)

    @property
    def connected(self) -> bool:
        """Whether a bot is ready: identified or resumed, on a living socket."""
        return any(session.socket is not None for session in self.sessions.values())

    def broadcast(self, event: str, payload: Mapping[str, Any]) -> None:
        for session in self.sessions.values():
            if session.concerns(event, payload):
                seen = self._simulation.project(event, payload, session.intents)
                if seen is not None:
                    session.deliver(event, seen)
                    if self._echoes and event in _ECHOED:
                        session.deliver(event, seen)

    # --- what the outside may do to it

    def drop(self) -> None:
        for socket in self._sockets:
            socket.cut()

    def reconnect(self) -> None:
        for socket in self._sockets:
            socket.send(Op.RECONNECT, None)

    def forget(self) -> None:
        self.sessions.clear()
        self.drop()

    def close(self, code: int) -> None:
        """Close every socket, and those that try again, with this code; 0 ends that."""
        self._closes_with = code
        for socket in self._sockets:
            socket.close(code)

    def hush(self) -> None:
        """Acknowledge no heartbeat of the sockets that are open: to their client they seem dead."""
        for socket in self._sockets:
            socket.is_deaf = True

    def refuse(self, times: int) -> None:
        self._refusals = times

    def echo(self, *, stutter: int = 0) -> None:
        """From now on tell of each message and interaction twice, and replay `stutter` events too many on a RESUME."""
        self._echoes, self._stutter = True, stutter

    # --- a connection's life

    async def connect(self, request: web.Request) -> web.StreamResponse:
        if self._refusals:
            self._refusals -= 1
            return web.Response(status=503)
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        socket = _Socket(ws, request)
        self._sockets.add(socket)
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(socket.write())
                if self._closes_with:
                    socket.close(self._closes_with)
                socket.send(Op.HELLO, {"heartbeat_interval": int(self._heartbeat_period * 1000)})
                await self._read(socket)
                writer.cancel()
        finally:
            self._sockets.discard(socket)
            for session in self.sessions.values():
                if session.socket is socket:
                    session.socket = None
            self._changes.notify()
        return ws

    async def _read(self, socket: _Socket) -> None:
        async for frame in socket.ws:
            if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            try:
                self._receive(socket, _decode(frame.data))
            except _Closing as closing:
                await socket.ws.close(code=closing.code, message=closing.code.name.encode())
                return

    def _receive(self, socket: _Socket, message: dict[str, Any]) -> None:
        op, data = message.get("op"), message.get("d")
        match op:
            case Op.HEARTBEAT:
                if not socket.is_deaf:
                    asyncio.get_running_loop().call_later(ACK_DELAY, socket.send, Op.HEARTBEAT_ACK, None)
            case Op.IDENTIFY:
                self._identify(socket, data)
            case Op.RESUME:
                self._resume(socket, data)
            case Op.PRESENCE:
                self.presences.append(data)
            case Op.REQUEST_MEMBERS:
                self._chunk(self._session_of(socket), data)
            case Op.VOICE_STATE:
                self._session_of(socket)
            case _:
                raise _Closing(Close.UNKNOWN_OP)

    def _session_of(self, socket: _Socket) -> Session:
        for session in self.sessions.values():
            if session.socket is socket:
                return session
        raise _Closing(Close.NOT_AUTHENTICATED)

    def _identify(self, socket: _Socket, data: object) -> None:
        if not isinstance(data, dict) or data.get("token") != self._token:
            raise _Closing(Close.AUTHENTICATION_FAILED)
        if any(session.socket is socket for session in self.sessions.values()):
            raise _Closing(Close.ALREADY_AUTHENTICATED)
        shard, count = data.get("shard") or (0, 1)
        if not 0 <= shard < count:
            raise _Closing(Close.INVALID_SHARD)
        intents = int(data.get("intents", 0))
        if self._simulation.unapproved(intents, self.approved_intents):
            raise _Closing(Close.DISALLOWED_INTENTS)
        session = Session(intents, (shard, count), socket=socket)
        self.sessions[session.id] = session
        self._forget_oldest()
        self.identifies += 1
        ready = self._simulation.ready() | {"session_id": session.id, "resume_gateway_url": self._url}
        guilds = [guild for guild in ready["guilds"] if session.concerns("GUILD_CREATE", guild)]
        session.deliver("READY", ready | {"guilds": guilds, "shard": [shard, count]})
        for guild in self._simulation.guilds():
            if session.concerns("GUILD_CREATE", guild):
                seen = self._simulation.project("GUILD_CREATE", guild, intents)
                if seen is not None:
                    session.deliver("GUILD_CREATE", seen)
        self._changes.notify()

    def _forget_oldest(self) -> None:
        gone = [key for key, session in self.sessions.items() if session.socket is None]
        for key in gone[: max(0, len(self.sessions) - KEPT_SESSIONS)]:
            del self.sessions[key]

    def _resume(self, socket: _Socket, data: object) -> None:
        if not isinstance(data, dict) or data.get("token") != self._token:
            raise _Closing(Close.AUTHENTICATION_FAILED)
        session = self.sessions.get(str(data.get("session_id")))
        seen = data.get("seq")
        if session is None or not isinstance(seen, int) or not _replayable(session, seen):
            socket.send(Op.INVALID_SESSION, data=False)
            return
        if session.socket is not None:
            session.socket.cut()
        session.socket = socket
        for sequence, frame in session.replay:
            if sequence > seen - self._stutter:
                socket.send_text(frame)
        self.resumes += 1
        session.deliver("RESUMED", {})
        self._changes.notify()

    def _chunk(self, session: Session, data: object) -> None:
        if not isinstance(data, dict):
            raise _Closing(Close.DECODE_ERROR)
        wanted = data.get("user_ids")
        wanted = {int(wanted)} if isinstance(wanted, str | int) else {int(one) for one in wanted or ()}
        guild_id = int(data["guild_id"])
        found = self._simulation.members(guild_id, wanted or None, data.get("query") or "", data.get("limit") or 0)
        chunks = [found[i : i + _MEMBERS_A_CHUNK] for i in range(0, len(found), _MEMBERS_A_CHUNK)] or [[]]
        known = {int(member["user"]["id"]) for member in found}
        for index, members in enumerate(chunks):
            payload: dict[str, Any] = {
                "guild_id": str(guild_id),
                "members": members,
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": [str(one) for one in sorted(wanted - known)],
            }
            if data.get("nonce"):
                payload["nonce"] = data["nonce"]
            session.deliver("GUILD_MEMBERS_CHUNK", payload)


def _replayable(session: Session, seen: int) -> bool:
    oldest = session.replay[0][0] if session.replay else session.sequence + 1
    return oldest - 1 <= seen <= session.sequence


def _frame(op: Op, data: object, event: str | None, sequence: int | None) -> str:
    return json.dumps({"op": op, "d": data, "s": sequence, "t": event})


def _decode(raw: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(raw)
    except ValueError:
        raise _Closing(Close.DECODE_ERROR) from None
    if not isinstance(message, dict):
        raise _Closing(Close.DECODE_ERROR)
    return message
