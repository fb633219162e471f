"""Secrets that must outlive a restart and stand in a row: sealed with a key that no row, dump or backup holds.

The key is drawn from the bot's token, which every process of the bot has. Where the token is replaced, what was sealed
can no longer be opened and has to be told again.
"""

from __future__ import annotations

import base64
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Bytes that make each sealing another, as AES-GCM wants them (NIST SP 800-38D, 8.2.2: at random, far below 2^32 of
#: them with one key).
_NONCE = 12


class SealBroken(Exception):
    """It was sealed with another token, for somebody else, or changed since."""


class Seal:
    """Closes and opens with a key drawn from `secret`."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @cached_property
    def _cipher(self) -> AESGCM:
        """Made when it is first needed: few bots are told keys at run time, and the library takes 8 MB."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = b"greenlight api keys"
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret.encode()))

    def close(self, text: str, *, name: str) -> str:
        """Seal a text under a name; it opens under that name only."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), name.encode())).decode()

    def open(self, sealed: str, *, name: str) -> str:
        """The text again. Raises `SealBroken`."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], name.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise SealBroken(name) from error
