"""Turns a draft into a plan and edits into the next version of it: pure rules, no model and no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.studio.drafts import EditDraft, EditKind, PlanDraft
from bot.studio.errors import EditRefused
from bot.studio.model import MAX_SHOTS, Plan, Shot, ShotStart
from bot.studio.text import clean, shorten
from providers.catalogue import VideoModel


def plan_from_draft(draft: PlanDraft, model: VideoModel, ratio: str, *, has_upload: bool) -> Plan:
    """The first version of a plan, with durations the model offers and starts that exist."""
    shots = []
    for number, shot in enumerate(draft.shots, start=1):
        start = ShotStart(shot.start)
        if (start is ShotStart.PREVIOUS and number == 1) or (start is ShotStart.UPLOAD and not has_upload):
            start = ShotStart.TEXT
        shots.append(
            Shot(
                title=clean(shot.title) or f"Shot {number}",
                prompt=clean(shot.prompt)
                or clean(shot.title)
                or clean(draft.logline)
                or clean(draft.title)
                or "A film",
                camera=clean(shot.camera),
                duration=model.nearest_duration(shot.duration),
                narration=clean(shot.narration),
                start=start,
                start_at=0.0 if start is ShotStart.UPLOAD else None,
            )
        )
    return Plan(
        version=1,
        title=clean(draft.title) or "Untitled",
        logline=clean(draft.logline),
        model=model.id,
        ratio=ratio,
        shots=tuple(shots),
    )


def revise(plan: Plan, edits: Sequence[EditDraft], model: VideoModel, *, has_upload: bool) -> Plan | None:
    """The next version of a plan, or `None` where the edits change nothing.

    Shot numbers in the edits mean the shots as the person sees them now, whatever edits came before in the list.

    Raises:
        EditRefused: an edit names a shot that does not exist, or leaves a plan that cannot be made.
    """
    desk = _CuttingDesk(plan, model, has_upload=has_upload)
    for edit in edits:
        desk.apply(edit)
    revised = replace(desk.film, shots=desk.order())
    if revised == plan:
        return None
    return replace(revised, version=plan.version + 1, changes=changes_between(plan, revised))


class _CuttingDesk:
    """The shots while edits are laid upon them: each keeps its place until the end; `None` is a removed one."""

    def __init__(self, plan: Plan, model: VideoModel, *, has_upload: bool) -> None:
        self.film = plan
        self._plan = plan
        self._model = model
        self._has_upload = has_upload
        self._shots: list[Shot | None] = list(plan.shots)
        self._added: list[tuple[int, Shot]] = []
        self._moved: list[tuple[int, int]] = []  # index, new number

    def apply(self, edit: EditDraft) -> None:
        match edit.kind:
            case EditKind.SET_TITLE:
                self.film = replace(self.film, title=shorten(_text(edit), 80))
            case EditKind.SET_LOGLINE:
                self.film = replace(self.film, logline=shorten(_text(edit), 240))
            case EditKind.SET_RATIO:
                self.film = replace(self.film, ratio=_ratio(edit, self._model))
            case EditKind.ADD_SHOT:
                self._add(edit)
            case _:
                self._change(edit, _index(edit, self._plan))

    def order(self) -> tuple[Shot, ...]:
        """The shots as they now follow each other. Raises `EditRefused` where they make no film."""
        order = _arranged(self._shots, self._added, self._moved)
        if not order:
            raise EditRefused("That would leave no shot at all; a film needs at least one.")
        if len(order) > MAX_SHOTS:
            raise EditRefused(f"A film has at most {MAX_SHOTS} shots; that would make {len(order)}.")
        if order[0].start is ShotStart.PREVIOUS:
            order[0] = replace(order[0], start=ShotStart.TEXT)
        return tuple(order)

    def _add(self, edit: EditDraft) -> None:
        count = len(self._plan.shots)
        position = edit.position or (edit.shot + 1 if edit.shot else count + 1)
        words = shorten(_text(edit), 900)
        seconds = self._model.nearest_duration(edit.duration or 5)
        shot = Shot(title=shorten(words, 40), prompt=words, camera="steady", duration=seconds)
        self._added.append((max(1, min(position, count + 1)), shot))

    def _change(self, edit: EditDraft, index: int) -> None:
        shot = self._shots[index]
        if shot is None:
            return  # removed by an edit before
        match edit.kind:
            case EditKind.REMOVE_SHOT:
                self._shots[index] = None
            case EditKind.MOVE_SHOT:
                if edit.position is None or edit.position < 1:
                    raise EditRefused(f"I need the new place for shot {index + 1}.")
                self._moved.append((index, edit.position))
            case _:
                self._shots[index] = _edited(shot, edit, index, self._model, has_upload=self._has_upload)


def changes_between(before: Plan, after: Plan) -> str:
    """One line that says what is different, in the order of the film."""
    changes = []
    if after.title != before.title:
        changes.append(f"title: {shorten(after.title, 60)}")
    if after.logline != before.logline:
        changes.append("new logline")
    if after.ratio != before.ratio:
        changes.append(f"{before.ratio} → {after.ratio}")
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


def _new_order(before: Plan, after: Plan) -> str:
    """The old numbers in their new order where shots only changed places, else nothing."""
    if after.shots == before.shots or len(set(before.shots)) != len(before.shots):
        return ""
    numbers = {shot: number for number, shot in enumerate(before.shots, 1)}
    if set(after.shots) != set(before.shots) or len(after.shots) != len(before.shots):
        return ""
    return ", ".join(str(numbers[shot]) for shot in after.shots)


def _edited(shot: Shot, edit: EditDraft, index: int, model: VideoModel, *, has_upload: bool) -> Shot:
    match edit.kind:
        case EditKind.SET_SHOT_TITLE:
            return replace(shot, title=shorten(_text(edit), 80))
        case EditKind.SET_PROMPT:
            return replace(shot, prompt=shorten(_text(edit), 900))
        case EditKind.SET_CAMERA:
            return replace(shot, camera=shorten(_text(edit), 120))
        case EditKind.SET_NARRATION:
            return replace(shot, narration=shorten(clean(edit.text or ""), 400))
        case EditKind.SET_DURATION:
            if edit.duration is None or edit.duration < 1:
                raise EditRefused(f"I need a length in seconds for shot {index + 1}.")
            return replace(shot, duration=model.nearest_duration(edit.duration))
        case EditKind.SET_START:
            return _started(shot, edit, index, has_upload=has_upload)
    raise AssertionError(edit.kind)


def _started(shot: Shot, edit: EditDraft, index: int, *, has_upload: bool) -> Shot:
    if edit.start is None:
        raise EditRefused("A shot starts from its text, from the shot before, or from your video.")
    start = ShotStart(edit.start)
    if start is ShotStart.PREVIOUS and index == 0:
        raise EditRefused("The first shot has no shot before it to continue from.")
    if start is ShotStart.UPLOAD and not has_upload:
        raise EditRefused("There is no uploaded video in this film to take a picture from.")
    return replace(shot, start=start, start_at=0.0 if start is ShotStart.UPLOAD else None)


def _arranged(
    shots: Sequence[Shot | None], added: Sequence[tuple[int, Shot]], moved: Sequence[tuple[int, int]]
) -> list[Shot]:
    """The shots that are left in their new order: first all that stay or are new, then each moved one to its number."""
    moving = {index for index, _ in moved}
    order = [None if index in moving else shot for index, shot in enumerate(shots)]
    in_place = sorted(added, key=lambda pair: pair[0])
    for position, new in in_place[::-1]:  # from the end, so that the numbers before it stay true
        order.insert(position - 1, new)
    arranged = [shot for shot in order if shot is not None]
    for index, position in dict(moved).items():  # moved twice, the last word counts
        if (shot := shots[index]) is not None:
            arranged.insert(min(position - 1, len(arranged)), shot)
    return arranged


def _index(edit: EditDraft, plan: Plan) -> int:
    if edit.shot is None or not 1 <= edit.shot <= len(plan.shots):
        named = "no number" if edit.shot is None else f"shot {edit.shot}"
        raise EditRefused(f"The plan has shots 1 to {len(plan.shots)}, and the change named {named}.")
    return edit.shot - 1


def _text(edit: EditDraft) -> str:
    words = clean(edit.text or "")
    if not words:
        raise EditRefused("The change came without its words. Say it once more, please.")
    return words


def _ratio(edit: EditDraft, model: VideoModel) -> str:
    ratio = (edit.text or "").strip()
    if ratio not in model.ratios:
        raise EditRefused(f"{model.label} makes {', '.join(model.ratios)}, and no other shape.")
    return ratio


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
        how = "changed" if old.narration and new.narration else "added" if new.narration else "removed"
        changes.append(f"narration {how}")
    if new.start != old.start:
        changes.append(f"starts from {new.start}")
    return changes


def _prompt_change(old: str, new: str) -> str:
    if new.startswith(old.rstrip(". ")):
        return f"added “{shorten(new[len(old.rstrip('. ')) :].strip(' ,.'), 60)}”"
    return f"now shows “{shorten(new, 60)}”"
