"""Every refusal that a service documents: a class, an action for the pool, an effect on money, a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from bot.app.pools import judge
from bot.ui import replies
from providers.elevenlabs import elevenlabs_fault
from providers.errors import OutcomeUnknown, ProviderError
from providers.google import google_fault
from providers.groq import groq_fault
from providers.runway import runway_fault
from providers.transport import Refusal, refused
from sandbox.providers.answers import Answer
from sandbox.refusals import elevenlabs, google, groq, runway

NOW = 1_795_600_000.0
Classify = Callable[[Refusal], ProviderError | None]
SERVICES: Mapping[str, tuple[Mapping[str, Answer], Classify]] = {
    "gemini": (google.ALL, lambda refusal: google_fault(refusal, model="m", now=NOW)),
    "vertex": (google.ALL, lambda refusal: google_fault(refusal, model="m", now=NOW, provider="vertex")),
    "runway": (runway.ALL, lambda refusal: runway_fault(refusal, model="m", now=NOW)),
    "elevenlabs": (elevenlabs.ALL, lambda refusal: elevenlabs_fault(refusal, model="m")),
    "groq": (groq.ALL, lambda refusal: groq_fault(refusal, model="m", now=NOW)),
}
EVERY = [(service, name) for service, (answers, _) in SERVICES.items() for name in answers]


@pytest.mark.parametrize(("service", "name"), EVERY)
def test_every_refusal_of_a_paid_order_has_its_consequence(service: str, name: str) -> None:
    answers, classify = SERVICES[service]
    answer = answers[name]

    fault = refused(service, Refusal(answer.status, answer.body, answer.headers), classify, paid=True)

    assert type(fault) in set(replies.known_errors()), "no sentence for it"
    assert fault.provider == service
    if isinstance(fault, OutcomeUnknown):
        # Only an answer that proves nothing may leave it open whether the order was taken.
        assert answer.status in {408, 499} or answer.status >= 500
        assert judge(fault, NOW) is None, "an order that may have been taken must not look worth repeating"
    else:
        assert judge(fault, NOW) is not None or type(fault).__name__ in {"UnexpectedResponse", "OperationFailed"}
