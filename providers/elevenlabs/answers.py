"""ElevenLabs' answers as values of ours. The SDK (2.78) builds its models without looking; here they are looked at."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from providers.elevenlabs.limits import PROVIDER
from providers.elevenlabs.words import timed_words
from providers.errors import OutcomeUnknown
from providers.quota import RoomNote
from providers.speech import TimedWord, Voice
from providers.standing import AccountStanding

_LABELS = ("gender", "age", "accent", "language", "use_case", "descriptive", "description")
_NUMBER = re.compile(r"\d{1,9}")


class _Seen(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Alignment(_Seen):
    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


class _Subscription(_Seen):
    tier: str
    character_count: int
    character_limit: int
    max_credit_limit_extension: int | str | None = None
    next_character_count_reset_unix: int | None = None


class _Voice(_Seen):
    voice_id: str
    name: str
    labels: dict[str, str | None] | None = None
    preview_url: str | None = None


def sound_in(audio_base64: object) -> bytes:
    """The sound of a spoken answer. Blocks. Raises `OutcomeUnknown`: it was paid for and there is nothing in it."""
    try:
        sound = base64.b64decode(audio_base64, validate=True) if isinstance(audio_base64, str) else b""
    except binascii.Error:
        sound = b""
    if not sound:
        raise OutcomeUnknown(PROVIDER, "an answer without sound")
    return sound


def words_in(alignment: object, normalized: object) -> tuple[TimedWord, ...]:
    """The words as written; where only the normalized text ("twenty dollars" for "$20") is timed, as spoken.

    Without times there are none: the sound is paid for, and whole without them.
    """
    for told in (alignment, normalized):
        try:
            times = _Alignment.model_validate(told)
        except ValidationError:
            continue
        words = timed_words(times.characters, times.character_start_times_seconds, times.character_end_times_seconds)
        if words:
            return words
    return ()


class _Alignments(_Seen):
    alignment: object = None
    normalized_alignment: object = None


class Remembered(_Seen):
    """What the history keeps of something that was spoken."""

    history_item_id: str
    request_id: str | None = None
    text: str | None = None
    date_unix: int = 0
    character_count_change_from: int = 0
    character_count_change_to: int = 0
    alignments: _Alignments | None = None

    @property
    def characters(self) -> int | None:
        """What was charged; the counter may have been set back in between."""
        charged = self.character_count_change_to - self.character_count_change_from
        return charged if charged > 0 else None

    @property
    def words(self) -> tuple[TimedWord, ...]:
        told = self.alignments
        return () if told is None else words_in(told.alignment, told.normalized_alignment)


def remembered_in(item: object) -> Remembered | None:
    try:
        return Remembered.model_validate(item)
    except ValidationError:
        return None


def charge_in(headers: Mapping[str, str]) -> int | None:
    cost = headers.get("character-cost", "")
    return int(cost) if _NUMBER.fullmatch(cost) else None


def room_in(headers: Mapping[str, str], *, key_id: str, model: str) -> RoomNote | None:
    """How many requests of the model's kind the workspace may have open; plans differ by kind (2025-08)."""
    most = headers.get("maximum-concurrent-requests", "")
    if not _NUMBER.fullmatch(most) or int(most) < 1:
        return None
    return RoomNote(provider=PROVIDER, key_id=key_id, model=model, room=int(most))


def voice_in(told: object) -> Voice | None:
    """A voice of a list; `None` for one that we cannot read, which the others shall not suffer for."""
    try:
        voice = _Voice.model_validate(told)
    except ValidationError:
        return None
    labels = {name: " ".join((value or "").replace("_", " ").split()) for name, value in (voice.labels or {}).items()}
    url = voice.preview_url
    return Voice(
        id=voice.voice_id,
        name=voice.name,
        labels=tuple(labels[name] for name in _LABELS if labels.get(name)),
        preview_url=url if url and url.startswith("https://") else None,
    )


def standing_in(told: object, key_id: str) -> AccountStanding:
    """An account's standing. Raises pydantic's `ValidationError` for what is none.

    Credits beyond the plan, where usage is billed, count as left; without a cap nothing is told of what is left.
    """
    subscription = _Subscription.model_validate(told)
    extension = subscription.max_credit_limit_extension or 0
    left = None
    if isinstance(extension, int):
        left = max(0, subscription.character_limit + extension - subscription.character_count)
    return AccountStanding(
        key_id=key_id,
        plan=subscription.tier,
        left=left,
        unit="characters",
        resets_at=subscription.next_character_count_reset_unix,
    )
