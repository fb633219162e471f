"""What a body names, as files on disk: data URIs and uploads, and nothing from elsewhere: nothing leaves this host."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sandbox.providers.answers import Answer, Refused
from sandbox.providers.film import DrawingFailed, run_ffmpeg
from sandbox.providers.runway.bodies import refused

#: Uploads are gone after a day; they may have 200 MB; their names end in what they are.
LIFETIME, LARGEST = 86_400.0, 200_000_000
SUFFIXES = ("jpg", "jpeg", "png", "webp", "mp4", "mov", "mkv", "webm", "mp3", "wav", "m4a", "aac", "flac")
_PICTURES = {"JPEG", "PNG", "WEBP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A source clip. Seconds, pixels, frames a second."""

    path: Path
    seconds: float
    width: int
    height: int
    fps: float
    audio: bool


@dataclass(slots=True, kw_only=True)
class Upload:
    """A place that was given out, and the file once it is there."""

    account: str
    path: Path
    began_at: float
    fields: dict[str, str]


@dataclass(slots=True)
class Assets:
    """The files of every account."""

    directory: Path
    uploads: dict[str, Upload] = field(default_factory=dict)

    def begin(self, account: str, now: float) -> tuple[str, Upload]:
        token = uuid.uuid4().hex
        fields = {"key": token, "policy": uuid.uuid4().hex, "x-amz-signature": uuid.uuid4().hex}
        upload = Upload(account=account, path=self.directory / f"upload-{token}", began_at=now, fields=fields)
        self.uploads[token] = upload
        return token, upload

    def file(self, name: str, uri: str, account: str, now: float) -> Path | None:
        """The file behind an address, `None` where it is elsewhere; refuses as Runway does."""
        if uri.startswith("https://"):
            return None
        if uri.startswith("runway://"):
            upload = self.uploads.get(uri.removeprefix("runway://"))
            lives = upload is not None and upload.account == account and now < upload.began_at + LIFETIME
            if upload is None or not lives or not upload.path.exists():
                raise _unusable(name, "Failed to fetch asset. The upload was not found or has expired.")
            return upload.path
        try:
            content = base64.b64decode(uri.split(",", 1)[1], validate=True)
        except (IndexError, binascii.Error):
            raise _unusable(name, "Invalid data URI.") from None
        path = self.directory / f"asset-{uuid.uuid4().hex}"
        path.write_bytes(content)
        return path

    def picture(self, name: str, uri: str, account: str, now: float) -> Path | None:
        """A picture to draw from; `None` for one that is elsewhere, which the sandbox does not fetch."""
        path = self.file(name, uri, account, now)
        if path is None:
            return None
        try:
            with Image.open(path) as image:
                if image.format not in _PICTURES:
                    raise _unusable(name, "Unsupported asset type. Expected JPEG, PNG or WebP.")
        except (UnidentifiedImageError, OSError):
            raise _unusable(name, "Invalid asset. The image could not be decoded.") from None
        return path

    async def footage(self, name: str, uri: str, account: str, now: float) -> Footage:
        path = self.file(name, uri, account, now)
        if path is None:
            raise _unusable(name, "Failed to fetch asset. The URL may be incorrect or the server may be down.")
        try:
            _, told = await run_ffmpeg(["-v", "info", "-i", str(path), "-t", "0", "-f", "null", "-"])
        except DrawingFailed:
            raise _unusable(name, "Invalid asset. The video could not be decoded.") from None
        told = told.split("Output #")[0]
        clock = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
        size = re.search(r"Video:.*? (\d{2,5})x(\d{2,5})", told)
        if clock is None or size is None:
            raise _unusable(name, "Invalid asset. The video could not be decoded.")
        fps = re.search(r"([\d.]+) fps", told)
        return Footage(
            path=path,
            seconds=int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]),
            width=int(size[1]),
            height=int(size[2]),
            fps=float(fps[1]) if fps else 24.0,
            audio="Audio:" in told,
        )


def bounded(name: str, footage: Footage, least: float, most: float, most_fps: float | None) -> None:
    """Refuse a source clip of the wrong length or speed; 30 s too long was seen live, 2026-08."""
    if footage.seconds > most + 0.05:
        raise _issue("too_big", name, f"Asset duration must be at most {most:g} seconds")
    if footage.seconds < least - 0.05:
        raise _issue("too_small", name, f"Asset duration must be at least {least:g} seconds")
    if most_fps is not None and footage.fps > most_fps + 0.5:
        raise _issue("too_big", name, f"Asset frame rate must be at most {most_fps:g} FPS")


def denied(code: str, message: str, status: int = 403) -> Refused:
    """As the storage says no: S3's XML."""
    return Refused(Answer(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"))


def _issue(code: str, name: str, message: str) -> Refused:
    return refused([{"code": code, "path": [name], "message": message}])


def _unusable(name: str, reason: str) -> Refused:
    return _issue("custom", name, reason)
