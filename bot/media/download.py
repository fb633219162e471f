"""Streams an attachment from Discord's CDN to disk, trusting neither its address nor its size."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.media.errors import AddressRefused, DownloadFailed, MediaRefused, Reason
from bot.media.part import whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

log = logging.getLogger(__name__)

# https://discord.com/developers/docs/reference#signed-attachment-cdn-urls, read 2026-11
DISCORD_CDN = ("https://cdn.discordapp.com", "https://media.discordapp.net")
FOLDERS = ("attachments", "ephemeral-attachments")

TOTAL_SECONDS = 120.0
READ_SECONDS = 15.0
_WRITE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Downloaded:
    """Bytes received, and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


class AttachmentDownloader:
    """Downloads from an allow-list.

    Args:
        bases: where attachments may lie, `scheme://host[:port][/path]`. Plain http only on loopback, which is also the
            only case in which a private address is connected to.
        total_seconds: for one download as a whole.
        read_seconds: that the host may be silent.
        names: who resolves names; what it answers is still checked.
    """

    def __init__(
        self,
        bases: Iterable[str] = DISCORD_CDN,
        *,
        total_seconds: float = TOTAL_SECONDS,
        read_seconds: float = READ_SECONDS,
        names: AbstractResolver | None = None,
    ) -> None:
        self._bases = tuple(_parse_base(base) for base in bases)
        self._total_seconds = total_seconds
        self._read_seconds = read_seconds
        self._names = names
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        loopback = frozenset(base.host for base in self._bases if base.host and is_loopback(base.host))
        resolver = PublicResolver(self._names or aiohttp.ThreadedResolver(), exempt=loopback)
        # No proxy and no .netrc of the environment, no cookies, nothing decompressed: bytes received are bytes counted.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit_per_host=8),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    def check(self, address: str) -> URL:
        """Return the parsed address if it lies in the allow-list, else raise `AddressRefused`."""
        try:
            url = URL(address)
            port = url.port
        except ValueError:
            raise AddressRefused("not an address") from None
        if url.user is not None or url.password is not None:
            raise AddressRefused("an address with credentials")
        for base in self._bases:
            if (url.scheme, url.host, port) == (base.scheme, base.host, base.port) and _is_below(url, base):
                return url.with_fragment(None)
        raise AddressRefused("not an attachment of Discord")

    async def fetch(self, address: str, destination: Path, *, max_bytes: int) -> Downloaded:
        """Download to `destination`, which appears when whole; when cancelled or refused, nothing is left.

        Raises:
            AddressRefused: before anything is connected to; also when the host's name leads into a private network.
            MediaRefused: more than `max_bytes` are announced or received.
            DownloadFailed: the host answered with something else than the file, or not in time.
        """
        url = self.check(address)
        assert self._session is not None, "use as `async with`"
        limits = aiohttp.ClientTimeout(
            total=self._total_seconds, sock_connect=self._read_seconds, sock_read=self._read_seconds
        )
        try:
            async with self._session.get(url, allow_redirects=False, timeout=limits) as response:
                if response.status != 200:
                    raise DownloadFailed(f"answered with {response.status}", status=response.status)
                announced = response.content_length
                if announced is not None and announced > max_bytes:
                    raise MediaRefused(Reason.TOO_LARGE, limit=max_bytes, measured=announced)
                async with whole(destination) as part:
                    return await _receive(response.content, part, max_bytes)
        except TimeoutError as late:
            raise DownloadFailed("too slow") from late
        except aiohttp.ClientError as failed:
            if isinstance(failed, aiohttp.ClientConnectorDNSError) and isinstance(failed.os_error, _PrivateAddress):
                raise AddressRefused("the host leads into a private network") from None
            # Its text may hold the signed address, so only its class is told.
            raise DownloadFailed(type(failed).__name__) from None


class _PrivateAddress(OSError):
    """How the resolver tells aiohttp; it comes back as the cause of a connection error."""


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that lead to anything but public addresses.

    It decides on the very addresses that are connected to, so a name that changes its mind gains nothing.
    """

    def __init__(self, inner: AbstractResolver, *, exempt: frozenset[str] = frozenset()) -> None:
        self._inner = inner
        self._exempt = exempt

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        if host not in self._exempt and not all(is_public(result["host"]) for result in results):
            raise _PrivateAddress("private address")
        return results

    async def close(self) -> None:
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, seen through IPv4-mapped and translated forms."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):  # NAT64
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parse_base(base: str) -> URL:
    url = URL(base)
    if url.scheme not in {"http", "https"} or not url.host or url.user is not None or url.query_string:
        raise ValueError("a base is scheme://host[:port][/path]")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ValueError("plain http is for loopback only")
    return url


def _is_below(url: URL, base: URL) -> bool:
    """Whether the path is `<base>/<folder>/<something>`, read after all decoding."""
    prefix = base.path.rstrip("/")
    parts = url.path.removeprefix(prefix + "/").split("/") if url.path.startswith(prefix + "/") else []
    plain = (
        not any(part in {"", ".", ".."} for part in parts)
        and "\\" not in url.path
        and "%2f" not in url.raw_path.lower()
    )
    return plain and len(parts) >= 2 and parts[0] in FOLDERS


async def _receive(content: aiohttp.StreamReader, part: Path, max_bytes: int) -> Downloaded:
    digest = hashlib.sha256()
    size = 0
    waiting = bytearray()
    file = part.open("wb")  # not in a thread: cancelled there, it could open after we had cleaned up
    try:
        async for chunk in content.iter_any():
            size += len(chunk)
            if size > max_bytes:
                raise MediaRefused(Reason.TOO_LARGE, limit=max_bytes, measured=size)
            waiting += chunk
            if len(waiting) >= _WRITE_BYTES:
                await asyncio.to_thread(_write, file, bytes(waiting), digest)
                waiting.clear()
        await asyncio.to_thread(_write, file, bytes(waiting), digest)
    finally:
        file.close()
    return Downloaded(size=size, sha256=digest.hexdigest())


def _write(file: BinaryIO, data: bytes, digest: hashlib._Hash) -> None:
    digest.update(data)
    file.write(data)
