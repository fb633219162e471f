"""Changes written into whatever shape a schema gives its edits: one flat object, or a union told apart by a word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.providers.brief import Brief, summary_in
from sandbox.providers.changes import Change, Op, asks_how_many, duration_in, is_question, missing_in, targets_in
from sandbox.providers.documents import as_list, as_number, as_text, either
from sandbox.providers.schemas import Schema, objects_in
from sandbox.providers.story import CAMERAS, capital, title_of

#: Changes that aim at no shot.
OF_THE_FILM = frozenset({Op.MUSIC, Op.RATIO, Op.CAPTIONS, Op.VOICE, Op.MODEL, Op.UNDO})
_KINDS = ("kind", "op", "operation", "action", "type", "edit", "change")
#: Words that an edit's name has in each case, best first; and words that rule it out.
_MEANS: dict[Op, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Op.DURATION: (("duration", "length", "retime", "seconds", "time"), ("title", "prompt")),
    Op.PROMPT: (("prompt", "rewrite", "describe", "description", "picture"), ("title",)),
    Op.TITLE: (("shot_title", "rename_shot", "title", "rename"), ("film", "plan", "project")),
    Op.FILM_TITLE: (("film_title", "plan_title", "rename_film", "title", "rename"), ("shot",)),
    Op.CAMERA: (("camera",), ()),
    Op.NARRATION: (("narration", "voice", "say", "line"), ("set_voice",)),
    Op.MUSIC: (("music", "soundtrack", "score"), ()),
    Op.SOUND: (("sound", "noise", "effect"), ("soundtrack",)),
    Op.CAPTIONS: (("caption", "subtitle"), ()),
    Op.VOICE: (("voice", "narrator", "speaker"), ("over",)),
    Op.MODEL: (("model",), ()),
    Op.START: (("start", "begin", "first_frame"), ("restart",)),
    Op.ADD: (("add", "insert", "append", "new"), ("remove",)),
    Op.REMOVE: (("remove", "delete", "drop", "cut"), ("add",)),
    Op.MOVE: (("move", "reorder", "swap"), ("camera",)),
    Op.ANOTHER_TAKE: (("another_take", "new_take", "retake", "reroll"), ()),
    Op.USE_TAKE: (("use_take", "choose_take", "take"), ("another", "new", "retake")),
    Op.UNDO: (("undo", "revert"), ()),
    Op.RATIO: (("ratio", "aspect", "orientation", "format"), ("shot", "duration", "narration")),
}
#: Names of one edit that takes any field of a shot.
_GENERAL = re.compile(r"^(?:change|edit|update|modify|replace|set|revise)(?:_?shot)?$", re.IGNORECASE)


def edits_of(items: Schema, changes: Sequence[Change], brief: Brief) -> list[object]:
    """The changes that the schema has words for, in its words."""
    written: list[object] = []
    for change in changes:
        if change.op is Op.DURATION and change.seconds == duration_in(brief.shots[change.shot - 1]):
            continue  # it lasts that long already
        written += _written(items, change, brief)
    return written


def looks_like_edits(items: Schema) -> bool:
    """Whether these are items that change something: told apart by a word that is one of ours, or aimed at a shot."""
    return any(kind_field(shape) is not None or "shot" in shape.properties for shape in objects_in(items))


def takes_ratio(items: Schema) -> bool:
    """Whether an edit can change the film's format."""
    fields = [(shape, kind_field(shape)) for shape in objects_in(items)]
    return any(_means(choice, Op.RATIO) for shape, name in fields if name for choice in shape.properties[name].choices)


def kind_field(shape: Schema) -> str | None:
    for name in _KINDS:
        field = shape.properties.get(name)
        if field is not None and any(_means(choice, op) for choice in field.choices for op in Op):
            return name
    return None


