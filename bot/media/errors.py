"""What may go wrong with media. A class exists only where somebody acts on it differently.

MediaError
├── MediaRefused        the file is not one we take; the person can bring another. Words come from `reason`
├── AddressRefused      the address is not one we download from
├── DownloadFailed      the address did not deliver; `gone` says asking again is pointless
├── CannotFit           no rendition of the film is small enough
├── FfmpegUnusable      the operator must act: no ffmpeg, or one that lacks what we need
└── FfmpegFailed        one run failed, crashed or overran its time; `overran`: one more try is fair
"""

from __future__ import annotations

from enum import StrEnum


class MediaError(Exception):
    """Base of the family."""


class Reason(StrEnum):
    """Why a file is refused; `limit` and `measured` of the refusal are in the unit named here."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"  # bytes
    NOT_A_VIDEO = "not_a_video"
    UNSUPPORTED_CONTAINER = "unsupported_container"
    UNSUPPORTED_CODEC = "unsupported_codec"
    AUDIO_ONLY = "audio_only"
    UNDECODABLE = "undecodable"  # truncated or damaged
    TOO_LONG = "too_long"  # seconds
    SIDE_TOO_LONG = "side_too_long"  # pixels
    TOO_MANY_PIXELS = "too_many_pixels"  # pixels
    TOO_HEAVY = "too_heavy"  # seconds: checking it took longer than that


class MediaRefused(MediaError):
    """A file we do not take.

    Args:
        reason: which rule it breaks.
        limit: the limit of that rule, in the unit of the reason; `None` where the rule has no number.
        measured: what the file has, as far as it was read before we stopped.
        found: what it is instead (`"png"`, `"avi"`, `"h266"`): a word of ours or of ffmpeg, never of the uploader.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        limit: float | None = None,
        measured: float | None = None,
        found: str | None = None,
    ) -> None:
        facts = [f"{name} {value}" for name, value in (("limit", limit), ("measured", measured)) if value is not None]
        super().__init__(", ".join([reason.value, *facts, *([found] if found else [])]))
        self.reason = reason
        self.limit = limit
        self.measured = measured
        self.found = found


class AddressRefused(MediaError):
    """An address outside the allow-list. The address is not in the text: it may be signed, or hostile."""


class DownloadFailed(MediaError):
    """The host did not deliver.

    Args:
        detail: for logs; holds no address.
        status: HTTP status, `None` where there was no answer.
    """

    def __init__(self, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status

    @property
    def gone(self) -> bool:
        """The attachment was removed or its signature has expired: the person must upload it again."""
        return self.status in {403, 404, 410}


class CannotFit(MediaError):
    """Even the smallest rendition worth watching is above the limit."""

    def __init__(self, *, max_bytes: int, duration: float) -> None:
        super().__init__(f"{duration:.1f} s do not fit {max_bytes} bytes")
        self.max_bytes = max_bytes
        self.duration = duration


class FfmpegUnusable(MediaError):
    """No usable ffmpeg; the text tells the operator exactly what is missing."""


class FfmpegFailed(MediaError):
    """A run that did not end well.

    Args:
        returncode: negative for a signal (-11 crash, -9 out of memory); `None` when we ended it.
        stderr: what it said, capped; for logs, never for users.
        overran: it was ended because its time was over.
    """

    def __init__(self, *, returncode: int | None, stderr: str, overran: bool = False) -> None:
        said = stderr.strip().rsplit("\n", 1)[-1]
        super().__init__("ffmpeg overran its time" if overran else f"ffmpeg ended with {returncode}: {said[:200]}")
        self.returncode = returncode
        self.stderr = stderr
        self.overran = overran
