"""What is different between two versions of a plan, in one line for the person it is for."""

from __future__ import annotations

from collections.abc import Iterator

from bot.speech import counted, later, say
from bot.studio.model import Captions, Plan, Shot, ShotStart
from bot.studio.text import shorten

_NARRATION = later("narration changed"), later("narration added"), later("narration removed")
_SOUND = later("sound changed"), later("sound added"), later("sound removed")
_CAPTIONS = {
    Captions.OFF: later("captions off"),
    Captions.SOFT: later("captions soft"),
    Captions.BURNT: later("captions burnt"),
}
_STARTS = {
    ShotStart.TEXT: later("starts from text"),
    ShotStart.PREVIOUS: later("starts from previous"),
    ShotStart.UPLOAD: later("starts from upload"),
}


def changes_between(before: Plan, after: Plan) -> str:
    """One line that says what is different, in the order of the film."""
    changes = [*_film_changes(before, after)]
    if order := _new_order(before, after):
        return shorten("; ".join([*changes, say("the shots now follow as {order}", order=order)]), 300)
    if len(after.shots) != len(before.shots):
        number = len(before.shots)
        changes.append(counted(number, "{number} shots → {now}", "{number} shots → {now}", now=len(after.shots)))
        kept = {shot.title: shot for shot in before.shots}
        changes += [
            say("new: {title}", title=shorten(shot.title, 40)) for shot in after.shots if shot.title not in kept
        ]
        titles = {shot.title for shot in after.shots}
        changes += [
            say("gone: {title}", title=shorten(shot.title, 40)) for shot in before.shots if shot.title not in titles
        ]
        pairs = [(number, kept[shot.title], shot) for number, shot in enumerate(after.shots, 1) if shot.title in kept]
    else:
        pairs = [(number, old, new) for number, (old, new) in enumerate(zip(before.shots, after.shots, strict=True), 1)]
    for number, old, new in pairs:
        if differences := _shot_changes(old, new):
            changes.append(say("shot {shot}: {changes}", shot=number, changes=", ".join(differences)))
    return shorten("; ".join(changes), 300)


def _film_changes(before: Plan, after: Plan) -> Iterator[str]:
    if after.title != before.title:
        yield say("title: {title}", title=shorten(after.title, 60))
    if after.logline != before.logline:
        yield say("new logline")
    if after.ratio != before.ratio:
        yield f"{before.ratio} → {after.ratio}"
    if after.model != before.model:
        yield say("made by {model}", model=after.model)
    if after.voice != before.voice:
        yield say("spoken by {voice}", voice=shorten(after.voice_name, 40))
    if after.music != before.music:
        yield say("music: {music}", music=shorten(after.music, 60)) if after.music else say("no music")
    if after.captions != before.captions:
        yield say(_CAPTIONS[after.captions])


def _new_order(before: Plan, after: Plan) -> str:
    """The old numbers in their new order where shots only changed places, else nothing."""
    if after.shots == before.shots or len(set(before.shots)) != len(before.shots):
        return ""
    numbers = {shot: number for number, shot in enumerate(before.shots, 1)}
    if set(after.shots) != set(before.shots) or len(after.shots) != len(before.shots):
        return ""
    return ", ".join(str(numbers[shot]) for shot in after.shots)


def _shot_changes(old: Shot, new: Shot) -> list[str]:
    changes = []
    if new.title != old.title:
        changes.append(say("now “{title}”", title=shorten(new.title, 40)))
    if new.duration != old.duration:
        changes.append(say("{before} s → {now} s", before=old.duration, now=new.duration))
    if new.prompt != old.prompt:
        changes.append(_prompt_change(old.prompt, new.prompt))
    if new.camera != old.camera:
        changes.append(say("camera {camera}", camera=shorten(new.camera, 40)))
    if new.narration != old.narration:
        changes.append(say(_how(_NARRATION, old.narration, new.narration)))
    if new.sound != old.sound:
        changes.append(say(_how(_SOUND, old.sound, new.sound)))
    if new.start != old.start:
        changes.append(say(_STARTS[new.start]))
    if new.take != old.take and not changes:  # what was changed is new anyway
        changes.append(say("take {before} → take {now}", before=old.take, now=new.take))
    return changes


def _how(words: tuple[str, str, str], old: str, new: str) -> str:
    changed, added, removed = words
    return changed if old and new else added if new else removed


def _prompt_change(old: str, new: str) -> str:
    if new.startswith(old.rstrip(". ")):
        return say("added “{words}”", words=shorten(new[len(old.rstrip(". ")) :].strip(" ,."), 60))
    return say("now shows “{words}”", words=shorten(new, 60))
