"""The answer to a question about a video, as cards: rendered from rows by pure functions, as many as it takes.

Nothing of an answer is cut: what does not fit into one message goes on in the next. The buttons stand on the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.model import Analysis, Asset, Moment, Project, ProjectState
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, MAX_BYTES, MAX_CHARACTERS, PENDING, READY, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.remarks import remark_on_sight
from bot.ui.replies import words_for_failure
from bot.ui.wording import plain
from providers.catalogue import utf16_units

#: Characters of foreign text that are escaped in one piece; escaping may double them.
_PIECE = 700
#: Characters and bytes of one card that its sections may take; the rest is for what frames them.
_ROOM, _ROOM_BYTES = MAX_CHARACTERS - 500, MAX_BYTES - 1_200


#: Cuts that are named one by one: in all, and in one line.
MOST_CUTS, _IN_A_LINE = 120, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisFacts:
    """What the cards of an analysis show: `seen` is `None` until its video was looked at; `hears_all` is as in
    `TalkFacts`.
    """

    project: Project
    seen: Analysis | None = None
    asset: Asset | None = None
    hears_all: bool = True


def analysis_cards(facts: AnalysisFacts) -> list[ui.LayoutView]:
    """Every card, in order."""
    if facts.seen is None:
        return [_waiting_card(facts)]
    pages = _pages([*_sections(facts.seen, facts.asset)])
    head = _head(facts.project, facts.asset)
    return [_page_card(facts, page, head if number == 1 else "", number, len(pages)) for number, page in pages.items()]


def clock(seconds: float) -> str:
    """A time in a video as its player shows it."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _waiting_card(facts: AnalysisFacts) -> ui.LayoutView:
    project = facts.project
    question = _quoted(project)
    if project.state is ProjectState.FAILED:
        again: ui.Button[ui.LayoutView] = ui.Button(
            style=discord.ButtonStyle.primary,
            label=say("Try again"),
            custom_id=str(CustomId(Action.RETRY, project.id)),
        )
        words = say("You can also attach another video here, with what you want to know of it.")
        if not facts.hears_all:
            words = say("You can also mention me here with another video, and what you want to know of it.")
        parts: list[ui.Item[ui.LayoutView]] = [
            ui.TextDisplay(f"## 🔎 {say('No answer yet')}\n{question}"),
            ui.TextDisplay(f"{words_for_failure(project.failure or '')}\n-# {words}"),
        ]
        return layout(ui.Container(*parts, ui.ActionRow(again), accent_colour=BAD))
    doing = say("📥 Fetching and checking your video…") if project.attachment is not None else say("👀 Watching it…")
    text = f"## 🔎 {say('Looking at your video')}\n{question}"
    return layout(ui.Container(ui.TextDisplay(text), ui.TextDisplay(doing), accent_colour=PENDING))


def _quoted(project: Project) -> str:
    asked = say("<@{owner}> asks", owner=project.owner_id)
    return f"{asked}\n> {plain(shorten(project.idea, 300))}"


