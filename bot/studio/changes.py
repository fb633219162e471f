"""What is different between two versions of a plan, in one line for the person it is for."""

from __future__ import annotations

from collections.abc import Iterator

from bot.studio.model import Plan, Shot
from bot.studio.text import shorten


def changes_between(before: Plan, after: Plan) -> str:
    """One line that says what is different, in the order of the film."""
    changes = [*_film_changes(before, after)]
    if order := _new_order(before, after):
        return shorten("; ".join([*changes, f"the shots now follow as {order}"]), 300)
    if len(after.shots) != len(before.shots):
        changes.append(f"{len(before.shots)} shots → {len(after.shots)}")
        kept = {shot.title: shot for shot in before.shots}
        changes += [f"new: {shorten(shot.title, 40)}" for shot in after.shots if shot.title not in kept]
        titles = {shot.title for shot in after.shots}
        changes += [f"gone: {shorten(shot.title, 40)}" for shot in before.shots if shot.title not in titles]
        pairs = [(number, kept[shot.title], shot) for number, shot in enumerate(after.shots, 1) if shot.title in kept]
    else:
        pairs = [(number, old, new) for number, (old, new) in enumerate(zip(before.shots, after.shots, strict=True), 1)]
    for number, old, new in pairs:
        if differences := _shot_changes(old, new):
            changes.append(f"shot {number}: {', '.join(differences)}")
    return shorten("; ".join(changes), 300)


def _film_changes(before: Plan, after: Plan) -> Iterator[str]:
    if after.title != before.title:
        yield f"title: {shorten(after.title, 60)}"
    if after.logline != before.logline:
        yield "new logline"
    if after.ratio != before.ratio:
        yield f"{before.ratio} → {after.ratio}"
    if after.model != before.model:
        yield f"made by {after.model}"
    if after.voice != before.voice:
        yield f"spoken by {shorten(after.voice_name, 40)}"
    if after.music != before.music:
        yield f"music: {shorten(after.music, 60)}" if after.music else "no music"
    if after.captions != before.captions:
        yield f"captions {after.captions}"


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
        changes.append(f"now “{shorten(new.title, 40)}”")
    if new.duration != old.duration:
        changes.append(f"{old.duration} s → {new.duration} s")
    if new.prompt != old.prompt:
        changes.append(_prompt_change(old.prompt, new.prompt))
    if new.camera != old.camera:
        changes.append(f"camera {shorten(new.camera, 40)}")
    if new.narration != old.narration:
        changes.append(f"narration {_how(old.narration, new.narration)}")
    if new.sound != old.sound:
        changes.append(f"sound {_how(old.sound, new.sound)}")
    if new.start != old.start:
        changes.append(f"starts from {new.start}")
    if new.take != old.take and not changes:  # what was changed is new anyway
        changes.append(f"take {old.take} → take {new.take}")
    return changes


def _how(old: str, new: str) -> str:
    return "changed" if old and new else "added" if new else "removed"


def _prompt_change(old: str, new: str) -> str:
    if new.startswith(old.rstrip(". ")):
        return f"added “{shorten(new[len(old.rstrip('. ')) :].strip(' ,.'), 60)}”"
    return f"now shows “{shorten(new, 60)}”"
