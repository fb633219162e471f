"""What is different between two versions of a plan, in one line for the person it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.speech import counted, later, say
from bot.studio.model import Captions, Plan, Shot, ShotStart
from bot.studio.pairing import pairs_of
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
    ShotStart.STILL: later("starts from its still"),
    ShotStart.STILL: later("starts from its still"),
}


def changes_between(before: Plan, after: Plan) -> str:
    """One line that says what is different, in the order of the film."""
    changes = [*film_changes(before, after)]
    if order := _new_order(before, after):
        return shorten("; ".join([*changes, say("the shots now follow as {order}", order=order)]), 300)
    pairs = pairs_of(before.shots, after.shots)
    if len(after.shots) != len(before.shots):
        number = len(before.shots)
        changes.append(counted(number, "{number} shots → {now}", "{number} shots → {now}", now=len(after.shots)))
    new = [shot for place, shot in enumerate(after.shots) if place not in pairs]
    gone = sorted(set(range(len(before.shots))) - set(pairs.values()))
    changes += [say("new: {title}", title=shorten(shot.title, 40)) for shot in new]
    changes += [say("gone: {title}", title=shorten(before.shots[place].title, 40)) for place in gone]
    for place, origin in sorted(pairs.items()):
        if differences := shot_changes(before.shots[origin], after.shots[place]):
            changes.append(say("shot {shot}: {changes}", shot=place + 1, changes=", ".join(differences)))
    return shorten("; ".join(changes), 300)


def returned(newest: Plan, earlier: Plan) -> Plan:
    """The next version, equal to an earlier one."""
    changes = changes_between(newest, earlier)
    told = say("as v{version} was: {changes}", version=earlier.version, changes=changes)
    if not changes:
        told = say("as v{version} was", version=earlier.version)
    return replace(earlier, version=newest.version + 1, changes=shorten(told, 300))


def film_changes(before: Plan, after: Plan) -> Iterator[str]:
    """What is different about the film as a whole."""
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


def shot_changes(old: Shot, new: Shot) -> list[str]:
    """What is different about one shot."""
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
    elif new.still != old.still:
        changes.append(say("starts from its new still"))
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
