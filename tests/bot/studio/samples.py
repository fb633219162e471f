"""Plans, films and drafts to try the rooms on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.studio.drafts import EditDraft, EditKind, PlanDraft, ShotDraft, StartDraft
from bot.studio.model import Asset, Attachment, Plan, Project, ProjectState, Request, Shot, ShotStart
from providers.catalogue import Catalogue

CATALOGUE = Catalogue.load()
GEN45 = CATALOGUE.resolve("gen4.5")
TURBO = CATALOGUE.resolve("gen4_turbo")
VEO = CATALOGUE.resolve("veo3.1_fast")
OMNI = CATALOGUE.resolve("gemini-omni-1.2-flash")

OWNER = 1001
CLIP = Attachment(url="https://cdn.discordapp.com/attachments/1/2/clip.mp4", name="clip.mp4", bytes=1000)


def shot(title: str = "One", **changes: Any) -> Shot:
    return replace(Shot(title=title, prompt=f"{title} happens", camera="steady", duration=5), **changes)


def plan(*shots: Shot, **changes: Any) -> Plan:
    three = shots or (shot("One"), shot("Two"), shot("Three"))
    whole = Plan(version=1, title="Koi", logline="A koi becomes a dragon.", model="gen4.5", ratio="16:9", shots=three)
    return replace(whole, **changes)


def project(**changes: Any) -> Project:
    return replace(
        Project(
            id="a" * 32,
            owner_id=OWNER,
            guild_id=5,
            channel_id=6,
            thread_id=7,
            idea="a koi that becomes a dragon",
            model="gen4.5",
            ratio="16:9",
            seconds=None,
            asset_id=None,
            attachment=None,
            state=ProjectState.PLANNED,
            failure=None,
        ),
        **changes,
    )


def request(request_id: str = "100", **changes: Any) -> Request:
    asked = Request(request_id=request_id, owner_id=OWNER, guild_id=5, channel_id=6, idea="a koi")
    return replace(asked, **changes)


def asset(**changes: Any) -> Asset:
    found = Asset(id="b" * 64, suffix=".mp4", bytes=1000, duration=4.0, width=320, height=180, fps=24.0, has_audio=True)
    return replace(found, **changes)


def shot_draft(**changes: Any) -> ShotDraft:
    facts: dict[str, Any] = {
        "title": "One",
        "prompt": "a koi swims",
        "camera": "steady",
        "duration": 5,
        "narration": "",
        "sound": "",
        "start": StartDraft.TEXT,
    }
    return ShotDraft(**{**facts, **changes})


def plan_draft(*shots: ShotDraft, **changes: Any) -> PlanDraft:
    facts: dict[str, Any] = {
        "title": "Koi",
        "logline": "A koi becomes a dragon.",
        "music": "",
        "shots": shots or (shot_draft(),),
    }
    return PlanDraft(**{**facts, **changes})


def edit(kind: EditKind, **facts: Any) -> EditDraft:
    nothing: dict[str, Any] = dict.fromkeys(EditDraft.model_fields)
    return EditDraft(**{**nothing, **facts, "kind": kind})


def starts(plan: Plan) -> list[ShotStart]:
    return [each.start for each in plan.shots]


def titles(plan: Plan) -> list[str]:
    return [each.title for each in plan.shots]
