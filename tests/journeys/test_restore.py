"""The machine is lost; a backup is brought back that knows less than happened. Nothing is ordered or told twice."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.stage import Stage
from tests.journeys.test_operation import _bot

SHOTS = 2


async def test_a_restored_bot_tells_and_orders_nothing_twice(tmp_path: Path) -> None:
    # One at a time: the third film is in the line when the backup is made, and orders after it.
    async with Stage(tmp_path, pace=1.0, environ={"MAX_FILMS_AT_ONCE": "1", "BACKUP_EVERY_HOURS": "0"}) as stage:
        over, made_since, ordered_since = [await stage.plan(stage.mia) for _ in range(3)]
        await stage.greenlight(stage.mia, over)
        await stage.film_in(over)
        await stage.until(lambda: stage.card(over, "Here is your film"))
        await stage.greenlight(stage.mia, made_since)
        await stage.greenlight(stage.mia, ordered_since)
        await stage.until_ordered(lambda: len(stage.orders()) > SHOTS)
        await stage.until(lambda: stage.card(ordered_since, "line"))
        code, said, failed = await _bot("backup", str(tmp_path / "backups"), **stage.environ())
        assert code == 0, failed
        (backup,) = (tmp_path / "backups").glob("greenlight-*")
        assert str(backup) in said

        await stage.film_in(made_since)
        await stage.until_ordered(lambda: len(stage.orders()) == 3 * SHOTS)
        await stage.bot.kill()
        stage.data.rename(tmp_path / "lost")
        code, said, failed = await _bot("restore", str(backup), **stage.environ())
        assert code == 0, failed
        assert "2 films that were not over wait" in said
        await stage.restart()

        await stage.until(lambda: stage.card(made_since, "Here is your film"))  # it was found where it was posted
        await stage.until(lambda: "brought back from a backup" in stage.read(ordered_since))
        await stage.until(lambda: stage.card(ordered_since, "Held"))
        assert len(stage.orders()) == 3 * SHOTS
        assert [len(stage.films(thread)) for thread in (over, made_since, ordered_since)] == [1, 1, 0]
        states = "SELECT state, count(*) FROM productions GROUP BY state ORDER BY state"
        await stage.until(lambda: stage.rows(states) == [("done", 2), ("held", 1)])

        label = next(each for each in stage.labels(ordered_since) if each.startswith("Order again (may cost"))
        await stage.people.press(stage.mia, ordered_since, label=label)
        await stage.film_in(ordered_since)
        await stage.until(lambda: stage.card(ordered_since, "Here is your film"))
        assert len(stage.orders()) == 4 * SHOTS
        assert [len(stage.films(thread)) for thread in (over, made_since, ordered_since)] == [1, 1, 1]
