"""The services that we hold keys of, and the variables that each of them has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.settings.variable import Group, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A service that we hold keys of. `name` is how the bot calls it, and in capitals begins its variables."""

    name: str
    title: str
    purpose: str
    base_url: str  # the sandbox's, as an example
    model: str  # one of its models, as an example
    requests_per_minute: int  # this and the following: as `ratelimit.defaults` has them, in words
    cooldown: int
    room: str
    days: str
    has_tokens: bool  # it is a language model: what it does is counted in tokens, and asked again at no risk
    least_age: int | None = None  # of those it works for, by its terms, where a parent's leave is not enough
    more: tuple[Variable, ...] = ()  # variables that only it has

    @property
    def prefix(self) -> str:
        return self.name.upper()


_VERTEX_ONLY = (
    Variable(
        name="GOOGLE_APPLICATION_CREDENTIALS",
        means="In place of a key, or beside one: the file of a service account's key, or of a user's, as gcloud writes"
        " it. The whole path. The account needs the role Vertex AI User.",
        example="/etc/greenlight/google.json",
    ),
    Variable(
        name="GOOGLE_CLOUD_PROJECT",
        means="The project that such an account works in.",
        example="a-project-of-yours",
        assumed="the one that the file names",
    ),
    Variable(
        name="GOOGLE_CLOUD_LOCATION",
        means="Where such an account's films are made: a region of Google's, or global.",
        example="europe-west4",
        assumed="us-central1",
    ),
)

PROVIDERS = (
    Provider(
        name="gemini",
        title="Google Gemini",
        purpose="watches clips, plans films and renders them",
        base_url="http://127.0.0.1:4101",
        model="gemini-omni-1.1-flash",
        requests_per_minute=15,
        cooldown=30,
        room="4 of each video model",
        days="days begin at midnight in California",
        has_tokens=True,
        least_age=18,  # Gemini API Additional Terms of Service, "Age Requirements", checked 2026-11
    ),
    Provider(
        name="vertex",
        title="Google Vertex",
        purpose="renders films with Veo (Google calls it the Gemini Enterprise Agent Platform)",
        base_url="http://127.0.0.1:4105",
        model="veo-3.1-fast-generate-001",
        requests_per_minute=10,
        cooldown=60,
        room="4 of each model",
        days="the last 24 hours count",
        has_tokens=False,
        least_age=18,  # Google asks the same of Gemini and Veo by this way, checked 2026-11
        more=_VERTEX_ONLY,
    ),
    Provider(
        name="runway",
        title="Runway",
        purpose="renders films",
        base_url="http://127.0.0.1:4102",
        model="gen4.5",
        requests_per_minute=10,
        cooldown=60,
        room="2 of each model",
        days="the last 24 hours count",
        has_tokens=False,
    ),
    Provider(
        name="elevenlabs",
        title="ElevenLabs",
        purpose="speaks the narration",
        base_url="http://127.0.0.1:4103",
        model="eleven_multilingual_v2",
        requests_per_minute=20,
        cooldown=30,
        room="4",
        days="the last 24 hours count",
        has_tokens=False,
        least_age=18,  # Terms of Service: not for people under 18, checked 2026-11
    ),
    Provider(
        name="groq",
        title="Groq",
        purpose="plans films and talks about them",
        base_url="http://127.0.0.1:4104",
        model="openai/gpt-oss-120b",
        requests_per_minute=30,
        cooldown=20,
        room="any number",
        days="the last 24 hours count",
        has_tokens=True,
    ),
)


def group_of(provider: Provider) -> Group:
    return Group(
        provider.title,
        f"{provider.title} {provider.purpose}. Without a key it is not offered.",
        (*_access(provider), *provider.more, *_limits(provider), *_patience(provider)),
    )


def _access(provider: Provider) -> tuple[Variable, ...]:
    return (
        Variable(
            name=f"{provider.prefix}_API_KEYS",
            means=f"Your keys of {provider.title}, separated by commas. Keys of one account share its limits: write"
            " account:key for each of them, with any name for the account.",
            example=f"fake-{provider.name}-key-one,studio:fake-{provider.name}-key-two",
            secret=True,
            many=True,
        ),
        Variable(
            name=f"{provider.prefix}_BASE_URL",
            means=f"Another address than {provider.title}'s own, such as the sandbox: https, or http on this machine.",
            example=provider.base_url,
        ),
    )


def _limits(provider: Provider) -> Iterator[Variable]:
    for unit in ("MINUTE", "DAY"):
        day = f"; {provider.days}" if unit == "DAY" else ""
        yield Variable(
            name=f"{provider.prefix}_REQUESTS_PER_{unit}",
            means=f"How many requests an account may make in a {unit.lower()}{day}.",
            example={"MINUTE": "60", "DAY": "1500"}[unit],
            between=(1, 100_000_000),
            assumed=str(provider.requests_per_minute) if unit == "MINUTE" else "any number",
        )
        if provider.has_tokens:
            yield Variable(
                name=f"{provider.prefix}_TOKENS_PER_{unit}",
                means=f"How many tokens an account may use in a {unit.lower()}; we estimate what a request takes.",
                example={"MINUTE": "250000", "DAY": "1000000"}[unit],
                between=(1, 100_000_000),
                assumed="any number",
            )
    yield Variable(
        name=f"{provider.prefix}_ROOM",
        means="How many operations an account may have open at once.",
        example="5",
        between=(1, 1_000),
        assumed=provider.room,
    )
    yield Variable(
        name=f"{provider.prefix}_LIMITS",
        means="Limits of one account, one model, or a model on an account, where they differ from those above:"
        " @account=, model= or @account/model=, and then what is allowed there, with + between limits and a comma"
        " between places.",
        example=f"@studio=60/min+1500/day,{provider.model}=5/min+room:2,@studio/{provider.model}=20/min+room:8",
        many=True,
    )


def _patience(provider: Provider) -> Iterator[Variable]:
    yield Variable(
        name=f"{provider.prefix}_COOLDOWN_SECONDS",
        means="How long an account rests after the service said 'too many requests' without saying until when; longer"
        " each time it says so again.",
        example="45",
        between=(1, 86_400),
        assumed=str(provider.cooldown),
    )
    if provider.has_tokens:
        yield Variable(
            name=f"{provider.prefix}_MAX_RETRIES",
            means="How often a question is asked again while the service is down.",
            example="5",
            between=(0, 20),
            assumed="3",
        )
        yield Variable(
            name=f"{provider.prefix}_BACKOFF_SECONDS",
            means="About how long to wait before it is asked again; twice as long each time.",
            example="2.5",
            between=(0, 600),
            assumed="1",
        )


def title_of(service: str) -> str:
    """A service as people write it; one that nobody knows as it is."""
    return next((provider.title for provider in PROVIDERS if provider.name == service), service)
