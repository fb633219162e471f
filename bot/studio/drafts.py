"""What a language model may answer: strict shapes, so that anything else is refused before it means something.

No field names a price, a person, a path or a right: those are decided in code.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from bot.studio.model import MAX_IDEA, MAX_SHOTS, Analysis, Moment
from bot.studio.text import clean


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class MomentDraft(Draft):
    at: float = Field(ge=0, description="seconds from the start of the video")
    what: str = Field(max_length=400, description="what is seen or heard at that time")


class LineDraft(Draft):
    at: float = Field(ge=0, description="seconds from the start of the video")
    words: str = Field(max_length=300, description="the words, as they are said and in their own language")


class AnalysisDraft(Draft):
    answer: str = Field(
        max_length=1800,
        description="the answer to what the person asks about the video, with times; empty where they ask nothing",
    )
    summary: str = Field(max_length=1200, description="what happens in the video, in a few sentences")
    look: str = Field(max_length=600, description="light, colours, camera and style")
    sound: str = Field(max_length=600, description="speech, music and noises")
    moments: list[MomentDraft] = Field(max_length=20, description="the moments that matter, in order")
    speech: list[LineDraft] = Field(max_length=60, description="what is said in the video, line by line, if anything")

    def analysis(self) -> Analysis:
        return Analysis(
            answer=clean(self.answer),
            summary=self.summary,
            look=self.look,
            sound=self.sound,
            moments=tuple(Moment(at=moment.at, what=moment.what) for moment in self.moments),
            speech=tuple(Moment(at=line.at, what=line.words) for line in self.speech if line.words.strip()),
        )


class StartDraft(StrEnum):
    TEXT = "text"
    PREVIOUS = "previous"
    UPLOAD = "upload"
    STILL = "still"


class ShotDraft(Draft):
    title: str = Field(max_length=80, description="two to five words")
    prompt: str = Field(max_length=900, description="what is seen: subject, action, place, light, mood")
    camera: str = Field(max_length=120, description="how the camera moves")
    duration: int = Field(ge=1, le=30, description="length of the shot in seconds")
    narration: str = Field(max_length=400, description="words spoken over the shot, or empty")
    sound: str = Field(max_length=200, description="sounds heard in the shot, without words or music, or empty")
    start: StartDraft = Field(description="text, or previous to continue from the last frame of the shot before")


class PlanDraft(Draft):
    title: str = Field(max_length=80, description="title of the film")
    logline: str = Field(max_length=240, description="the film in one sentence")
    music: str = Field(max_length=300, description="the music under the whole film, or empty for none")
    shots: list[ShotDraft] = Field(min_length=1, max_length=MAX_SHOTS)


class EditKind(StrEnum):
    SET_TITLE = "set_title"
    SET_LOGLINE = "set_logline"
    SET_RATIO = "set_ratio"
    SET_MUSIC = "set_music"
    SET_CAPTIONS = "set_captions"
    SET_VOICE = "set_voice"
    SET_MODEL = "set_model"
    SET_SHOT_TITLE = "set_shot_title"
    SET_PROMPT = "set_prompt"
    SET_CAMERA = "set_camera"
    SET_DURATION = "set_duration"
    SET_NARRATION = "set_narration"
    SET_SOUND = "set_sound"
    SET_START = "set_start"
    ADD_SHOT = "add_shot"
    REMOVE_SHOT = "remove_shot"
    MOVE_SHOT = "move_shot"
    ANOTHER_TAKE = "another_take"
    USE_TAKE = "use_take"
    UNDO = "undo"


class EditDraft(Draft):
    kind: EditKind
    shot: int | None = Field(description="number of the shot it changes, counted from 1; none for the whole film")
    duration: int | None = Field(description="seconds, for set_duration and add_shot")
    text: str | None = Field(
        description="the new text: title, logline, ratio (16:9, 9:16, 1:1), prompt, camera, narration, sound or music;"
        " empty to take narration, sound or music away; for captions off, soft or burnt; for a voice or a model its"
        " name in the limits"
    )
    start: StartDraft | None = Field(
        description="what the shot's first frame is, for set_start; still is its picture in the storyboard"
    )
    position: int | None = Field(
        description="the new number of the shot, for move_shot and add_shot; for use_take the take's"
    )


class RevisionDraft(Draft):
    # The reply comes first, so that it can be shown while the rest is still being written.
    reply: str = Field(max_length=6000, description="the answer to the person, in their language")
    edits: list[EditDraft] = Field(max_length=40, description="changes to the plan; empty when none was asked for")


class IdeaDraft(Draft):
    idea: str = Field(
        max_length=MAX_IDEA, description="the idea in other words, in the same language; empty where there are none"
    )


class ReplyDraft(Draft):
    # The reply comes first, so that it can be shown while the rest is still being written.
    reply: str = Field(max_length=1500, description="the answer to the person, in their language")
    look_again: bool = Field(
        description="true where neither the data nor the talk tells the answer, so that the video must be watched again"
    )
