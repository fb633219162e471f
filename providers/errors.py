"""What may go wrong at a provider. A class exists only where somebody acts on it differently.

ProviderError
├── Unavailable          the service is down or overloaded; proven not accepted; wait or go elsewhere
├── KeyFault             another key may do it
│   ├── RateLimited      this key's account must rest until `until`
│   ├── QuotaExhausted   this key's account has used up its day, credit or plan
│   └── KeyRejected      this key is wrong, revoked or not allowed
├── RequestFault         no key will do it; the request must change
│   ├── InvalidRequest   malformed or over a limit of the model
│   ├── ContentRejected  refused by content policy
│   └── ModelRetired     the model is gone, or not offered to this account
├── OperationFailed      an accepted operation ended without a result, through no fault of the request
├── OutcomeUnknown       it may have been accepted (and charged); nothing repeats it by guessing
└── UnexpectedResponse   an answer we cannot read
"""

from __future__ import annotations

from datetime import date


class ProviderError(Exception):
    """Base of the family.

    Args:
        provider: name of the service, for logs and words.
        detail: what the service said, scrubbed of secrets; for logs, never for users.
    """

    def __init__(self, provider: str, detail: str = "") -> None:
        super().__init__(f"{provider}: {detail}" if detail else provider)
        self.provider = provider
        self.detail = detail


class Unavailable(ProviderError):
    """The service is down, overloaded or unreachable, and the request was provably not accepted."""


class KeyFault(ProviderError):
    """The key, not the request, is at fault: another key may do it."""


class RateLimited(KeyFault):
    """The key's account is over a limit that passes with time.

    Args:
        retry_after: seconds to rest, as the service said; `None` where it said nothing.
        model: the limit binds this model only; `None` means the whole account.
    """

    def __init__(
        self, provider: str, detail: str = "", *, retry_after: float | None = None, model: str | None = None
    ) -> None:
        super().__init__(provider, detail)
        self.retry_after = retry_after
        self.model = model


class QuotaExhausted(KeyFault):
    """The key's account has used up its day, its credit or its plan.

    Args:
        until: Unix seconds when it returns; `None` where only the operator can bring it back.
        model: the quota binds this model only; `None` means the whole account.
    """

    def __init__(
        self, provider: str, detail: str = "", *, until: float | None = None, model: str | None = None
    ) -> None:
        super().__init__(provider, detail)
        self.until = until
        self.model = model


class KeyRejected(KeyFault):
    """The key is wrong, revoked, restricted, or its project may not use this service."""


class RequestFault(ProviderError):
    """The request is at fault: no key will do it."""


class InvalidRequest(RequestFault):
    """Malformed, or over a limit of the model."""


class ContentRejected(RequestFault):
    """Refused by the provider's content policy; the words or the picture must change."""


class ModelRetired(RequestFault):
    """The model is gone, or not offered to this account.

    Args:
        successor: id of the model that takes over; `None` where the one who says so does not know.
        retired: the model's last day; `None` where that is not known.
    """

    def __init__(
        self, provider: str, detail: str = "", *, successor: str | None = None, retired: date | None = None
    ) -> None:
        super().__init__(provider, detail)
        self.successor = successor
        self.retired = retired


class OperationFailed(ProviderError):
    """An accepted operation ended without a usable result, through no fault of the request."""


class OutcomeUnknown(ProviderError):
    """The request left and no answer told its fate: it may have been accepted and charged."""


class UnexpectedResponse(ProviderError):
    """The service answered with something we cannot read."""
