"""What a person asks to be changed in a plan, read from their words alone; and what one says to that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.providers.brief import Brief, number_in
from sandbox.providers.documents import as_list, as_number, as_text, either
from sandbox.providers.policy import VIDEO_REFUSES


class Op(StrEnum):
    DURATION = "set_duration"
    PROMPT = "set_prompt"
    TITLE = "set_title"
    FILM_TITLE = "set_film_title"
    CAMERA = "set_camera"
    NARRATION = "set_narration"
    MUSIC = "set_music"
    SOUND = "set_sound"
    CAPTIONS = "set_captions"
    VOICE = "set_voice"
    MODEL = "set_model"
    START = "set_start"
    ADD = "add_shot"
    REMOVE = "remove_shot"
    MOVE = "move_shot"
    RATIO = "set_ratio"
    ANOTHER_TAKE = "another_take"
    USE_TAKE = "use_take"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `shot` is a position from 1, 0 for the film; `to` the position of an added or moved shot, or a take.

    `said` is the change in a few words, for the reply.
    """

    op: Op
    shot: int = 0
    seconds: float | None = None
    text: str = ""
    to: int | None = None
    said: str = ""


_ORDINAL = r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|opening|last|final|closing"
_COUNT = r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_PLACE = "(?:shot|scene|clip|part)"
TARGET = re.compile(
    rf"\b(?:the\s+)?(?:{_PLACE}s\s+(?P<many>(?:{_COUNT})(?:(?:\s*,\s*|\s*&\s*|\s+and\s+)+(?:{_COUNT}))+)"
    rf"|{_PLACE}\s*#?\s*(?P<count>{_COUNT})|(?P<ordinal>{_ORDINAL})\s+(?:{_PLACE}|one)"
    rf"|(?P<all>(?:all|every|each)(?:\s+(?:of\s+)?(?:the\s+)?{_PLACE}s?)?|everything"
    r"|the\s+whole\s+(?:film|thing|video)|the\s+(?:film|movie|video)))\b",
    re.IGNORECASE,
)
_SECONDS = re.compile(
    r"\b(?P<number>\d+(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)[\s-]*(?:seconds?|secs?|s)\b",
    re.IGNORECASE,
)
_POLICY = re.compile(r"\bcontent policy refused\b", re.IGNORECASE)
_POLITE = re.compile(
    r"^\s*(?:(?:please|also|then|ok|okay|hey|hi|and|now|maybe|let'?s)[\s,]+|(?:can|could|would|will)\s+(?:you|we)\s+"
    r"|i(?:'d| would)?\s*(?:like|want)\s+(?:you\s+)?(?:to\s+)?)+",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^\s*(?:what|who|whom|why|how|which|when|where|is|are|was|were|does|do|did|has|have|tell\s+me|explain"
    r"|describe\s+shot)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:make|set|change|turn|remove|delete|drop|add|insert|move|swap|rename|retitle|call|replace|shorten|lengthen|extend|trim|cut|give|put|let|use|slow|speed|re-?roll|re-?take|re-?shoot)\b",
    re.IGNORECASE,
)
_STYLE_LEAD = re.compile(
    r"^(?:(?:make|set|put|turn|have|let|give|change|keep|use|render|shoot|film|place|move)\b\s*)?(?:\b(?:it|them|this|that|both)\b\s*)?(?:\b(?:be|happen|look|feel|take\s+place|play|look\s+like)\b\s*)?",
    re.IGNORECASE,
)
#: A phrase that can stand alone as a wish: "at night", "in black and white", "more dramatic", "with fireflies".
_SETTING = re.compile(
    r"^(?:at|in|on|under|during|with|without|as|more|less|much|slower|faster|night|no)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"“”‘']([^\"“”]+?)[\"“”’']\s*$")
#: What a wish may begin with: after an "and" or a comma, the next one starts there.
_BEGINS = (
    r"make|set|change|turn|remove|delete|drop|add|insert|move|rename|retitle|call|replace|shorten|lengthen|extend|trim"
    rf"|give|put|let|use|slow|speed|{_PLACE}\s*\d|the\s+(?:{_ORDINAL}|film|title|camera|narrat\w+)\b|in\s|at\s|it\b"
    r"|with(?:out)?\b|have|no\s|shorter\b|longer\b|slower\b|faster\b"
)
#: A clause that names a shot and wants nothing of it yet.
_BARE = re.compile(rf"^(?:(?:make|set|put|turn|let|have|give)\s+)?(?:the\s+)?{_PLACE}s?\s*\d+$", re.IGNORECASE)
#: A wish for another shape of the picture, and one for another number of shots.
_RATIO = re.compile(
    r"^(?:(?:make|turn|switch|change|set|render|film|shoot|use|put|do|have|go)\b.*?\b)?(?:"
    r"(?P<tall>portrait|vertical|upright|9\s*[:x]\s*16)|(?P<wide>landscape|horizontal|wide-?screen|16\s*[:x]\s*9)"
    r"|(?P<square>square|1\s*[:x]\s*1))(?:\s+(?:format|mode|orientation|video|film|shape|ratio|please|instead))*$",
    re.IGNORECASE,
)
_RATIOS = {"tall": ("9:16", "upright"), "wide": ("16:9", "wide"), "square": ("1:1", "square")}
_HOW_MANY = re.compile(
    rf"^(?:(?:make|have|give|use|want|need|turn|cut|split|tell)\b.*?\b)?(?:{_COUNT})\s+(?:\w+\s+)?{_PLACE}s\b"
    r"(?:\s+(?:long|in\s+all|please|instead))*$",
    re.IGNORECASE,
)
_ANOTHER_TAKE = re.compile(
    r"\b(?:another|one\s+more|a\s+new|a\s+different|a\s+fresh)\s+take\b|\bre-?(?:roll|take|shoot)\b", re.IGNORECASE
)
_UNDO = re.compile(
    r"^(?:undo|redo|revert|(?:take|put|change)\s+(?:that|it|the\s+last\s+change)\s+back|go\s+back\s+to\s+the\s+last)\b",
    re.IGNORECASE,
)
_SOURCES = {"previous": "the end of the shot before", "upload": "your video", "text": "its words"}
#: How much a shot is shortened or lengthened where nobody says by how much.
SHORTER, LONGER = 2 / 3, 1.5


def is_question(words: str) -> bool:
    """Whether the words only want to know something."""
    plain = _POLITE.sub("", words.strip())
    if _QUESTION.match(plain):
        return True
    return words.strip().endswith("?") and not _ASKS.search(plain)


def asks_how_many(words: str) -> bool:
    """Whether the words want another number of shots, without saying which."""
    return any(_HOW_MANY.match(_POLITE.sub("", clause)) for clause in _clauses(words))


def changes_in(brief: Brief) -> list[Change]:
    """What the words ask for, clause by clause; none for a question."""
    if is_question(brief.words):
        return []
    if asks_for_safe_words(brief):
        return _softened(brief)
    changes: list[Change] = []
    targets: list[int] | None = []
    for clause in _clauses(brief.words):
        named = targets_in(clause, brief)
        targets = named if named is not None else targets
        if named == []:
            targets = None  # a shot that does not exist: nothing is meant for another one, until one is named
        if targets is None:
            continue
        changes += _clause_changes(clause, named, targets, brief)
    return _merged(changes)


def asks_for_safe_words(brief: Brief) -> bool:
    return _POLICY.search(brief.words) is not None


def softened(words: str) -> str:
    """Without what a policy refuses."""
    return " ".join(VIDEO_REFUSES.sub("", words).split())


def _softened(brief: Brief) -> list[Change]:
    """What a policy refuses taken out of the shots that are named; nothing where no words would be left."""
    changes = []
    for number in targets_in(brief.words, brief) or ():
        said = as_text(brief.shots[number - 1].get("prompt"))
        words = softened(said)
        if words and words != said:
            changes.append(Change(op=Op.PROMPT, shot=number, text=words, said=f"gave shot {number} safer words"))
    return changes


def _clauses(words: str) -> list[str]:
    swap = re.search(
        rf"\bswap\b.*?\b({_COUNT}|{_ORDINAL})\b.*?\band\b.*?\b({_COUNT}|{_ORDINAL})\b", words, re.IGNORECASE
    )
    if swap:  # its "and" joins two shots, not two wishes
        return [words]
    begins = rf"(?=(?:{_BEGINS}))"
    joints = (
        r"[.;!\n]+\s+",
        rf"\s*,\s*(?:and\s+|then\s+)?{begins}",
        rf"\s+(?:and|but)\s+(?:then\s+)?{begins}",
        r"\s+then\s+",
    )
    split = re.split("|".join(joints), words.strip(), flags=re.IGNORECASE)
    clauses: list[str] = []
    for part in split:
        clause = (part or "").strip(" .,!;")
        if clauses and _BARE.match(clauses[-1]):  # "make shot 2 | and shot 3 darker" is one wish
            clauses[-1] = f"{clauses[-1]} and {clause}"
        elif clause:
            clauses.append(clause)
    return clauses


def targets_in(clause: str, brief: Brief) -> list[int] | None:
    """The positions a clause names that there are, `None` where it names none."""
    found = _named(clause, brief)
    return [n for n in found if 1 <= n <= len(brief.shots)] if found else None


def missing_in(words: str, brief: Brief) -> list[int]:
    """The positions that words name and that there are not."""
    return [n for n in _named(words, brief) if not 1 <= n <= len(brief.shots)]


def _named(clause: str, brief: Brief) -> list[int]:
    count = len(brief.shots)
    found: list[int] = []
    for match in TARGET.finditer(clause):
        if match["all"]:
            found += range(1, count + 1)
        elif match["many"]:
            numbers = map(number_in, re.findall(rf"\b(?:{_COUNT})\b", match["many"], re.IGNORECASE))
            found += [int(number) for number in numbers if number is not None]
        elif match["ordinal"] and match["ordinal"].lower() in {"last", "final", "closing"}:
            found.append(count)
        else:
            number = number_in(match["count"] or match["ordinal"])
            if number is not None:
                found.append(int(number))
    return list(dict.fromkeys(found))


def _clause_changes(clause: str, named: list[int] | None, targets: list[int], brief: Brief) -> list[Change]:
    clause = _POLITE.sub("", clause)
    everything = list(range(1, len(brief.shots) + 1))
    for read in (_undo, _takes, _shape, _model, _structure, _names, _captions, _speaker, _sound, _noises, _starts):
        found = read(clause, named, targets, brief)
        if found is not None:
            return found
    aimed = targets or everything
    lengths = _lengths(clause, aimed, brief)
    if lengths or not (named or _ASKS.search(clause) or _SETTING.search(clause)):
        return lengths
    return _looks(clause, aimed, brief)


def _undo(clause: str, _named: list[int] | None, _targets: list[int], _brief: Brief) -> list[Change] | None:
    """The plan as it was before its last change: "undo", "take that back"."""
    if not _UNDO.match(clause):
        return None
    return [Change(op=Op.UNDO, said="the last change is taken back")]


def _takes(clause: str, named: list[int] | None, targets: list[int], _brief: Brief) -> list[Change] | None:
    """The same shot once more, or one of its takes: "another take of shot 2", "back to take 1 of shot 2"."""
    aimed = named or targets
    if _ANOTHER_TAKE.search(clause):
        return [Change(op=Op.ANOTHER_TAKE, shot=n, said=f"shot {n} is taken once more") for n in aimed]
    take = re.search(rf"\btake\s+(?:number\s+)?#?({_COUNT})\b", clause, re.IGNORECASE)
    number = number_in(take[1]) if take else None
    if number is None:
        return None
    return [Change(op=Op.USE_TAKE, shot=n, to=int(number), said=f"shot {n} uses take {number:g}") for n in aimed]


def _shape(clause: str, named: list[int] | None, _targets: list[int], _brief: Brief) -> list[Change] | None:
    """The film's format; and a number of shots, which says nothing of what to show or to leave out."""
    everything = re.search(r"\b(?:it|this|everything|(?:film|movie|video|whole\s+thing))\b", clause, re.IGNORECASE)
    if named and not everything:
        return None
    if wish := _RATIO.match(re.sub(r"[\s,]*\bplease\b", "", clause, flags=re.IGNORECASE).strip()):
        ratio, word = _RATIOS[wish.lastgroup or "wide"]
        return [Change(op=Op.RATIO, text=ratio, said=f"the film is {word} now, {ratio}")]
    return [] if _HOW_MANY.match(clause) else None


def _structure(clause: str, named: list[int] | None, targets: list[int], brief: Brief) -> list[Change] | None:
    """Shots that come, go, or change places."""
    count = len(brief.shots)
    if re.match(
        r"^(?:remove|delete|drop|lose|skip|cut(?!.*\bto\b)|get\s+rid\s+of|leave\s+out)\b", clause, re.IGNORECASE
    ) and not re.search(r"\b(music|narrat\w+|voice\w*|sound)\b", clause, re.IGNORECASE):
        return [Change(op=Op.REMOVE, shot=n, said=f"shot {n} is gone") for n in (named or targets)]
    added = re.match(
        rf"^(?:add|insert|append|include)\s+(?:a|an|another|one\s+more|one)?\s*(?:\w+\s+){{0,2}}?{_PLACE}\b\s*(?:of|where|with|showing|in\s+which|that\s+shows)?\s*(?P<what>.+)$",
        clause,
        re.IGNORECASE,
    )
    if added and not re.match(r"\d", added["what"]):
        what, to = _placed(added["what"], brief)
        return [Change(op=Op.ADD, to=to, text=what, seconds=brief.allowed(4), said=f"a new shot {to} shows {what}")]
    swap = re.match(
        rf"^swap\b.*?\b({_COUNT}|{_ORDINAL})\b.*?\band\b.*?\b({_COUNT}|{_ORDINAL})\b", clause, re.IGNORECASE
    )
    if swap:
        first, second = sorted(int(number_in(word) or count) for word in swap.groups())
        if first == second or not 1 <= first < second <= count:
            return []
        # Both numbers are those the person sees, before any move.
        moved = [Change(op=Op.MOVE, shot=second, to=first, said=f"shots {first} and {second} have changed places")]
        return moved if second - first == 1 else [*moved, Change(op=Op.MOVE, shot=first, to=second)]
    if re.match(r"^(?:move|put|bring)\b", clause, re.IGNORECASE) and named:
        place = _destination(clause, named, count)
        if place is not None:
            return [Change(op=Op.MOVE, shot=named[0], to=place, said=f"shot {named[0]} is now number {place}")]
    return None


def _placed(what: str, brief: Brief) -> tuple[str, int]:
    """What an added shot shows, and its position: at the end where nothing else is said."""
    count = len(brief.shots)
    place = re.search(
        rf"[\s,]*\b(?P<side>after|before)\s+(?:the\s+)?(?:{_PLACE}\s*#?\s*)?(?P<number>{_COUNT}|{_ORDINAL})"
        rf"(?:\s+{_PLACE})?\b",
        what,
        re.IGNORECASE,
    )
    if place:
        number = number_in(place["number"])
        at = int(number) if number else count
        return what[: place.start()].strip(" ,") or what, at + (place["side"].lower() == "after")
    edge = re.search(r"[\s,]*\b(?:at|to|in)\s+the\s+(?P<edge>beginning|start|front|end)\b", what, re.IGNORECASE)
    if edge:
        return what[: edge.start()].strip(" ,") or what, count + 1 if edge["edge"].lower() == "end" else 1
    return what.strip(" ,"), count + 1


def _destination(clause: str, named: list[int], count: int) -> int | None:
    if re.search(r"\bto\s+the\s+(?:start|beginning|front)\b|\bfirst\s*$", clause, re.IGNORECASE):
        return 1
    if re.search(r"\bto\s+the\s+end\b|\blast\s*$", clause, re.IGNORECASE):
        return count
    side = re.search(r"\b(before|after)\b", clause, re.IGNORECASE)
    if side and len(named) > 1:
        other = named[1] if named[1] < named[0] else named[1] - 1  # the others close up first
        return other if side[1].lower() == "before" else other + 1
    position = re.search(rf"\bto\s+(?:position\s+|place\s+|number\s+)?({_COUNT})\b", clause, re.IGNORECASE)
    number = number_in(position[1]) if position else None
    return int(number) if number else None


def _names(clause: str, named: list[int] | None, _targets: list[int], _brief: Brief) -> list[Change] | None:
    match = re.match(
        r"^(?:rename|retitle|call|title|name|(?:set|change|make)\s+the\s+title(?:\s+of)?)\b(?P<rest>.*)$",
        clause,
        re.IGNORECASE,
    )
    if match is None:
        return None
    rest = TARGET.sub("", match["rest"]) if named or TARGET.search(match["rest"]) else match["rest"]
    rest = re.sub(
        r"^\s*(?:the\s+)?(?:film|movie|video|it|title)?\s*(?:to|as|into|:)?\s*", "", rest, flags=re.IGNORECASE
    )
    quoted = _QUOTED.search(rest)
    title = (quoted[1] if quoted else rest).strip(" \"'“”")
    if not title:
        return []
    shots = [n for n in named or [] if len(named or []) == 1]
    if shots:
        return [Change(op=Op.TITLE, shot=shots[0], text=title, said=f"shot {shots[0]} is called “{title}”")]
    return [Change(op=Op.FILM_TITLE, text=title, said=f"the film is called “{title}”")]


def _named_in(clause: str, names: Sequence[str]) -> str | None:
    """The longest of these names that a clause holds."""
    held = [name for name in names if name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", clause, re.IGNORECASE)]
    return max(held, key=len, default=None)


def _model(clause: str, _named: list[int] | None, _targets: list[int], brief: Brief) -> list[Change] | None:
    """Another model for the film, of those that the context lists."""
    if not re.match(r"^(?:use|make|render|shoot|film|switch|change|do|take|with)\b", clause, re.IGNORECASE):
        return None
    offered = [as_text(name) for name in as_list(brief.find("other_models"))]
    model = _named_in(clause, offered)
    if model is None and offered and (unknown := re.search(r"\b(?:veo|gen)[\s-]?\d[\w.]*", clause, re.IGNORECASE)):
        model = unknown[0]  # a name that people know, and that is on no list: the product says what it is worth
    return [Change(op=Op.MODEL, text=model, said=f"{model} makes the film now")] if model else None


def _captions(clause: str, _named: list[int] | None, _targets: list[int], _brief: Brief) -> list[Change] | None:
    if not re.search(r"\b(?:captions?|subtitles?)\b", clause, re.IGNORECASE):
        return None
    how = "soft"
    if re.search(r"\b(?:burnt|burn|burned|into\s+the\s+picture|hard)\b", clause, re.IGNORECASE):
        how = "burnt"
    elif re.search(r"\b(?:no|without|off|remove|drop|delete)\b", clause, re.IGNORECASE):
        how = "off"
    return [Change(op=Op.CAPTIONS, text=how, said=f"captions are {how}")]


def _speaker(clause: str, _named: list[int] | None, _targets: list[int], brief: Brief) -> list[Change] | None:
    """Another voice, of those that the context lists as "name: labels"."""
    names = [as_text(voice).partition(":")[0] for voice in as_list(brief.find("voices"))]
    # People say first names; lists have them before a dash.
    shorts = {name.split(" - ")[0].strip(): name for name in names}
    said = _named_in(clause, [*names, *shorts])
    if said is None or not re.search(r"\b(?:voice|narrat\w+|speak\w*|read\w*|say\w*|use)\b", clause, re.IGNORECASE):
        return None
    voice = shorts.get(said, said)
    return [Change(op=Op.VOICE, text=voice, said=f"{voice} narrates now")]


def _noises(clause: str, named: list[int] | None, targets: list[int], _brief: Brief) -> list[Change] | None:
    """What is heard in a shot: "add the sound of rain to shot 2"."""
    if not re.search(r"\bsounds?\b", clause, re.IGNORECASE) or not (named or targets):
        return None
    if re.search(r"\b(?:without|no|remove|drop|lose|delete|mute)\b", clause, re.IGNORECASE):
        return [Change(op=Op.SOUND, shot=n, said=f"shot {n} is silent") for n in named or targets]
    of = re.search(r"\bsounds?\s+of\s+(?P<what>.+)$", TARGET.sub("", clause), re.IGNORECASE)
    what = re.sub(r"\s+(?:to|in|for|of|under|over)\s*$", "", of["what"].strip()) if of else ""
    if not what:
        return None
    return [Change(op=Op.SOUND, shot=n, text=what, said=f"shot {n} sounds of {what}") for n in named or targets]


def _sound(clause: str, named: list[int] | None, targets: list[int], brief: Brief) -> list[Change] | None:
    everything = list(range(1, len(brief.shots) + 1))
    silent = re.search(r"\b(?:without|no|remove|drop|lose|delete|mute)\b", clause, re.IGNORECASE)
    if re.search(r"\bmusic\b", clause, re.IGNORECASE):
        if silent:
            return [Change(op=Op.MUSIC, text="", said="there is no music")]
        wish = re.sub(r"^(?:add|with|use|put|have|give\s+it|make)\s+", "", clause, flags=re.IGNORECASE).strip()
        return [Change(op=Op.MUSIC, text=wish, said=f"the music is {wish}")]
    if not re.search(r"\b(?:narrat\w+|voice[\s-]?over|voiceover|narrator|voice)\b", clause, re.IGNORECASE):
        return None
    aimed = named or targets or everything
    if silent:
        return [Change(op=Op.NARRATION, shot=n, text="", said="nobody speaks") for n in aimed]
    quoted = re.search(r"[\"“]([^\"”]+)[\"”]", clause)
    lines = {n: quoted[1] if quoted else _line(brief.shots[n - 1]) for n in aimed}
    return [
        Change(op=Op.NARRATION, shot=n, text=line, said=f"a voice speaks over shot {n}") for n, line in lines.items()
    ]


def _starts(clause: str, named: list[int] | None, targets: list[int], _brief: Brief) -> list[Change] | None:
    """What a shot's first frame is: the end of the one before, a frame of the person's video, or words alone."""
    if not re.search(r"\b(?:continu\w+|carr(?:y|ies)\s+on|start\w*|begin\w*)\b", clause, re.IGNORECASE):
        return None
    source = re.search(
        r"\bfrom\s+(?:the\s+|my\s+)?(?:(?P<previous>previous|shot\s+before|one\s+before|last\s+frame)"
        r"|(?P<upload>upload\w*|video|clip)|(?P<text>text|words|scratch))",
        clause,
        re.IGNORECASE,
    )
    if source is None:
        return None
    kind = source.lastgroup or "text"
    return [
        Change(op=Op.START, shot=n, text=kind, said=f"shot {n} now starts from {_SOURCES[kind]}")
        for n in (named or targets)
    ]


def _line(shot: dict[str, object]) -> str:
    title = as_text(shot.get("title")) or "this moment"
    return f"Look closely: {title[:1].lower() + title[1:]}."


def duration_in(shot: dict[str, object]) -> float:
    return as_number(either(shot, "duration", "seconds", "duration_seconds", "length")) or 4.0


def _lengths(clause: str, aimed: Sequence[int], brief: Brief) -> list[Change]:
    told = _SECONDS.search(clause)
    exact = number_in(told["number"]) if told else None
    factor = 1.0
    if re.search(r"\b(?:shorter|shorten|trim|briefer|tighter|quicker|too\s+long)\b", clause, re.IGNORECASE):
        factor = SHORTER
    elif re.search(r"\b(?:longer|lengthen|extend|too\s+short)\b", clause, re.IGNORECASE):
        factor = LONGER
    elif re.search(r"\bhalf\s+as\s+long\b", clause, re.IGNORECASE):
        factor = 0.5
    elif re.search(r"\btwice\s+as\s+long\b|\bdouble\b", clause, re.IGNORECASE):
        factor = 2.0
    by = re.search(r"\bby\b", clause, re.IGNORECASE) is not None
    changes = []
    for number in aimed:
        before = duration_in(brief.shots[number - 1])
        if exact is not None and by and factor != 1:
            after = before + (exact if factor > 1 else -exact)
        elif exact is not None and not re.search(r"\bafter\b", clause, re.IGNORECASE):
            after = exact
        elif factor != 1:
            after = _moved(before, factor, brief)
        else:
            continue
        after = brief.allowed(max(1.0, after))
        said = f"shot {number} now lasts {after:g} seconds instead of {before:g}"
        if after == before:
            said = f"shot {number} stays at {before:g} seconds" + ("" if exact == before else ", the nearest on offer")
        changes.append(Change(op=Op.DURATION, shot=number, seconds=after, said=said))
    return changes


def _moved(before: float, factor: float, brief: Brief) -> float:
    """A length that really is shorter or longer: whole seconds, and the next allowed one where there is a list."""
    wished = float(round(before * factor))
    if wished == before:
        wished += 1 if factor > 1 else -1
    beyond = [allowed for allowed in brief.durations if (allowed > before) == (factor > 1) and allowed != before]
    return min(beyond, key=lambda allowed: abs(allowed - wished)) if beyond else wished


def _looks(clause: str, aimed: Sequence[int], brief: Brief) -> list[Change]:
    """Everything else is about what is seen: a new picture, a camera, or a phrase more in the prompt."""
    fresh = re.match(
        r"^(?:change|replace|turn)\b.*?\b(?:to|with|into|by)\s+(?P<what>.+)$", clause, re.IGNORECASE
    ) or re.match(
        rf"^(?:the\s+)?{_PLACE}?\s*\S*\s*(?:should|shall|must)\s+(?:show|be)\s+(?P<what>.+)$", clause, re.IGNORECASE
    )
    if (
        fresh
        and TARGET.search(clause)
        and not re.match(
            r"(?:night|day|dusk|dawn|winter|black|at|in|on|under|with|more|less|set)\b", fresh["what"], re.IGNORECASE
        )
    ):
        what = fresh["what"].strip()
        return [Change(op=Op.PROMPT, shot=n, text=what, said=f"shot {n} now shows {what}") for n in aimed]
    phrase = " ".join(
        _STYLE_LEAD.sub("", re.sub(r"\band\s+(?=\x00)|\x00", " ", TARGET.sub("\x00", clause)).strip(" ,:")).split()
    )
    phrase = " ".join(
        _STYLE_LEAD.sub(
            "", re.sub(r"^(?:make|set|put|turn|have|let|give|change|keep)\s+", "", phrase, flags=re.IGNORECASE)
        ).split()
    )
    phrase = re.sub(
        r"^(?:is|are|should\s+be|to|a\s+bit|a\s+little|for|of)\s+|\s+(?:for|in|on|of|to)$",
        "",
        phrase,
        flags=re.IGNORECASE,
    )
    phrase = _STYLE_LEAD.sub("", phrase)
    phrase = {"slower": "slow and unhurried", "slow down": "in slow motion", "slow it down": "in slow motion",
              "faster": "fast and urgent", "speed up": "fast and urgent"}.get(phrase.lower(), phrase)  # fmt: skip
    if not phrase:
        return []
    if re.search(
        r"\b(?:camera|zoom\w*|pan|dolly|crane|hand-?held|tracking\s+shot|close-?up|aerial|drone|orbit)\b",
        clause,
        re.IGNORECASE,
    ):
        move = (
            re.sub(
                r"^(?:with\s+)?(?:a|the)?\s*camera\s*(?:to|:|should)?\s*|\s*\bcamera\b", "", phrase, flags=re.IGNORECASE
            ).strip()
            or phrase
        )
        return [Change(op=Op.CAMERA, shot=n, text=move, said=f"the camera of shot {n}: {move}") for n in aimed]
    changes = []
    for number in aimed:
        prompt = as_text(brief.shots[number - 1].get("prompt")).rstrip(" .")
        changes.append(
            Change(op=Op.PROMPT, shot=number, text=f"{prompt}, {phrase}", said=f"shot {number} is now {phrase}")
        )
    return changes


def _merged(changes: Sequence[Change]) -> list[Change]:
    """Two phrases for one prompt become one change; the last word counts elsewhere."""
    merged: dict[tuple[Op, int, int | None], Change] = {}
    for latest in changes:
        change = latest
        key = (change.op, change.shot, change.to if change.op in {Op.ADD, Op.MOVE} else None)
        before = merged.get(key)
        if before and change.op is Op.PROMPT and ", " in change.text:
            phrase = change.said.split(" is now ", 1)[-1]
            change = replace(change, text=f"{before.text}, {phrase}", said=f"{before.said} and {phrase}")
        merged[key] = change
    return list(merged.values())