def _head(project: Project, asset: Asset | None) -> str:
    facts = ""
    if asset is not None:
        sound = say("with sound") if asset.has_audio else say("without sound")
        facts = f"\n-# {clock(asset.duration)} · {asset.width}×{asset.height} · {asset.fps:.3g} fps · {sound}"
    return f"## 🔎 {say('Your video')}\n{_quoted(project)}{facts}"


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading and the lines below it; a section may go on in the next card between two of them."""

    title: str
    lines: Sequence[str]


def _sections(seen: Analysis, asset: Asset | None) -> Iterator[_Section]:
    if seen.answer:
        yield _Section(say("Answer"), [*_lines(seen.answer)])
    yield _Section(say("What happens"), [*_lines(seen.summary)])
    if seen.moments:
        yield _Section(say("When"), _timed(seen.moments))
    if seen.cuts is not None:
        yield _Section(say("Shots"), _shots(seen.cuts, asset))
    yield _Section(say("Look"), [*_lines(seen.look)])
    yield _Section(say("Sound"), [*_lines(seen.sound)])
    if seen.speech:
        yield _Section(say("Words heard"), _timed(seen.speech))
    if remark := remark_on_sight(seen):
        yield _Section("", [remark])


def _timed(moments: Sequence[Moment]) -> list[str]:
    return [f"`{clock(moment.at)}` {line}" for moment in moments for line in _lines(moment.what)]


def _shots(cuts: Sequence[float], asset: Asset | None) -> list[str]:
    """How it is cut, as it was measured."""
    many = counted(len(cuts) + 1, "One shot, without a cut", "{number} shots")
    if not cuts:
        return [many]
    if asset is not None:
        average = f"{asset.duration / (len(cuts) + 1):.1f}"
        many = say("{shots}, {seconds} s each on average", shots=many, seconds=average)
    times = [f"`{clock(cut)}`" for cut in cuts[:MOST_CUTS]]
    lines = [" · ".join(times[begin : begin + _IN_A_LINE]) for begin in range(0, len(times), _IN_A_LINE)]
    if more := len(cuts) - len(times):
        lines.append(counted(more, "… and one more", "… and {number} more"))
    return [say("{shots}. It cuts at {times}", shots=many, times=lines[0]), *lines[1:]]


def _lines(text: str) -> Iterator[str]:
    """A model's text, its paragraphs kept, in pieces that fit anywhere; escaped, so that it reads as it is."""
    for paragraph in text.splitlines():
        rest = " ".join(paragraph.split())
        while rest:
            cut = len(rest) if len(rest) <= _PIECE else rest.rfind(" ", 1, _PIECE)
            cut = cut if cut > 0 else _PIECE
            yield plain(rest[:cut])
            rest = rest[cut:].lstrip()


def _pages(sections: Sequence[_Section]) -> dict[int, list[str]]:
    """Sections as texts, by the number of the card they stand on."""
    pages: dict[int, list[str]] = {1: []}
    room, room_bytes = _ROOM - 500, _ROOM_BYTES - 1_500  # the first card begins with the question
    for section in sections:
        begin = f"**{section.title}**" if section.title else ""
        text = begin
        for line in section.lines:
            longer = f"{text}\n{line}" if text else line
            if utf16_units(longer) > room or len(longer.encode()) > room_bytes:
                if text != begin:
                    pages[len(pages)].append(text)
                pages[len(pages) + 1] = []
                room, room_bytes = _ROOM, _ROOM_BYTES
                longer = f"{begin}\n{line}".strip()
            text = longer
        pages[len(pages)].append(text)
        room, room_bytes = room - utf16_units(text) - 8, room_bytes - len(text.encode()) - 20
    return pages


def _page_card(facts: AnalysisFacts, page: Sequence[str], head: str, number: int, of: int) -> ui.LayoutView:
    parts: list[ui.Item[ui.LayoutView]] = []
    if head:
        parts += [ui.TextDisplay(head), ui.Separator()]
    for text in page:
        parts += [ui.TextDisplay(text), ui.Separator(visible=False)]
    parts.pop()
    if of > 1:
        parts.append(ui.TextDisplay("-# " + say("Page {number} of {of}", number=number, of=of)))
    if number == of:
        parts += [
            ui.Separator(),
            ui.TextDisplay(f"-# {_way_to_ask(facts)}"),
            _buttons(facts.project),
        ]
    return layout(ui.Container(*parts, accent_colour=READY))


def _way_to_ask(facts: AnalysisFacts) -> str:
    if facts.hears_all:
        return say("Ask me anything else about it: write it here, reply to me, or press **Ask…**")
    return say("Ask me anything else about it: mention me, reply to me with the ping on, or press **Ask…**")


def _buttons(project: Project) -> ui.ActionRow[ui.LayoutView]:
    return ui.ActionRow(
        ui.Button(
            style=discord.ButtonStyle.primary,
            label=say("Make one like this"),
            custom_id=str(CustomId(Action.LIKE, project.id)),
        ),
        ui.Button(
            style=discord.ButtonStyle.secondary, label=say("Ask…"), custom_id=str(CustomId(Action.ASK, project.id))
        ),
    )
