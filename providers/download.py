"""Fetching what a provider made: whole or not at all, from where it may come, and the key goes to nobody else."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from providers.credential import Credential
from providers.errors import UnexpectedResponse
from providers.transport import Classify, Refusal, refused, translated

_CHUNK = 1 << 20
_LARGEST = 2 << 30  # bytes; a 4K clip of 15 s is under 200 MB
_REDIRECTS = 3
_LONGEST_REFUSAL = 1 << 16


def host_allowed(url: httpx.URL, hosts: frozenset[str]) -> bool:
    """Whether `url` is on one of `hosts` or below it, over TLS; plain HTTP is for named loopback addresses only."""
    named = any(url.host == host or url.host.endswith("." + host) for host in hosts)
    return named and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_origin(url: str) -> Callable[[httpx.URL], bool]:
    """Whether an address is where this one is: scheme, host and port."""
    home = httpx.URL(url)
    return lambda target: (target.scheme, target.host, target.port) == (home.scheme, home.host, home.port)


async def download(
    http: httpx.AsyncClient,
    url: str,
    destination: Path,
    *,
    provider: str,
    credential: Credential,
    allowed: Callable[[httpx.URL], bool],
    headers_for: Callable[[httpx.URL], Mapping[str, str]],
    classify: Classify,
) -> None:
    """Stream `url` into `destination`, by way of a `.part` beside it that never stays behind.

    Redirects are followed by hand, three at most, each target asked of `allowed` and given only what `headers_for`
    says: httpx drops `Authorization` on a foreign host, but not a key in a header of another name.

    Raises:
        Unavailable: the link failed, broke off or has expired; looking at the operation again may give a fresh one.
        UnexpectedResponse: a host that is not allowed, an empty file or one without end.
    """
    part = destination.with_name(destination.name + ".part")
    with translated(provider, credential, classify):
        try:
            target = httpx.URL(url)
            for _ in range(_REDIRECTS + 1):
                if not allowed(target):
                    raise UnexpectedResponse(provider, f"a file on a host that is not allowed: {target.host}")
                async with http.stream("GET", target, headers=dict(headers_for(target)), follow_redirects=False) as got:
                    if got.is_redirect:
                        target = target.join(got.headers.get("location", ""))
                        continue
                    if got.status_code != 200:
                        raise refused(provider, await _refusal(got), classify)
                    await _write(got, part, provider)
                await asyncio.to_thread(part.replace, destination)
                return
            raise UnexpectedResponse(provider, "a file behind too many redirects")
        finally:
            part.unlink(missing_ok=True)


def keep(content: bytes, destination: Path, *, provider: str) -> None:
    """Write a file that came inside of an answer, by way of a `.part` as `download` does. Blocks.

    Raises:
        UnexpectedResponse: it is empty.
    """
    if not content:
        raise UnexpectedResponse(provider, "an empty file")
    part = destination.with_name(destination.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)


async def _write(got: httpx.Response, part: Path, provider: str) -> None:
    size = 0
    with part.open("wb") as file:
        async for chunk in got.aiter_bytes(_CHUNK):
            size += len(chunk)
            if size > _LARGEST:
                raise UnexpectedResponse(provider, f"a file over {_LARGEST} bytes")
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise UnexpectedResponse(provider, "an empty file")


async def _refusal(got: httpx.Response) -> Refusal:
    text = b""
    async for chunk in got.aiter_bytes(_LONGEST_REFUSAL):
        text += chunk
        if len(text) >= _LONGEST_REFUSAL:
            break
    try:
        body: object = json.loads(text)
    except ValueError:
        body = text.decode("utf-8", "replace")
    return Refusal(got.status_code, body, got.headers)
