"""The studio's values: what a person asked for, what we understood, and the plan.

Shots are counted from 1 everywhere a person or a model reads a number. Durations are whole seconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from bot.speech import Language

#: Discord's own bound on a text option is 6,000; a plan's prompts are bounded by the models at about 1,000.
MAX_IDEA = 1_500
MAX_SHOTS = 12
#: The shape of a film for which nobody chose one.
USUAL_RATIO = "16:9"
#: Takes of one shot that are told apart.
MAX_TAKES = 20


class ProjectState(StrEnum):
    """Where a film stands before it is rendered."""

    NEW = "new"  # asked for; its video not fetched, or its plan or answer not written yet
    PLANNED = "planned"  # for an analysis: answered
    FAILED = "failed"


class ProjectKind(StrEnum):
    """What somebody asked for."""

    FILM = "film"
    ANALYSIS = "analysis"  # what a video shows, and the talk about that; no plan ever


class ShotStart(StrEnum):
    """What a shot's first frame is."""

    TEXT = "text"  # from its words alone
    PREVIOUS = "previous"  # the last frame of the shot before
    UPLOAD = "upload"  # a still from the uploaded video
    STILL = "still"  # its picture in the storyboard


class Captions(StrEnum):
    """How the words of the narration are shown."""

    OFF = "off"
    SOFT = "soft"  # a track of the film that players switch on and off
    BURNT = "burnt"  # in the picture


class Sight(StrEnum):
    """How a video was looked at, the best way first."""

    WATCHED = "watched"  # by a model that sees moving pictures and hears
    STILLS = "stills"  # by a model that sees a few pictures of it, and was told what is said in it
    MEASURED = "measured"  # by no model: cuts, motion, light and loudness alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A validated video. `id` is the sha256 of what was uploaded, `suffix` is ".mp4", ".mov" or ".webm"."""

    id: str
    suffix: str
    bytes: int
    duration: float
    width: int
    height: int
    fps: float
    has_audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A video that somebody attached, not fetched yet. `name` is theirs and is only ever shown, never used."""

    url: str
    name: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something seen or said at a time, in seconds from the start of the video."""

    at: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was seen and heard in a video.

    `answer` is what the person wanted to know of it, "" where they asked nothing; `speech` the words heard in it;
    `cuts` the seconds where it cuts, `None` where nobody measured them. `sight` says how it was looked at; `is_deaf`
    that nobody listened, although the video has sound, so that what is said in it is not known.
    """

    summary: str
    look: str
    sound: str
    moments: tuple[Moment, ...] = ()
    answer: str = ""
    speech: tuple[Moment, ...] = ()
    cuts: tuple[float, ...] | None = None
    sight: Sight = Sight.WATCHED
    is_deaf: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Analysis:
        data = json.loads(text)
        told = {name: tuple(Moment(**moment) for moment in data.get(name, ())) for name in ("moments", "speech")}
        cuts = tuple(data["cuts"]) if data.get("cuts") is not None else None
        return cls(**{**data, **told, "cuts": cuts, "sight": Sight(data.get("sight", Sight.WATCHED))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One clip of the film.

    `start_at` is the second of the uploaded video whose frame an UPLOAD shot starts from, and `still` names the picture
    that a STILL shot does, by its content; `sound` is what is heard in
    the shot beside the narration, "" for nothing in particular; `take` is which of the clips made of it the film uses.
    """

    title: str
    prompt: str
    camera: str
    duration: int
    narration: str = ""
    sound: str = ""
    start: ShotStart = ShotStart.TEXT
    start_at: float | None = None
    take: int = 1
    still: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A film, shot by shot, in one version. `changes` says in a line what is new since the version before.

    `voice` is the id of who narrates, "" for the house's own voice, and `voice_name` what people call them; `music`
    says what plays under the film, "" for none.
    """

    version: int
    title: str
    logline: str
    model: str
    ratio: str
    shots: tuple[Shot, ...] = field(default=())
    voice: str = ""
    voice_name: str = ""
    music: str = ""
    captions: Captions = Captions.SOFT
    changes: str = ""

    @property
    def duration(self) -> int:
        return sum(shot.duration for shot in self.shots)

    def to_json(self) -> str:
        """The plan without version and changes, which have columns of their own."""
        data = asdict(self)
        del data["version"], data["changes"]
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, version: int, changes: str) -> Plan:
        data = json.loads(text)
        shots = tuple(Shot(**{**shot, "start": ShotStart(shot["start"])}) for shot in data["shots"])
        captions = Captions(data.get("captions", Captions.SOFT))
        return cls(**{**data, "shots": shots, "captions": captions, "version": version, "changes": changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A film, or the analysis of a video, and the talk about it.

    `thread_id` is where that happens, `failure` a word for `ui.replies`; voice and captions are those that its first
    plan begins with; `language` is that of its cards and of the talk about it; `forked_from` is "{project}:{version}"
    of the plan that it began with, where it is a fork. An analysis has its question as `idea`; `source_id` is the
    analysis whose video a film follows. `max_price_microusd` is the most that its owner wants to pay for a film,
    `None` for whatever its card says.
    """

    id: str
    owner_id: int
    guild_id: int | None
    channel_id: int
    thread_id: int | None
    idea: str
    model: str
    ratio: str
    seconds: int | None
    asset_id: str | None
    attachment: Attachment | None
    state: ProjectState
    failure: str | None
    voice: str = ""
    voice_name: str = ""
    captions: Captions = Captions.SOFT
    language: Language = Language.ENGLISH
    is_adult: bool = False  # adult ideas may be planned, as far as the services take them
    forked_from: str | None = None
    kind: ProjectKind = ProjectKind.FILM
    source_id: str | None = None
    max_price_microusd: int | None = None

    @property
    def is_unfinished(self) -> bool:
        """Neither plan nor failure yet, or a video that nobody looked at."""
        return self.state is ProjectState.NEW or (self.state is ProjectState.PLANNED and self.attachment is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for. `request_id` names the asking once and for all: an interaction's or message's id.

    `asset_id` is a video that is kept already; `source_id` the analysis whose video it follows. `thread_id` is where it
    goes on, `None` where a thread is opened for it. What is `None` or "" is left to what they want by default, or to
    what is usual here. `is_adult` where it was asked in a place that Discord restricts by age; whether that means
    anything is the operator's and the server's to say.
    """

    request_id: str
    owner_id: int
    guild_id: int | None
    channel_id: int
    idea: str
    model: str | None = None
    ratio: str = ""
    seconds: int | None = None
    attachment: Attachment | None = None
    asset_id: str | None = None
    voice: str = ""
    voice_name: str = ""
    captions: Captions | None = None
    is_adult: bool = False
    kind: ProjectKind = ProjectKind.FILM
    thread_id: int | None = None
    source_id: str | None = None
    max_price_microusd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One exchange in the thread. `reply` is empty while it is being written."""

    author_id: int
    words: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something a person said in a film's thread that wants an answer.

    `messages` are those of ours that have begun to show it, before a crash.
    """

    turn_id: int
    project_id: str
    message_id: int | None
    words: str
    author_id: int = 0
    messages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer that is kept, and the version of the plan that it made, if any."""

    heard: Heard
    reply: str
    version: int | None
