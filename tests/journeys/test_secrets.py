"""Keys that are unlike anything else go through a film with faults; afterwards they stand nowhere that lasts.

The services repeat the keys in their errors, as some do, and everything is logged that can be.
"""

from __future__ import annotations

import json
from pathlib import Path

import imageio_ffmpeg

from sandbox.providers.answers import Answer
from sandbox.providers.faults import Html, Reset
from tests.journeys.stage import Stage

CANARIES = {
    "GEMINI_API_KEYS": "sandbox-gemini-ana-713100071",
    "VERTEX_API_KEYS": "sandbox-vertex-ana-713100072",
    "RUNWAY_API_KEYS": "sandbox-runway-ana-713100073,sandbox-runway-ben-713100074",
    "ELEVENLABS_API_KEYS": "sandbox-elevenlabs-ana-713100075",
    "GROQ_API_KEYS": "sandbox-groq-ana-713100076",
}
IDEA = "a koi that becomes a dragon, 2 shots, with a narrator"
# What checks a file may not write a byte; the others note the environment they got.
FFMPEG = """\
#!/bin/sh
case " $* " in *framecrc*) ;; *" -y "*) {{ echo ran; tr '\\0' '\\n' < /proc/$$/environ; }} >> {notes} 2>/dev/null;; esac
exec {ffmpeg} "$@"
"""


async def test_no_secret_is_left_in_logs_messages_rows_files_or_children(tmp_path: Path) -> None:
    keys = [key for value in CANARIES.values() for key in value.split(",")]
    wrapper, notes = tmp_path / "ffmpeg", tmp_path / "children"
    wrapper.write_text(FFMPEG.format(notes=notes, ffmpeg=imageio_ffmpeg.get_ffmpeg_exe()))
    wrapper.chmod(0o700)
    environ = {**CANARIES, "LOG_LEVEL": "debug", "FFMPEG_PATH": str(wrapper)}
    async with Stage(tmp_path, environ=environ) as stage:
        echo = {"error": f"Unauthorized: {' '.join(keys)} {stage.discord.token}"}
        faults = stage.providers.faults
        faults.add("gemini", "POST", "generateContent", Answer(500, echo))
        faults.add("gemini", "POST", "generateContent", Html(applied=False))
        faults.add("elevenlabs", "POST", "text-to-speech", Answer(401, echo))
        faults.add("runway", "POST", "_to_video", Answer(401, echo))
        faults.add("runway", "GET", "/v1/tasks/", Answer(500, echo))
        faults.add("runway", "GET", "/v1/tasks/", Reset())
        stage.discord.faults.answer("PATCH", "/messages/", status=500, message=f"{keys[0]} {stage.discord.token}")

        thread = await stage.plan(stage.mia, IDEA)
        await stage.say_and_wait(stage.mia, thread, "make shot 2 shorter")
        await stage.until(lambda: stage.card(thread, "plan v2"))
        await stage.people.press(stage.mia, thread, label="Greenlight")
        await stage.until(lambda: stage.rows("SELECT 1 FROM productions WHERE delivered_at IS NOT NULL") or None)
        assert await stage.bot.stop() == 0

        secrets = [*keys, stage.discord.token]
        places: dict[str, bytes] = {"log": stage.bot.log.read_bytes()}
        for channel in (stage.discord.channel_id, *stage.threads()):
            places[f"channel {channel}"] = json.dumps(stage.messages(channel), default=str).encode()
        for who in (stage.mia, stage.tom):
            seen = stage.discord.ephemeral_messages(who)
            places[f"told {who.name}"] = json.dumps(seen, default=str).encode()
        places |= {str(path): path.read_bytes() for path in stage.data.rglob("*") if path.is_file()}
        places |= {"children": notes.read_bytes() if notes.exists() else b""}
        hits = [(name, secret) for name, text in places.items() for secret in secrets if secret.encode() in text]
        assert not hits
        assert b"DEBUG" in places["log"] or b"debug" in places["log"]
        assert any(name.endswith("greenlight.db") for name in places)
        assert b"API_KEYS" not in places["children"]
        assert b"ran" in places["children"]
