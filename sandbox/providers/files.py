"""The Files API of Gemini: resumable uploads, states over time, and the films that Omni leaves there.

Files belong to a project: another project's key gets the same 403 as for a file that was never there.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from sandbox.providers import google
from sandbox.providers.answers import Refused
from sandbox.providers.documents import as_mapping, as_text, either
from sandbox.providers.faults import Breaks, ContentRefused, Fate, Lost, NeverEnds
from sandbox.providers.film import Clip
from sandbox.providers.service import ACCOUNT, Stage, document_of, fate_of

#: Uris are in Google's own form: the SDK parses no other.
BASE = "https://generativelanguage.googleapis.com/v1beta"
#: The part of a clip's time that a video is PROCESSING for.
PROCESSING_SHARE = 0.25
#: Files are gone after 48 hours; chunks come in multiples of 256 KiB.
LIFETIME, GRANULARITY = 172_800.0, 262_144


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """One file of one project. A film has no `path` before it was drawn."""

    id: str
    account: str
    mime_type: str
    created_at: float
    ready_at: float
    display_name: str = ""
    path: Path | None = None
    clip: Clip | None = None
    size: int = 0
    digest: bytes = b""
    fate: Fate | None = None

    @property
    def name(self) -> str:
        return f"files/{self.id}"

    def state(self, now: float) -> str:
        if isinstance(self.fate, NeverEnds) or now < self.ready_at:
            return "PROCESSING"
        return "FAILED" if isinstance(self.fate, ContentRefused | Breaks) else "ACTIVE"


@dataclass(slots=True, kw_only=True)
class Upload:
    """An upload begun and not finished."""

    account: str
    mime_type: str
    display_name: str
    fate: Fate | None
    path: Path
    received: int = 0


@dataclass(slots=True)
class GeminiFiles:
    """Every project's files, and the routes to them."""

    stage: Stage
    stored: dict[str, StoredFile] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def routes(self) -> Iterable[web.RouteDef]:
        version = "/{version:v1|v1beta}"
        return [
            web.post("/upload" + version + "/files", self.begin),
            web.post("/resume/{upload}", self.chunk),
            web.get(version + "/files", self.all),
            web.get(version + "/files/{id:[^/:]+}:download", self.download),
            web.get(version + "/files/{id:[^/:]+}", self.get),
            web.delete(version + "/files/{id:[^/:]+}", self.delete),
        ]

    def find(self, account: str, name_or_uri: str) -> StoredFile:
        """The file under a name or uri, for a project; refuses as Google does."""
        identity = name_or_uri.rsplit("files/", 1)[-1].split(":", 1)[0]
        file = self.stored.get(identity)
        if file is None or file.account != account or isinstance(file.fate, Lost):
            raise Refused(google.not_yours(identity))
        return file

    def keep_film(self, account: str, clip: Clip) -> StoredFile:
        """A generated film as a file of the project."""
        now = self.stage.clock()
        identity = secrets.token_hex(6)
        file = StoredFile(id=identity, account=account, mime_type="video/mp4", created_at=now, ready_at=now, clip=clip)
        self.stored[identity] = file
        return file

    async def begin(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Goog-Upload-Command") != "start":
            raise Refused(google.refusal(400, "Upload command must be start."))
        described = as_mapping((await document_of(request)).get("file"))
        token = secrets.token_hex(16)
        self.uploads[token] = Upload(
            account=request[ACCOUNT],
            mime_type=request.headers.get("X-Goog-Upload-Header-Content-Type", "application/octet-stream"),
            display_name=as_text(either(described, "displayName", "display_name")),
            fate=fate_of(request),
            path=self.stage.directory / f"upload-{token}",
        )
        url = f"{self.stage.origin}/gemini/resume/{token}"
        headers = {
            "X-Goog-Upload-URL": url,
            "X-Goog-Upload-Control-URL": url,
            "X-Goog-Upload-Status": "active",
            "X-Goog-Upload-Chunk-Granularity": str(GRANULARITY),
        }
        return web.json_response({}, headers=headers)

    async def chunk(self, request: web.Request) -> web.Response:
        token = request.match_info["upload"]
        upload = self.uploads.get(token)
        if upload is None:
            raise Refused(google.refusal(404, "Upload has already been terminated."))
        commands = request.headers.get("X-Goog-Upload-Command", "")
        if "upload" in commands:
            if int(request.headers.get("X-Goog-Upload-Offset", "0")) != upload.received:
                raise Refused(google.refusal(400, f"Invalid offset: expected {upload.received}."))
            with upload.path.open("ab") as file:
                upload.received += file.write(await request.read())
        if "finalize" not in commands:
            return web.Response(headers={"X-Goog-Upload-Status": "active"})
        del self.uploads[token]
        stored = self._finished(upload)
        return web.json_response({"file": self.told(stored)}, headers={"X-Goog-Upload-Status": "final"})

    def _finished(self, upload: Upload) -> StoredFile:
        now = self.stage.clock()
        takes = self.stage.pace * PROCESSING_SHARE if upload.mime_type.startswith("video/") else 0.0
        content = upload.path.read_bytes() if upload.path.exists() else b""
        stored = StoredFile(
            id=secrets.token_hex(6),
            account=upload.account,
            mime_type=upload.mime_type,
            created_at=now,
            ready_at=now + takes,
            display_name=upload.display_name,
            path=upload.path,
            size=len(content),
            digest=hashlib.sha256(content).digest(),
            fate=upload.fate,
        )
        self.stored[stored.id] = stored
        return stored

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(self.told(self.find(request[ACCOUNT], request.match_info["id"])))

    async def all(self, request: web.Request) -> web.Response:
        mine = [self.told(file) for file in self.stored.values() if file.account == request[ACCOUNT]]
        return web.json_response({"files": mine} if mine else {})

    async def delete(self, request: web.Request) -> web.Response:
        file = self.find(request[ACCOUNT], request.match_info["id"])
        del self.stored[file.id]
        if file.path is not None:
            file.path.unlink(missing_ok=True)
        return web.json_response({})

    async def download(self, request: web.Request) -> web.StreamResponse:
        file = self.find(request[ACCOUNT], request.match_info["id"])
        if file.clip is None:  # what was uploaded is not given back
            raise Refused(google.refusal(400, f"The file {file.name} cannot be downloaded."))
        path = await self.stage.films.file(file.clip)
        return web.FileResponse(path, headers={"Content-Type": file.mime_type})

    def told(self, file: StoredFile) -> dict[str, object]:
        """The File resource, as the discovery document has it."""
        now = self.stage.clock()
        resource: dict[str, object] = {
            "name": file.name,
            "mimeType": file.mime_type,
            "sizeBytes": str(file.size),
            "createTime": _time(file.created_at),
            "updateTime": _time(file.created_at),
            "expirationTime": _time(file.created_at + LIFETIME),
            "sha256Hash": base64.b64encode(file.digest.hex().encode()).decode(),
            "uri": f"{BASE}/{file.name}",
            "state": file.state(now),
            "source": "GENERATED" if file.clip else "UPLOADED",
        }
        if file.display_name:
            resource["displayName"] = file.display_name
        if file.clip:
            resource["downloadUri"] = download_uri(file)
        if resource["state"] == "FAILED":
            resource["error"] = {"code": 3, "message": "The file could not be processed."}
        return resource


def download_uri(file: StoredFile) -> str:
    return f"{BASE}/{file.name}:download?alt=media"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
