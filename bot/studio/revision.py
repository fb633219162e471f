"""Turns a draft into a plan and edits into the next version of it: pure rules, no model and no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.speech import dollars, say
from bot.studio.changes import changes_between, returned
from bot.studio.drafts import EditDraft, EditKind, PlanDraft
from bot.studio.errors import EditRefused
from bot.studio.model import MAX_SHOTS, Captions, Plan, Shot, ShotStart
from bot.studio.takes import ShotTakes, another_take, chosen_take
from bot.studio.text import clean, shorten
from providers.catalogue import VideoModel
from providers.speech import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What an edit may choose from by name: the models and voices on offer here.

    `heir_of` tells who took over from a model that is gone, by whatever people call it; `None` for any other name;
    `takes` are those of each shot, and `stills` the contents of the storyboard's pictures, by its number in the plan;
    `before` is the plan as it was before its last change.
    """

    models: Sequence[VideoModel] = ()
    voices: Sequence[Voice] = ()
    heir_of: Callable[[str], VideoModel | None] = lambda _name: None
    takes: Mapping[int, ShotTakes] = field(default_factory=dict)
    before: Plan | None = None
    stills: Mapping[int, str] = field(default_factory=dict)


def plan_from_draft(draft: PlanDraft, model: VideoModel, ratio: str, *, has_upload: bool) -> Plan:
    """The first version of a plan, with durations the model offers and starts that exist."""
    shots = []
    for number, shot in enumerate(draft.shots, start=1):
        start = ShotStart(shot.start)
        if (start is ShotStart.PREVIOUS and number == 1) or (start is ShotStart.UPLOAD and not has_upload):
            start = ShotStart.TEXT
        if start is ShotStart.STILL:  # nothing is drawn yet
            start = ShotStart.TEXT
        shots.append(
            Shot(
                title=clean(shot.title) or say("Shot {shot}", shot=number),
                prompt=clean(shot.prompt)
                or clean(shot.title)
                or clean(draft.logline)
                or clean(draft.title)
                or say("A film"),
                camera=clean(shot.camera),
                duration=model.nearest_duration(shot.duration),
                narration=clean(shot.narration),
                sound=clean(shot.sound),
                start=start,
                start_at=0.0 if start is ShotStart.UPLOAD else None,
            )
        )
    return Plan(
        version=1,
        title=clean(draft.title) or say("Untitled"),
        logline=clean(draft.logline),
        model=model.id,
        ratio=ratio,
        shots=tuple(shots),
        music=clean(draft.music),
    )


def revise(
    plan: Plan, edits: Sequence[EditDraft], model: VideoModel, *, has_upload: bool, choices: Choices | None = None
) -> Plan | None:
    """The next version of a plan, or `None` where the edits change nothing.

    Shot numbers in the edits mean the shots as the person sees them now, whatever edits came before in the list.

    Raises:
        EditRefused: an edit names a shot that does not exist, or leaves a plan that cannot be made.
    """
    choices = choices or Choices()
    start, others = plan, [edit for edit in edits if edit.kind is not EditKind.UNDO]
    if len(others) < len(edits):  # first of all, whatever comes with it: the rest is about the plan as it was
        start, model = _undone(plan, model, choices)
    desk = _CuttingDesk(start, model, choices, has_upload=has_upload)
    for edit in others:
        desk.apply(edit)
    revised = replace(desk.film, shots=desk.order())
    if revised == plan:
        return None
    if not others and choices.before is not None:
        return returned(plan, choices.before)
    return replace(revised, version=plan.version + 1, changes=changes_between(plan, revised))


def _undone(plan: Plan, model: VideoModel, choices: Choices) -> tuple[Plan, VideoModel]:
    """The plan as it was before its last change, and who made it then. Raises `EditRefused`."""
    if choices.before is None:
        raise EditRefused(say("Nothing was changed since the plan was first written, so there is nothing to undo."))
    before = replace(choices.before, version=plan.version, changes=plan.changes)
    for maker in (model, *choices.models):
        if maker.id == before.model:
            return before, maker
    raise EditRefused(
        say("The plan before this change was for {model}, which I can't use here any more.", model=before.model)
    )


class _CuttingDesk:
    """The shots while edits are laid upon them: each keeps its place until the end; `None` is a removed one."""

    def __init__(self, plan: Plan, model: VideoModel, choices: Choices, *, has_upload: bool) -> None:
        self.film = plan
        self._plan = plan
        self._model = model
        self._choices = choices
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
                self._reshape(_ratio(edit, self._model))
            case EditKind.SET_MUSIC:
                self.film = replace(self.film, music=shorten(clean(edit.text or ""), 300))
            case EditKind.SET_CAPTIONS:
                self.film = replace(self.film, captions=_captions(edit))
            case EditKind.SET_VOICE:
                voice = _voice(edit, self._choices.voices)
                self.film = replace(self.film, voice=voice.id, voice_name=voice.name)
            case EditKind.SET_MODEL:
                self._remodel(_model(edit, self._choices))
            case EditKind.ADD_SHOT:
                self._add(edit)
            case _:
                self._change(edit, _index(edit, self._plan))

    def _remodel(self, model: VideoModel) -> None:
        """Have another model make the film; lengths and shape become what it makes."""
        self._model = model
        before = self.film
        self.film = with_model(before, model)
        self._shots = [shot and _shot_with_model(shot, before, model) for shot in self._shots]

    def _reshape(self, ratio: str) -> None:
        if ratio != self.film.ratio:  # nothing was made in that shape
            self._shots = [shot and _in_another_shape(shot) for shot in self._shots]
        self.film = replace(self.film, ratio=ratio)

    def order(self) -> tuple[Shot, ...]:
        """The shots as they now follow each other. Raises `EditRefused` where they make no film."""
        order = _arranged(self._shots, self._added, self._moved)
        if not order:
            raise EditRefused(say("That would leave no shot at all; a film needs at least one."))
        if len(order) > MAX_SHOTS:
            raise EditRefused(
                say("A film has at most {most} shots; that would make {shots}.", most=MAX_SHOTS, shots=len(order))
            )
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
                    raise EditRefused(say("I need the new place for shot {shot}.", shot=index + 1))
                self._moved.append((index, edit.position))
            case EditKind.ANOTHER_TAKE | EditKind.USE_TAKE:
                self._take(edit, index, shot)
            case _:
                edited = _edited(shot, edit, index, self._model, self._choices, has_upload=self._has_upload)
                is_same = _picture(edited, self._model) == _picture(shot, self._model)
                self._shots[index] = edited if is_same else replace(edited, take=1)

    def _take(self, edit: EditDraft, index: int, shot: Shot) -> None:
        if _picture(shot, self._model) != _picture(self._plan.shots[index], self._model):
            return  # changed in the same breath: what is made of it is new anyway
        if edit.kind is EditKind.ANOTHER_TAKE:
            taken = another_take(self._plan, index + 1, self._choices.takes)
        elif edit.position is None:
            raise EditRefused(say("I need the number of the take for shot {shot}.", shot=index + 1))
        else:
            taken = chosen_take(self._plan, index + 1, edit.position, self._choices.takes)
        self._shots[index] = replace(shot, take=taken.shots[index].take)


def with_model(plan: Plan, model: VideoModel) -> Plan:
    """The same film made by another model, in the lengths and the shape that it makes. Version and changes stay."""
    return replace(
        plan,
        model=model.id,
        ratio=plan.ratio if plan.ratio in model.ratios else model.ratios[0],
        shots=tuple(_shot_with_model(shot, plan, model) for shot in plan.shots),
    )


def _shot_with_model(shot: Shot, plan: Plan, model: VideoModel) -> Shot:
    """Another model has made no take of it yet."""
    take = shot.take if model.id == plan.model else 1
    return replace(shot, duration=model.nearest_duration(shot.duration), take=take)


def _in_another_shape(shot: Shot) -> Shot:
    """No take and no picture of it has that shape."""
    if shot.start is ShotStart.STILL:
        shot = replace(shot, start=ShotStart.TEXT, still="")
    return replace(shot, take=1)


def _picture(shot: Shot, model: VideoModel) -> tuple[object, ...]:
    """Everything of a shot that decides its clip."""
    sound = shot.sound if model.native_audio else ""
    return shot.prompt, shot.camera, shot.duration, shot.start, shot.start_at, shot.still, sound