def _means(choice: object, op: Op) -> int:
    """How well an edit's name fits; 0 is not at all."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|[\s-]+", "_", as_text(choice)).lower()
    words, not_with = _MEANS[op]
    if any(word in name for word in not_with):
        return 0
    return next((len(words) - n + (1 if name == op.value else 0) for n, word in enumerate(words) if word in name), 0)


def _written(items: Schema, change: Change, brief: Brief) -> list[object]:
    best: tuple[int, Schema, str, object] | None = None
    for shape in objects_in(items):
        field = kind_field(shape)
        if field is None:
            if change.op not in OF_THE_FILM:
                return [_filled(shape, change, brief, {})]
            continue
        for choice in shape.properties[field].choices:
            score = _means(choice, change.op)
            if (
                score == 0
                and _GENERAL.match(as_text(choice))
                and change.op not in {Op.ADD, Op.REMOVE, Op.MOVE} | OF_THE_FILM
            ):
                score = 1
            if score and (best is None or score > best[0]):
                best = (score, shape, field, choice)
    if best is not None:
        return [_filled(best[1], change, brief, {best[2]: best[3]})]
    if change.op is Op.MUSIC and not change.text:  # nothing for music itself: it is the prompts' matter
        asked = [
            Change(op=Op.PROMPT, shot=n, text=f"{as_text(shot.get('prompt')).rstrip('. ')}, without music")
            for n, shot in enumerate(brief.shots, start=1)
        ]
        return [edit for each in asked for edit in _written(items, each, brief)]
    return []


def _filled(shape: Schema, change: Change, brief: Brief, given: dict[str, object]) -> dict[str, object]:
    edit: dict[str, object] = {}
    for name, field in shape.properties.items():
        if name in given:
            edit[name] = given[name]
            continue
        value = _value(name, field, change, brief)
        if value is None and not field.is_nullable:
            if name not in shape.required:
                continue
            value = _nothing(field)
        edit[name] = value
    return edit


def _value(name: str, field: Schema, change: Change, brief: Brief) -> object:
    """What a field of an edit says of a change; `None` where it has nothing to do with it."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if field.type == "object" and change.op is Op.ADD:  # the new shot as a whole
        return {inner: _value(inner, shape, change, brief) for inner, shape in field.properties.items()}
    if re.fullmatch(r"(?:new_)?(?:position|to|destination|to_position|at|target|place|index_to|to_shot)", plain):
        return _position(field, change.to) if change.to is not None else None
    if re.fullmatch(r"(?:insert_)?after(?:_shot)?", plain):
        return _number(field, change.to - 1) if change.to is not None else None
    if re.fullmatch(r"(?:insert_)?before(?:_shot)?", plain):
        return _number(field, change.to) if change.to is not None else None
    if re.fullmatch(r"(?:shot|scene|clip|number|index|from|shot_?(?:number|index|id|no)|target_shot|id)", plain):
        return _shot(field, change, brief)
    if re.search(r"duration|seconds|length", plain):
        return (
            field.clamped(change.seconds)
            if change.seconds is not None and field.type in {"integer", "number"}
            else None
        )
    if field.type not in {"string", "union"}:
        return None
    return _text(plain, field, change, brief)


def _text(plain: str, field: Schema, change: Change, brief: Brief) -> str | None:
    if plain in {"text", "value", "to_text", "new_text", "content", "words"}:
        told = change.op not in {Op.DURATION, Op.REMOVE, Op.MOVE, Op.START, Op.ANOTHER_TAKE, Op.USE_TAKE, Op.UNDO}
        return field.cut(_added(change, brief)["prompt"] if change.op is Op.ADD else change.text) if told else None
    if change.op is Op.ADD:
        known = next((value for key, value in _added(change, brief).items() if key in plain), None)
        return _chosen(field, known) if known is not None else None
    fields = {
        Op.PROMPT: "prompt|description|picture",
        Op.TITLE: "title|name",
        Op.FILM_TITLE: "title|name",
        Op.CAMERA: "camera",
        Op.NARRATION: "narration|voice|line",
        Op.MUSIC: "music|sound",
        Op.SOUND: "sound",
        Op.CAPTIONS: "caption",
        Op.VOICE: "voice",
        Op.MODEL: "model",
        Op.START: "start|begin|source",
        Op.RATIO: "ratio|aspect|orientation|format",
    }
    wanted = fields.get(change.op)
    return _chosen(field, change.text) if wanted and re.search(wanted, plain) else None


def _chosen(field: Schema, text: str) -> str | None:
    if field.choices:
        return next((as_text(choice) for choice in field.choices if choice == text), None)
    return field.cut(text)


def _added(change: Change, brief: Brief) -> dict[str, str]:
    what = capital(change.text.rstrip(". "))
    return {
        "prompt": f"{what}, in the same world and light as the rest of the film.",
        "title": title_of(change.text),
        "camera": CAMERAS[len(brief.shots) % len(CAMERAS)],
    }


def _shot(field: Schema, change: Change, brief: Brief) -> object:
    """The shot as the plan itself names it: by its id where those are words, by its number, else by position from 1."""
    at = change.shot or (change.to if change.op is Op.ADD else None)
    if not at:
        return None
    shots = brief.shots
    row = shots[at - 1] if at <= len(shots) else {}
    if field.type == "string":
        return as_text(either(row, "id", "shot_id")) or str(at)
    number = as_number(either(row, "number", "shot", "index", "position"))
    return field.clamped(number if number is not None and change.op is not Op.ADD else at)


def _position(field: Schema, position: int | None) -> object:
    return _number(field, position) if position is not None else None


def _number(field: Schema, number: int) -> object:
    return str(number) if field.type == "string" else field.clamped(number)


def _nothing(field: Schema) -> object:
    """The emptiest value that a field which must be there may have."""
    if field.choices:
        return field.choices[0]
    empty: dict[str, object] = {"string": "", "boolean": False, "array": [], "object": {}}
    return empty[field.type] if field.type in empty else field.clamped(0)


