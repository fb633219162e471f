"""Service accounts of the sandbox, and the tokens that their signatures buy: RFC 7523, as Google's OAuth speaks it."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from urllib.parse import parse_qs

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from sandbox.providers.answers import Answer, Refused
from sandbox.providers.service import Stage

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
#: Seconds that a token holds.
LIFETIME = 3_600.0


class Tokens:
    """Who has an account, and which tokens are good."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._key: rsa.RSAPrivateKey | None = None
        self._making = threading.Lock()
        self._accounts: dict[str, str] = {}
        self._until: dict[str, float] = {}

    def account(self, name: str, project: str = "sandbox-project") -> str:
        """The JSON of a service account on the sandbox's account `name`, as Google hands it out. Blocks, once."""
        email = f"{name}@{project}.iam.gserviceaccount.com"
        self._accounts[email] = name
        pem = self._private_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        document = {
            "type": "service_account",
            "project_id": project,
            "private_key_id": secrets.token_hex(20),
            "private_key": pem.decode(),
            "client_email": email,
            "client_id": "100000000000000000001",
            "token_uri": f"{self.stage.origin}/vertex/token",
        }
        return json.dumps(document, indent=2)

    def is_good(self, token: str) -> bool:
        return self._until.get(token, 0.0) > self.stage.clock()

    async def give(self, request: web.Request) -> web.Response:
        form = parse_qs((await request.read()).decode())
        if form.get("grant_type") != [_GRANT]:
            raise _refused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        email = await asyncio.to_thread(self._signed, form.get("assertion", [""])[0])
        token = f"sandbox-vertex-{self._accounts[email]}-{secrets.randbelow(10**9)}"
        self._until[token] = self.stage.clock() + LIFETIME
        return web.json_response({"access_token": token, "expires_in": int(LIFETIME), "token_type": "Bearer"})

    def _signed(self, assertion: str) -> str:
        """Whose assertion it is; refuses what is not signed with the account's key for this very place."""
        public = (
            self._private_key()
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        try:
            claims = jwt.decode(assertion, certs=public, audience=None)  # type: ignore[no-untyped-call]
        except ValueError:
            raise _refused("invalid_grant", "Invalid JWT Signature.") from None
        email = str(claims.get("iss", ""))
        if claims.get("scope") != _SCOPE:
            raise _refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        if email not in self._accounts:
            raise _refused("invalid_grant", "Invalid grant: account not found")
        return email

    def _private_key(self) -> rsa.RSAPrivateKey:
        with self._making:
            if self._key is None:
                self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
            return self._key


def _refused(error: str, description: str) -> Refused:
    return Refused(Answer(400, {"error": error, "error_description": description}))
