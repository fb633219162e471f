from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.media.download import AttachmentDownloader, is_public
from bot.media.errors import AddressRefused, DownloadFailed, MediaRefused, Reason

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONTENT = bytes(range(256)) * 10_000


class Cdn:
    """A CDN on loopback below /cdn whose next answer a test decides."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.requests: list[web.Request] = []
        self.handler: Handler = self._content

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.handler(request)

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=CONTENT)


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    listener = socket.create_server(("127.0.0.1", 0))
    served = Cdn(f"http://127.0.0.1:{listener.getsockname()[1]}/cdn")
    app.router.add_get("/{path:.*}", served.answer)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    yield served
    await runner.cleanup()


@pytest.fixture
async def downloader(cdn: Cdn) -> AsyncIterator[AttachmentDownloader]:
    async with AttachmentDownloader([cdn.base], total_seconds=5, read_seconds=5) as opened:
        yield opened


def address(cdn: Cdn) -> str:
    return f"{cdn.base}/attachments/1/2/clip.mp4?ex=1&is=2&hm=3"


async def test_an_attachment_is_stored_whole_and_hashed(
    cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path
) -> None:
    got = await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=len(CONTENT))

    assert (tmp_path / "upload").read_bytes() == CONTENT
    assert (got.size, got.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]
    assert cdn.requests[0].path_qs == "/cdn/attachments/1/2/clip.mp4?ex=1&is=2&hm=3"


@pytest.mark.parametrize(
    "allowed",
    [
        "https://cdn.discordapp.com/attachments/1/2/clip.mp4?ex=1&is=2&hm=3",
        "https://media.discordapp.net/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com:443/ephemeral-attachments/1/2/clip.mp4",
        "HTTPS://CDN.DISCORDAPP.COM/attachments/1/2/clip%20one.mp4",
    ],
)
def test_addresses_of_discord_s_cdn_are_taken(allowed: str) -> None:
    assert AttachmentDownloader().check(allowed).host in {"cdn.discordapp.com", "media.discordapp.net"}


@pytest.mark.parametrize(
    "refused",
    [
        "",
        "clip.mp4",
        "file:///etc/passwd",
        "ftp://cdn.discordapp.com/attachments/1/2/clip.mp4",
        "http://cdn.discordapp.com/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com:8443/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com:99999/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com.evil.example/attachments/1/2/clip.mp4",
        "https://evil.example/attachments/1/2/clip.mp4",
        "https://evil.example#https://cdn.discordapp.com/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com@evil.example/attachments/1/2/clip.mp4",
        "https://user:word@cdn.discordapp.com/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com./attachments/1/2/clip.mp4",
        "https://xcdn.discordapp.com/attachments/1/2/clip.mp4",
        "https://cdn.discordapp.com\\@evil.example/attachments/1/2/clip.mp4",
        "https://cdn.dіscordapp.com/attachments/1/2/clip.mp4",  # a Cyrillic letter
        "https://cdn.discordapp.com/avatars/1/2.png",
        "https://cdn.discordapp.com/attachments/",
        "https://cdn.discordapp.com/attachments/../avatars/2.png",
        "https://cdn.discordapp.com/attachments/%2e%2e/avatars/2.png",
        "https://cdn.discordapp.com/attachments/..%2favatars/2.png",
        "https://cdn.discordapp.com/attachments/..\\avatars/2.png",
        "https://cdn.discordapp.com//attachments/1/2/clip.mp4",
        "https://127.0.0.1/attachments/1/2/clip.mp4",
        "https://[::1]/attachments/1/2/clip.mp4",
        "https://[::1/attachments/1/2/clip.mp4",
        "http://169.254.169.254/attachments/meta-data",
        "https://2130706433/attachments/1/2/clip.mp4",
    ],
)
def test_every_other_address_is_refused(refused: str) -> None:
    with pytest.raises(AddressRefused):
        AttachmentDownloader().check(refused)


@pytest.mark.parametrize("other", ["http://127.0.0.1:1/cdn", "http://localhost:8123/cdn", "http://127.0.0.1:8123"])
def test_with_a_loopback_base_only_that_base_is_taken(other: str) -> None:
    downloader = AttachmentDownloader(["http://127.0.0.1:8123/cdn"])

    assert downloader.check("http://127.0.0.1:8123/cdn/attachments/1/2/clip.mp4")
    with pytest.raises(AddressRefused):
        downloader.check(f"{other}/attachments/1/2/clip.mp4")


@pytest.mark.parametrize("base", ["http://cdn.example", "ftp://127.0.0.1", "https://user@cdn.example", "nonsense"])
def test_a_base_that_is_not_safe_is_a_fault_of_the_settings(base: str) -> None:
    with pytest.raises(ValueError, match=r"base|loopback"):
        AttachmentDownloader([base])


@pytest.mark.parametrize(
    ("ip", "public"),
    [
        ("162.159.130.233", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - judged, not bound
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_private_addresses_are_known_in_every_form(ip: str, public: bool) -> None:
    assert is_public(ip) is public


class Names(AbstractResolver):
    """Says that every name is one address."""

    def __init__(self, ip: str, port: int) -> None:
        self._ip = ip
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = ResolveResult(
            hostname=host, host=self._ip, port=self._port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
        )
        return [answer]

    async def close(self) -> None:
        pass


async def test_a_public_name_that_leads_home_is_not_connected_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with AttachmentDownloader(names=Names("127.0.0.1", listener.getsockname()[1])) as downloader:
            with pytest.raises(AddressRefused):
                await downloader.fetch(
                    "https://cdn.discordapp.com/attachments/1/2/clip.mp4", tmp_path / "upload", max_bytes=1000
                )
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_redirects_are_not_followed(cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{cdn.base}/attachments/1/2/other.mp4")

    cdn.handler = elsewhere

    with pytest.raises(DownloadFailed, match="302"):
        await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=1000)
    assert len(cdn.requests) == 1


async def test_an_expired_address_is_gone(cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path) -> None:
    async def expired(request: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound(text="This content is no longer available.")

    cdn.handler = expired

    with pytest.raises(DownloadFailed) as failed:
        await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=1000)
    assert failed.value.gone


async def test_too_much_announced_is_refused_at_once(
    cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path
) -> None:
    with pytest.raises(MediaRefused) as refused:
        await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=len(CONTENT) - 1)

    assert (refused.value.reason, refused.value.measured) == (Reason.TOO_LARGE, len(CONTENT))
    assert list(tmp_path.iterdir()) == []


async def test_too_much_unannounced_is_refused_while_it_comes(
    cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(CONTENT)

    cdn.handler = endless

    with pytest.raises(MediaRefused) as refused:
        await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=5_000_000)
    assert refused.value.reason is Reason.TOO_LARGE
    assert list(tmp_path.iterdir()) == []


async def test_nothing_is_decompressed(cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path) -> None:
    async def compressed(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"not gzip at all", headers={"Content-Encoding": "gzip"})

    cdn.handler = compressed

    await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=1000)

    assert (tmp_path / "upload").read_bytes() == b"not gzip at all"


async def half(request: web.Request) -> web.StreamResponse:
    """Send the half and fall silent."""
    response = web.StreamResponse(headers={"Content-Length": "2000"})
    await response.prepare(request)
    await response.write(b"x" * 1000)
    await asyncio.Event().wait()
    return response


async def test_a_silent_host_is_given_up(cdn: Cdn, tmp_path: Path) -> None:
    cdn.handler = half
    async with AttachmentDownloader([cdn.base], read_seconds=0.02) as impatient:
        with pytest.raises(DownloadFailed, match="too slow"):
            await impatient.fetch(address(cdn), tmp_path / "upload", max_bytes=5000)
    assert list(tmp_path.iterdir()) == []


async def test_a_connection_that_breaks_leaves_nothing(
    cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path
) -> None:
    async def breaking(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "2000"})
        await response.prepare(request)
        await response.write(b"x" * 1000)
        assert request.transport is not None
        request.transport.close()
        return response

    cdn.handler = breaking

    with pytest.raises(DownloadFailed) as failed:
        await downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=5000)
    assert "hm=3" not in str(failed.value)
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_download_leaves_nothing(cdn: Cdn, downloader: AttachmentDownloader, tmp_path: Path) -> None:
    cdn.handler = half
    task = asyncio.ensure_future(downloader.fetch(address(cdn), tmp_path / "upload", max_bytes=5000))
    while not list(tmp_path.iterdir()):  # noqa: ASYNC110 - a file appears without an event
        await asyncio.sleep(0.001)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []
