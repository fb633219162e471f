"""Money and who decides over it, as people meet it: approvals, a cap that is reached, and an operator's typed pause."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.stage import PATIENCE, Stage

#: Two shots cost $1.08: dear enough to ask, and too dear twice in one day.
LIMITS = {"APPROVAL_ABOVE_USD": "1", "MAX_USD_PER_USER_DAY": "2", "VIDEO_MODEL": "gen4.5"}
IDEA = "a paper boat, 2 shots, without words"


async def test_dear_films_are_declined_or_approved_and_none_passes_the_cap(tmp_path: Path) -> None:
    async with Stage(tmp_path, starts=False) as stage:
        environ = {**LIMITS, "OPERATOR_IDS": str(stage.tom.id)}
        stage.bot = stage.process("bot", environ)
        async with stage.bot:
            await stage.discord.ready(within=PATIENCE)
            declined = await _asks(stage)
            await stage.people.press(stage.mia, declined, label="Approve")
            await stage.until_told(stage.mia, "nobody on their own film")
            await stage.people.press(stage.tom, declined, label="Decline")
            await stage.until_told(stage.tom, "Declined.")
            await stage.until(lambda: "is not finished" in stage.read(declined))
            assert not stage.orders()

            approved = await _asks(stage)
            await stage.people.press(stage.tom, approved, label="Approve")
            await stage.until_ordered(lambda: len(stage.orders()) == 2)

            third = await stage.plan(stage.mia, IDEA)
            await stage.greenlight(stage.mia, third)
            await stage.until_told(stage.mia, "$0.92 of what you may spend today is left")
            assert len(stage.orders()) == 2

            stage.people.show_command("admin", stage.tom)
            await stage.people.slash(stage.tom, stage.discord.channel_id, "admin pause", {"reason": "a deploy"})
            await stage.until_told(stage.tom, "Paused. New films wait in line")
            deeds = stage.rows("SELECT actor_id, action FROM audit ORDER BY id")
            assert deeds == [(stage.tom.id, deed) for deed in ("decline", "approve", "pause")]


async def _asks(stage: Stage) -> int:
    """A film whose card asks for somebody's approval."""
    thread = await stage.plan(stage.mia, IDEA)
    await stage.greenlight(stage.mia, thread)
    await stage.until_told(stage.mia, "has to approve it first")
    await stage.until(lambda: stage.pressable(thread, "Approve"))
    return thread
