"""What a person would see in a message payload: its words, its buttons, its pictures and films."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUTTON, _TEXT_DISPLAY = 2, 10
#: Menus of texts, people, roles, both, and channels.
_MENUS = frozenset({3, 5, 6, 7, 8})


def components_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones included, in reading order."""
    yield from _walk(message.get("components") or ())


def _walk(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from _walk(component.get("components") or ())
        accessory = component.get("accessory") or component.get("component")
        if accessory:
            yield from _walk([accessory])


def text_of(message: dict[str, Any]) -> str:
    """The content, or a Components V2 message's text displays, a line each."""
    texts = [component["content"] for component in components_of(message) if component["type"] == _TEXT_DISPLAY]
    embeds = [part for embed in message.get("embeds") or () for part in (embed.get("title"), embed.get("description"))]
    return "\n".join(part for part in [message.get("content"), *embeds, *texts] if part)


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Those a person can press now."""
    return [c for c in components_of(message) if c["type"] == _BUTTON and not c.get("disabled") and c.get("custom_id")]


def menus_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The menus in which a person can choose now."""
    return [c for c in components_of(message) if c["type"] in _MENUS and not c.get("disabled")]


def media_urls_of(message: dict[str, Any]) -> list[str]:
    """Attachments, then media shown by V2 components; each address once."""
    urls = [attachment["url"] for attachment in message.get("attachments") or ()]
    for component in components_of(message):
        holders = [component, *(component.get("items") or ())]
        urls += [media["url"] for holder in holders for key in ("media", "file") if (media := holder.get(key))]
    return list(dict.fromkeys(urls))


def mentioned(message: dict[str, Any], user_id: int) -> bool:
    """Whether the message's text mentions this person."""
    return any(int(user["id"]) == user_id for user in message.get("mentions") or ())