def reply_to(brief: Brief, changes: Sequence[Change]) -> str:
    """What one says to a wish or a question, from the plan at hand."""
    if changes:
        said = list(dict.fromkeys(change.said for change in changes if change.said))
        spread = len(said) > 3 and len({change.op for change in changes}) == 1
        if spread:
            shots = len({change.shot for change in changes})
            phrase = re.sub(r"\bshot \d+ (?:is|now lasts|now)\b ?", "", said[0]).strip() or said[0]
            return f"Done: all {shots} shots, {phrase}."
        missing = f" {_missing(brief)}" if missing_in(brief.words, brief) else ""
        return f"Done: {_joined(_pronouns(said))}.{missing}"
    if not brief.shots and summary_in(brief):
        return _seen(brief)
    if is_question(brief.words):
        return _told(brief)
    if brief.shots and missing_in(brief.words, brief):
        return f"{_missing(brief)} I left it as it is."
    if brief.shots and asks_how_many(brief.words):
        return "I add and remove shots one by one: tell me what a new shot shows, or which shot to remove."
    if not brief.shots:
        return f"Noted: {brief.words.strip()[:200] or 'I am listening'}."
    return "I left the plan as it is: tell me which shot to change and how, for instance “make shot 2 shorter”."


def _seen(brief: Brief) -> str:
    """What one says to a question about a film that was looked at before, from what was told of it."""
    asks = brief.words.lower()
    about = "look" if re.search(r"colou?r|light|look|style|bright|dark", asks) else "summary"
    about = "sound" if re.search(r"hear|sound|music|voice|say|said|noise", asks) else about
    return f"From what was seen of it: {as_text(brief.find(about)) or summary_in(brief)}"


def _missing(brief: Brief) -> str:
    which = _joined([str(number) for number in missing_in(brief.words, brief)])
    return f"There is no shot {which}: the plan has shots 1 to {len(brief.shots)}."


def _pronouns(said: list[str]) -> list[str]:
    """A shot that was just named is "it"."""
    spoken: list[str] = []
    before = None
    for text in said:
        named = re.match(r"shot \d+(?= )", text)
        name = named[0] if named else None
        spoken.append(text.replace(name, "it", 1) if name and name == before else text)
        before = name
    return spoken


def _told(brief: Brief) -> str:
    shots = brief.shots
    named = targets_in(brief.words, brief) or []
    if (made := _made(brief, named)) is not None:
        return made
    if len(named) in {1, 2}:
        return " ".join(_about(n, shots[n - 1]) for n in named)
    if re.search(r"\b(?:how\s+long|length|duration|seconds)\b", brief.words, re.IGNORECASE) and shots:
        total = sum(map(duration_in, shots))
        return f"The film lasts {total:g} seconds over {len(shots)} shots."
    if re.search(r"\bhow\s+many\b", brief.words, re.IGNORECASE) and shots:
        return f"There are {len(shots)} shots."
    if not shots:
        return f"You asked: {brief.words.strip()[:200]} I have no plan in front of me yet."
    title = as_text(brief.plan.get("title")) or "The film"
    names = _joined([f"{n}. {as_text(shot.get('title')) or 'untitled'}" for n, shot in enumerate(shots, start=1)])
    logline = as_text(brief.plan.get("logline"))
    return f"“{title}” has {len(shots)} shots: {names}. {logline}".strip()


def _made(brief: Brief, named: Sequence[int]) -> str | None:
    """What became of an order, from the context that tells it; `None` where nobody asks, or none was made."""
    if not re.search(
        r"\b(?:fail\w*|happened|wrong|held|waiting|made|charged|cost|progress)\b", brief.words, re.IGNORECASE
    ):
        return None
    made = brief.find("production")
    if not isinstance(made, dict):
        return None
    told = [each for each in as_list(made.get("shots")) if isinstance(each, dict)]
    told = [each for each in told if not named or as_number(each.get("number")) in named]
    lines = []
    for each in told:
        why = f": {as_text(each['why'])}" if each.get("why") else ""
        lines.append(f"Shot {each.get('number')} is {as_text(each.get('state'))}{why}")
    if not named:
        why = f": {as_text(made['why'])}" if made.get("why") else ""
        lines.insert(0, f"The film is {as_text(made.get('state'))}{why}")
        if made.get("charged"):
            lines.insert(1, f"It was charged {as_text(made['charged'])}")
    return " ".join(f"{line.rstrip('. ')}." for line in lines) or None


def _about(number: int, shot: dict[str, object]) -> str:
    title = as_text(shot.get("title"))
    camera = as_text(shot.get("camera"))
    heading = f"Shot {number}, “{title}”" if title else f"Shot {number}"
    moves = f"; camera: {camera}" if camera else ""
    return f"{heading}, lasts {duration_in(shot):g} seconds: {as_text(shot.get('prompt')).rstrip('. ')}{moves}."


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
