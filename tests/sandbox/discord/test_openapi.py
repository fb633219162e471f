"""The second opinion itself: what is at a limit passes, what is over it is named."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord.traffic import LoggedRequest, SentFile
from tests.discord_openapi import violations

V2 = 1 << 15
MESSAGES = "/channels/200000000000000001/messages"
CALLBACK = "/interactions/200000000000000002/token/callback"


def post(body: object, path: str = MESSAGES, files: tuple[SentFile, ...] = (), method: str = "POST") -> list[str]:
    return violations(LoggedRequest(method=method, path=path, query={}, body=body, files=files, authorised=True))


def button(custom_id: str | None = "go", label: str = "Go") -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": label} | ({} if custom_id is None else {"custom_id": custom_id})


def row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(buttons)}


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def container(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 17, "components": list(components)}


def embed(length: int) -> dict[str, Any]:
    return {"description": "x" * min(length, 4096), "footer": {"text": "x" * max(0, length - 4096)}}


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2000},
        {"content": "go", "components": [row(*(button(f"b{i}", "x" * 80) for i in range(5)))]},
        {"flags": V2, "components": [container(*(text("x") for _ in range(39)))]},
        {"flags": V2, "components": [text("x" * 4000)]},
        {"embeds": [embed(6000)]},
        {"content": "with ids", "message_reference": {"message_id": 200000000000000003}},
        {"content": "x", "allowed_mentions": {"parse": [], "users": [200000000000000004]}},
    ],
)
def test_what_is_at_the_limit_passes(body: dict[str, Any]) -> None:
    assert post(body) == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"content": "x" * 2001}, "2000"),
        ({"content": "go", "components": [row(button(label="x" * 81))]}, "components"),
        ({"content": "go", "components": [row(button("x" * 101))]}, "components"),
        ({"flags": V2, "components": [container(*(text("x") for _ in range(40)))]}, "40"),
        ({"flags": V2, "components": [text("x" * 2500), text("x" * 1501)]}, "4000"),
        ({"flags": V2, "components": [text("鯉" * 3500)]}, "bytes"),
        ({"flags": V2, "content": "x", "components": [text("x")]}, "without content"),
        ({"components": [text("x")]}, "flag"),
        ({"content": "x", "components": [row(button(), button())]}, "duplicate"),
        ({"content": "x", "components": [row(button(None))]}, "custom_id"),
        ({"embeds": [embed(4096), embed(1905)]}, "6000"),
        ({"content": "x", "colour": 1}, "not a field"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"flags": V2, "components": [{"type": 13, "file": {"url": "attachment://no.mp4"}}]}, "attachment://no.mp4"),
    ],
)
def test_what_is_over_the_limit_is_named(body: dict[str, Any], complaint: str) -> None:
    assert any(complaint in one for one in post(body))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"type": 5, "data": {"flags": V2}}, "deferred"),
        ({"type": 9, "data": {"custom_id": "m", "title": "x" * 46, "components": []}}, "$"),
        ({"type": 4, "data": {"content": "x" * 2001}}, "2000"),
    ],
)
def test_answers_to_interactions_are_held_to_the_rules_too(body: dict[str, Any], complaint: str) -> None:
    assert any(complaint in one for one in post(body, CALLBACK))


def test_a_file_that_is_sent_may_be_shown() -> None:
    shown = {"flags": V2, "components": [{"type": 13, "file": {"url": "attachment://a.mp4"}}]}
    attached = {"attachments": [{"id": 0, "filename": "a.mp4"}]}
    assert post(shown | attached, files=(SentFile(part="files[0]", name="a.mp4", size=1, data=b"x"),)) == []


def test_an_operation_discord_does_not_have_is_named() -> None:
    assert post(None, "/films", method="GET") == ["GET /films: Discord has no such operation"]