def _edited(shot: Shot, edit: EditDraft, index: int, model: VideoModel, choices: Choices, *, has_upload: bool) -> Shot:
    match edit.kind:
        case EditKind.SET_SHOT_TITLE:
            return replace(shot, title=shorten(_text(edit), 80))
        case EditKind.SET_PROMPT:
            return replace(shot, prompt=shorten(_text(edit), 900))
        case EditKind.SET_CAMERA:
            return replace(shot, camera=shorten(_text(edit), 120))
        case EditKind.SET_NARRATION:
            return replace(shot, narration=shorten(clean(edit.text or ""), 400))
        case EditKind.SET_SOUND:
            return replace(shot, sound=shorten(clean(edit.text or ""), 200))
        case EditKind.SET_DURATION:
            if edit.duration is None or edit.duration < 1:
                raise EditRefused(say("I need a length in seconds for shot {shot}.", shot=index + 1))
            return replace(shot, duration=model.nearest_duration(edit.duration))
        case EditKind.SET_START:
            return _started(shot, edit, index, choices.stills.get(index + 1, ""), has_upload=has_upload)
    raise AssertionError(edit.kind)


def _started(shot: Shot, edit: EditDraft, index: int, still: str, *, has_upload: bool) -> Shot:
    if edit.start is None:
        raise EditRefused(say("A shot starts from its text, from the shot before, or from your video."))
    start = ShotStart(edit.start)
    if start is ShotStart.PREVIOUS and index == 0:
        raise EditRefused(say("The first shot has no shot before it to continue from."))
    if start is ShotStart.UPLOAD and not has_upload:
        raise EditRefused(say("There is no uploaded video in this film to take a picture from."))
    if start is ShotStart.STILL and not still:
        raise EditRefused(
            say(
                "No picture of shot {shot} is drawn as it stands; press **Storyboard** on the plan card first.",
                shot=index + 1,
            )
        )
    return replace(
        shot,
        start=start,
        start_at=0.0 if start is ShotStart.UPLOAD else None,
        still=still if start is ShotStart.STILL else "",
    )


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
        last = len(plan.shots)
        if edit.shot is None:
            raise EditRefused(say("The plan has shots 1 to {last}, and the change named no number.", last=last))
        raise EditRefused(
            say("The plan has shots 1 to {last}, and the change named shot {shot}.", last=last, shot=edit.shot)
        )
    return edit.shot - 1


def _text(edit: EditDraft) -> str:
    words = clean(edit.text or "")
    if not words:
        raise EditRefused(say("The change came without its words. Say it once more, please."))
    return words


def _ratio(edit: EditDraft, model: VideoModel) -> str:
    ratio = (edit.text or "").strip()
    if ratio not in model.ratios:
        raise EditRefused(
            say("{label} makes {ratios}, and no other shape.", label=model.label, ratios=", ".join(model.ratios))
        )
    return ratio


def _captions(edit: EditDraft) -> Captions:
    try:
        return Captions((edit.text or "").strip().lower())
    except ValueError:
        raise EditRefused(
            say("Captions are off, soft (switched on in the player) or burnt into the picture.")
        ) from None


def _voice(edit: EditDraft, voices: Sequence[Voice]) -> Voice:
    wanted = _text(edit).casefold()
    for voice in voices:
        if wanted in {voice.id.casefold(), voice.name.casefold()} or voice.name.casefold().startswith(wanted):
            return voice
    if not voices:
        raise EditRefused(say("There is no voice to choose here: no voice service is set up, or it does not answer."))
    names = ", ".join(voice.name for voice in voices[:6])
    raise EditRefused(
        say("I know no voice called “{name}”. Some that I know: {names}.", name=shorten(_text(edit), 40), names=names)
    )


def _model(edit: EditDraft, choices: Choices) -> VideoModel:
    wanted = _text(edit).casefold()
    for model in choices.models:
        if wanted in {model.id.casefold(), model.label.casefold()}:
            return model
    if (heir := choices.heir_of(_text(edit))) is not None:
        raise EditRefused(
            say(
                "“{name}” was switched off. {heir} took over, at {price} a second: say “use {heir}” if you want it.",
                name=shorten(_text(edit), 40),
                heir=heir.label,
                price=dollars(heir.price_per_second_microusd),
            )
        )
    offered = ", ".join(model.label for model in choices.models)
    name = shorten(_text(edit), 40)
    if not offered:
        raise EditRefused(say("“{name}” is not a model I can use here. I have none.", name=name))
    raise EditRefused(say("“{name}” is not a model I can use here. I have {models}.", name=name, models=offered))
