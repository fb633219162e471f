"""What people may ask for, whichever way they ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import audit, productions
from bot.jobs.wake import Wake
from bot.production.decisions import Decision
from bot.production.model import ProductionState, TakeState
from bot.storage.files import Files
from bot.studio.ages import Ages
from bot.studio.blocks import Blocks
from bot.studio.errors import (
    Blocked,
    CannotPlan,
    CannotRender,
    IdeaMissing,
    IdeaTooLong,
    ModelGone,
    ModelNotFound,
    NothingToRender,
    NotYours,
    PlanMoved,
    PriceRose,
    RatioNotOffered,
    ServiceAway,
    UploadGone,
    WordBlocked,
)
from bot.studio.guilds import Adult, Guilds, GuildSettings, RoleRule
from bot.studio.house_rules import HouseRules
from bot.studio.model import MAX_IDEA, Asset, Project, ProjectState, ShotStart
from bot.studio.participants import Participants
from bot.studio.preferences import PreferenceRows, Preferences
from bot.studio.rights import Act, FilmRights, Role
from bot.studio.soundtrack import SoundOffer, soundtrack
from bot.ui.away import Away
from bot.ui.card_rows import CardRows
from bot.ui.desk import Desk
from bot.ui.offer import Offer
from bot.ui.replies import words_for
from providers.catalogue import Catalogue
from ratelimit import ApiKey, KeyPool, Limits, Rejected
from tests.bot.production.test_productions import FRIEND, STRANGER, Office
from tests.bot.studio.samples import CATALOGUE, CLIP, OWNER, asset, plan, request, shot

RUNWAY = Offer(video_models=CATALOGUE.video_models({"runway"}), default_model="gen4.5", can_plan=True)


OPERATOR = 9009


class Counter(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.desk = self.with_offer(RUNWAY)

    def with_offer(
        self,
        offer: Offer,
        catalogue: Catalogue = CATALOGUE,
        files: Files | None = None,
        preferences: PreferenceRows | None = None,
        *,
        allows_adult: bool = False,
        rules: HouseRules | None = None,
        pools: Mapping[str, KeyPool] | None = None,
    ) -> Desk:
        return Desk(
            preferences=preferences,
            guilds=Guilds(self.database),
            allows_adult=allows_adult,
            projects=self.projects,
            productions=self.productions,
            greenlights=self.greenlights,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            catalogue=catalogue,
            offer=offer,
            operators=frozenset({OPERATOR}),
            changed=Wake(),
            files=files,
            rules=rules,
            away=Away(pools or {}),
        )

    async def say(self, project: Project, words: str, **changes: object) -> bool:
        asked: dict[str, object] = {"message_id": 9, "author_id": OWNER, "attachment": None, **changes}
        return await self.desk.say(project, words=words, **asked)  # type: ignore[arg-type]  # passed on as given


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database)


async def test_an_idea_is_kept_clean_and_once(counter: Counter) -> None:
    first = await counter.desk.plan(request(idea="  a \u202ekoi "))
    again = await counter.desk.plan(request(idea="a koi"))

    assert (first.idea, first.model, first.id) == ("a koi", "gen4.5", again.id)


async def test_a_video_alone_is_an_idea(counter: Counter) -> None:
    project = await counter.desk.plan(request(idea="", attachment=CLIP))

    assert (project.idea, project.attachment) == ("Make a film from this video.", CLIP)


async def test_what_cannot_be_planned_is_refused_before_it_is_kept(counter: Counter) -> None:
    cannot_plan = counter.with_offer(replace(RUNWAY, can_plan=False))

    with pytest.raises(IdeaMissing):
        await counter.desk.plan(request(idea=" \u200b\n"))
    with pytest.raises(IdeaTooLong):
        await counter.desk.plan(request(idea="x" * (MAX_IDEA + 1)))
    with pytest.raises(ModelGone) as gone:
        await counter.desk.plan(request(model="veo3"))
    assert "Veo 3.1 (through Runway) has taken over, at $0.40 a second" in str(gone.value)
    with pytest.raises(ModelNotFound):
        await counter.desk.plan(request(model="nonsense"))
    with pytest.raises(ModelNotFound):
        await counter.desk.plan(request(model="veo 3.1"))  # several are called so
    with pytest.raises(CannotRender):
        await counter.desk.plan(request(model="gemini-omni-1.2-flash"))
    with pytest.raises(CannotPlan):
        await cannot_plan.plan(request())

    assert await counter.projects.unfinished() == []


async def test_what_a_person_leaves_open_is_as_they_want_it_by_default(counter: Counter, database: Database) -> None:
    rows = PreferenceRows(database)
    await rows.change(OWNER, lambda _: Preferences(ratio="9:16", model="seedance2", seconds=12))
    desk = counter.with_offer(RUNWAY, preferences=rows)

    project = await desk.plan(request())

    assert (project.ratio, project.model, project.seconds) == ("9:16", "seedance2", 12)


async def test_a_model_is_known_by_what_people_call_it(counter: Counter) -> None:
    assert (await counter.desk.plan(request(model="runway gen-4 TURBO"))).model == "gen4_turbo"
    assert (await counter.desk.plan(request("2", model="turbo"))).model == "gen4_turbo"


async def test_only_shapes_that_a_whole_film_can_have_are_offered(counter: Counter) -> None:
    gen4 = tuple(model for model in RUNWAY.video_models if model.family == "gen4")
    nothing = counter.with_offer(replace(RUNWAY, video_models=()))

    # gen4_turbo makes squares, but only of pictures, and a film may need a shot made of words.
    assert counter.with_offer(replace(RUNWAY, video_models=gen4)).ratios == ("16:9", "9:16")
    assert nothing.ratios == ("16:9", "9:16")
    assert counter.desk.ratios == ("16:9", "9:16", "1:1")  # seedance2 makes them of words, too


@pytest.mark.parametrize("model", [None, "gen4.5", "gen4_turbo"])
async def test_a_shape_that_the_model_does_not_make_is_refused_before_it_is_planned(
    counter: Counter, model: str | None
) -> None:
    with pytest.raises(RatioNotOffered) as refused:
        await counter.desk.plan(request(model=model, ratio="1:1"))

    assert refused.value.ratios == "16:9 and 9:16"
    assert await counter.projects.unfinished() == []
    await counter.desk.plan(request(model=model, ratio="9:16"))


async def test_only_the_owner_directs(counter: Counter) -> None:
    project = await counter.film()

    with pytest.raises(NotYours):
        await counter.say(project, "night", author_id=STRANGER)
    with pytest.raises(NotYours):
        await counter.desk.greenlight(request_id="1", project_id=project.id, version=1, user_id=STRANGER)
    with pytest.raises(NotYours):
        await counter.desk.try_again(project_id=project.id, user_id=STRANGER)

    assert await counter.projects.unanswered() == []
    assert await counter.productions.active() == []


async def test_words_are_heard_once_and_nothing_is_heard_where_nothing_is_said(counter: Counter) -> None:
    project = await counter.film()

    assert [await counter.say(project, "night"), await counter.say(project, "night")] == [True, False]
    assert not await counter.say(project, " \u200b", message_id=10)
    assert [heard.words for heard in await counter.projects.unanswered()] == ["night"]


async def test_a_video_in_the_thread_is_looked_at(counter: Counter) -> None:
    project = await counter.film()

    await counter.say(project, "", attachment=CLIP)

    found = await counter.projects.get(project.id)
    assert (found.attachment, found.state) == (CLIP, ProjectState.NEW)


async def test_words_after_a_video_that_could_not_be_used_are_planned_without_it(counter: Counter) -> None:
    created = await counter.desk.plan(request(attachment=CLIP))
    await counter.projects.fail(created.id, "MediaRefused:empty")

    await counter.say(await counter.projects.get(created.id), "then just a dragon")

    found = await counter.projects.get(created.id)
    assert (found.state, found.idea, found.attachment) == (ProjectState.NEW, "then just a dragon", None)
    assert await counter.projects.unanswered() == []


async def test_a_greenlight_is_accepted_at_the_price_that_was_shown(counter: Counter) -> None:
    project = await counter.film()
    _, quoted = await counter.desk.pricing.price(project, plan())

    production = await counter.desk.greenlight(request_id="1", project_id=project.id, version=1, user_id=OWNER)

    assert production.price_microusd == quoted.price_microusd == 1_800_000


async def test_what_cannot_be_rendered_is_not_greenlit(counter: Counter) -> None:
    project, unplanned = await counter.film(), await counter.film("2", planned=False)
    without = counter.with_offer(replace(RUNWAY, video_models=()))

    with pytest.raises(CannotRender):
        await without.greenlight(request_id="1", project_id=project.id, version=1, user_id=OWNER)
    with pytest.raises(PlanMoved):
        await counter.desk.greenlight(request_id="1", project_id=project.id, version=2, user_id=OWNER)
    with pytest.raises(NothingToRender):
        await counter.desk.greenlight(request_id="1", project_id=unplanned.id, version=1, user_id=OWNER)

    assert await counter.productions.active() == []


async def test_a_failed_film_is_tried_again_and_a_planned_one_is_left_alone(counter: Counter) -> None:
    failed, planned = await counter.film("1", planned=False), await counter.film("2")
    await counter.projects.fail(failed.id, "Unavailable")

    for project in (failed, planned):
        await counter.desk.try_again(project_id=project.id, user_id=OWNER)

    states = [(await counter.projects.get(project.id)).state for project in (failed, planned)]
    assert states == [ProjectState.NEW, ProjectState.PLANNED]


async def test_a_film_is_cancelled_by_its_owner_or_an_operator_and_by_nobody_else(counter: Counter) -> None:
    for number, who in enumerate((OWNER, OPERATOR)):
        production = await counter.accept((await counter.film(f"film {number}")).id, press=f"press {number}")

        with pytest.raises(NotYours):
            await counter.desk.cancel(production_id=production.id, user_id=OWNER + 1)
        stopped = await counter.desk.cancel(production_id=production.id, user_id=who)

        assert stopped.state is ProductionState.CANCELLED


async def test_an_operator_who_cancels_anothers_film_is_written_down_once_and_an_owner_is_not(
    counter: Counter, database: Database
) -> None:
    mine, running = [await counter.accept((await counter.film(each)).id, press=each) for each in ("1", "2")]
    await counter.lifecycle.begin(running.id)

    await counter.desk.cancel(production_id=mine.id, user_id=OWNER)
    for _ in range(2):
        await counter.desk.cancel(production_id=running.id, user_id=OPERATOR)

    async with database.transaction() as transaction:
        deeds = [(row.actor_id, row.action, row.ref) for row in await transaction.execute(select(audit))]
    assert deeds == [(OPERATOR, "cancel", running.id)]


# What lies there is not paid again


def _storied(database: Database, folder: Path) -> tuple[Counter, Files]:
    """A desk that has files, a narrator and music."""
    counter, files = Counter(database), Files(folder)
    sound = SoundOffer(voice=CATALOGUE.speech[0], music=CATALOGUE.music[0])
    counter.desk = counter.with_offer(replace(RUNWAY, sound=sound), files=files)
    return counter, files


async def test_a_film_costs_what_of_it_does_not_lie_there(database: Database, tmp_path: Path) -> None:
    counter, files = _storied(database, tmp_path)
    film = plan(shot("One", narration="a" * 100), shot("Two", narration="b" * 100), music="piano")
    project = await counter.film(planned=False)
    await counter.projects.keep_plan(project.id, film)
    castings, everything = await counter.desk.pricing.price(project, film)
    heard = soundtrack(film, castings, counter.desk.offer.sound)

    for name in (castings[1].clip, heard[0].name):
        files.artefact(project.id, name).touch()
    production = await counter.desk.greenlight(request_id="1", project_id=project.id, version=1, user_id=OWNER)

    assert production.price_microusd == everything.price_microusd - 600_000 - heard[0].price_microusd
    assert [take.price_microusd for take in await counter.productions.takes_of(production.id)] == [600_000, 0]
    assert production.kept_sounds == (heard[0].name,)


async def test_a_clip_whose_file_is_gone_is_in_the_price_again(database: Database, tmp_path: Path) -> None:
    counter, files = _storied(database, tmp_path)
    project = await counter.film()
    first = await counter.desk.greenlight(request_id="1", project_id=project.id, version=1, user_id=OWNER)
    for take in await counter.productions.takes_of(first.id):
        await counter.lifecycle.set_take(first.id, take.shot, TakeState.MADE)
        files.artefact(project.id, f"{take.content}.mp4").touch()
    await counter.lifecycle.stop(first.id, OWNER)
    files.artefact(project.id, f"{take.content}.mp4").unlink()

    again = await counter.desk.greenlight(request_id="2", project_id=project.id, version=1, user_id=OWNER)

    assert again.price_microusd == 600_000
    assert [each.price_microusd for each in await counter.productions.takes_of(again.id)] == [0, 0, 600_000]


async def test_a_film_that_costs_more_than_its_card_said_is_not_accepted_and_its_card_is_looked_at_again(
    counter: Counter, database: Database
) -> None:
    project = await counter.film()
    counter.now = 200.0

    async def greenlight(shown: int) -> int:
        production = await counter.desk.greenlight(
            request_id="1", project_id=project.id, version=1, user_id=OWNER, shown_microusd=shown
        )
        return production.price_microusd

    with pytest.raises(PriceRose) as refused:
        await greenlight(1_200_000)
    assert (refused.value.shown, refused.value.now) == ("$1.20", "$1.80")
    assert "the plan card shows the new price" in words_for(refused.value)  # not whichever message was pressed
    assert await counter.productions.active() == []
    assert await CardRows(database).changed_films(150.0) == [project.id]
    assert await greenlight(2_400_000) == 1_800_000


# Another model in place of one that is gone or has no room

EVERYWHERE = replace(RUNWAY, video_models=CATALOGUE.video_models({"runway", "gemini"}))


def retired(model: str) -> Catalogue:
    """The catalogue on a day after that model's last."""
    video = tuple(
        replace(each, retires=date(2026, 12, 1), successor="gen4.5") if each.id == model else each
        for each in CATALOGUE.video
    )
    return replace(CATALOGUE, video=video, today=lambda: date(2026, 12, 2))


async def test_a_model_of_another_service_is_offered_at_the_films_price_and_taken_as_a_new_version(
    counter: Counter,
) -> None:
    desk = counter.with_offer(EVERYWHERE)
    project = await counter.film()
    found = await desk.pricing.instead(project, plan())
    assert found is not None
    model, _, quoted = found

    moved, price = await desk.use_instead(project_id=project.id, version=1, user_id=OWNER)

    assert model.provider == "gemini"
    assert (moved.version, moved.model, price) == (2, model.id, quoted)
    assert moved.changes == f"made by {model.label}"
    assert await counter.projects.plan(project.id) == moved
    assert await counter.productions.active() == []  # nothing is ordered by it


def pools(*out: str) -> dict[str, KeyPool]:
    """A key for each service; those of `out` were rejected."""
    found = {}
    for name in ("runway", "gemini", "vertex"):
        found[name] = KeyPool(name, [ApiKey(name, name, "fake")], limits=Limits(), judge=lambda *_: None)
        if name in out:
            found[name].report(Rejected(), key_id=name)
    return found


async def test_a_film_whose_service_is_away_is_not_ordered_and_another_is_offered_at_its_price(
    counter: Counter,
) -> None:
    desk = counter.with_offer(EVERYWHERE, pools=pools("runway"))
    project = await counter.film()

    with pytest.raises(ServiceAway) as refused:
        await desk.greenlight(request_id="press", project_id=project.id, version=1, user_id=OWNER)

    assert "Runway is away just now" in refused.value.away
    assert "would make this film for at most $" in refused.value.instead
    assert await counter.productions.active() == []


async def test_nothing_is_offered_that_is_away_itself_and_what_works_is_ordered(counter: Counter) -> None:
    project = await counter.film()
    nobody = counter.with_offer(EVERYWHERE, pools=pools("runway", "gemini", "vertex"))
    everybody = counter.with_offer(EVERYWHERE, pools=pools())

    with pytest.raises(ServiceAway) as refused:
        await nobody.greenlight(request_id="press", project_id=project.id, version=1, user_id=OWNER)
    made = await everybody.greenlight(request_id="press", project_id=project.id, version=1, user_id=OWNER)

    assert refused.value.instead == ""
    assert made.state is ProductionState.ACCEPTED


async def test_where_only_one_service_is_set_up_nothing_is_offered_in_its_place(counter: Counter) -> None:
    project = await counter.film()

    assert await counter.desk.pricing.instead(project, plan()) is None
    with pytest.raises(CannotRender):
        await counter.desk.use_instead(project_id=project.id, version=1, user_id=OWNER)


async def test_only_the_owner_takes_another_model_and_only_for_the_newest_plan(counter: Counter) -> None:
    desk = counter.with_offer(EVERYWHERE)
    project = await counter.film()

    with pytest.raises(NotYours):
        await desk.use_instead(project_id=project.id, version=1, user_id=STRANGER)
    with pytest.raises(PlanMoved):
        await desk.use_instead(project_id=project.id, version=7, user_id=OWNER)


async def test_a_plan_whose_model_has_gone_is_not_ordered_and_its_successor_is_quoted(counter: Counter) -> None:
    project = await counter.film(planned=False)
    await counter.projects.keep_plan(project.id, plan(model="veo3.1"))
    desk = counter.with_offer(RUNWAY, retired("veo3.1"))

    with pytest.raises(ModelGone) as gone:
        await desk.greenlight(request_id="press", project_id=project.id, version=1, user_id=OWNER)

    assert gone.value.ended == "The model veo3.1 was switched off on 01 December 2026."
    assert "Runway Gen-4.5 would make this film for at most $1.80" in gone.value.instead
    assert await counter.productions.active() == []


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize(("user_id", "failure"), [(OWNER, None), (OPERATOR, "CancelledByOperator")])
async def test_a_film_that_an_operator_cancels_says_so_and_its_owners_own_cancel_does_not(
    counter: Counter, user_id: int, failure: str | None, runs: bool
) -> None:
    production = await counter.accept((await counter.film()).id)
    if runs:
        await counter.lifecycle.begin(production.id)

    await counter.desk.cancel(production_id=production.id, user_id=user_id)
    if runs:
        await counter.lifecycle.end(production.id, ProductionState.CANCELLED)

    ended = await counter.productions.get(production.id)
    assert (ended.state, ended.failure) == (ProductionState.CANCELLED, failure)


async def test_a_film_that_was_done_before_it_could_be_cancelled_is_done(counter: Counter) -> None:
    production = await counter.accept((await counter.film()).id)
    await counter.lifecycle.begin(production.id)
    await counter.desk.cancel(production_id=production.id, user_id=OPERATOR)
    await counter.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)

    assert (await counter.productions.get(production.id)).failure is None


async def test_a_film_that_starts_from_a_video_which_is_not_kept_any_more_is_not_ordered(counter: Counter) -> None:
    project = await counter.film(planned=False)
    await counter.projects.keep_asset(project.id, asset(), CLIP)
    await counter.projects.keep_plan(project.id, plan(shot("One", start=ShotStart.UPLOAD, start_at=1.0), shot("Two")))
    there: set[str] = set()

    async def is_there(asset: Asset) -> bool:
        return asset.id in there

    desk = Desk(
        projects=counter.projects,
        productions=counter.productions,
        greenlights=counter.greenlights,
        lifecycle=counter.lifecycle,
        outbox=counter.outbox,
        catalogue=CATALOGUE,
        offer=RUNWAY,
        changed=Wake(),
        has_upload=is_there,
    )
    with pytest.raises(UploadGone):
        await desk.greenlight(request_id="p", project_id=project.id, version=1, user_id=OWNER)
    there.add(asset().id)
    await desk.greenlight(request_id="p", project_id=project.id, version=1, user_id=OWNER)


@pytest.mark.parametrize(
    ("operator", "server", "place", "may"),
    [
        (True, Adult.RESTRICTED, True, True),
        (False, Adult.RESTRICTED, True, False),
        (True, Adult.NEVER, True, False),
        (True, Adult.RESTRICTED, False, False),
    ],
)
async def test_adult_ideas_take_the_operator_the_server_and_a_place_for_adults(
    counter: Counter, operator: bool, server: Adult, place: bool, may: bool
) -> None:
    wish = request("adult", is_adult=place)
    assert wish.guild_id is not None
    await Guilds(counter.database).change(wish.guild_id, lambda _: GuildSettings(adult=server))

    project = await counter.with_offer(RUNWAY, allows_adult=operator).plan(wish)

    assert project.is_adult is may


async def test_a_direct_message_is_no_place_for_adults(counter: Counter) -> None:
    wish = request("adult", is_adult=True, guild_id=None)

    assert not (await counter.with_offer(RUNWAY, allows_adult=True).plan(wish)).is_adult


async def test_a_film_weighs_what_its_owner_weighs_whoever_presses(counter: Counter) -> None:
    counter.desk.guilds, counter.desk.rights = Guilds(counter.database), FilmRights(counter.database)
    await counter.desk.guilds.change(5, lambda _: GuildSettings(roles=(RoleRule(role_id=7, weight=3.0),)))
    by_owner, by_approver = await counter.film("1"), await counter.film("2")
    people = Participants(counter.database, Wake())
    await people.invite(by_approver.id, owner_id=OWNER, user_id=FRIEND, role=Role.APPROVER)

    for film, presser in ((by_owner, OWNER), (by_approver, FRIEND)):
        await counter.desk.greenlight(
            request_id=film.id, project_id=film.id, version=1, user_id=presser, role_ids=frozenset({5, 7})
        )

    async with counter.database.transaction() as transaction:
        rows = await transaction.execute(select(productions.c.weight).order_by(productions.c.accepted_at))
        assert sorted(rows.scalars()) == [1.0, 3.0]


async def test_the_rules_of_a_films_own_server_hold_wherever_somebody_asks_from(counter: Counter) -> None:
    blocks, guilds = Blocks(counter.database), Guilds(counter.database)
    rules = HouseRules(guilds, Ages(counter.database, least=None), check_blocks=blocks.check)
    counter.desk = counter.with_offer(RUNWAY, rules=rules)
    project = await counter.projects.get((await counter.film()).id)
    assert project.guild_id is not None
    await guilds.change(project.guild_id, lambda _: GuildSettings(blocked_words=frozenset({"koi"})))

    with pytest.raises(WordBlocked):
        await counter.say(project, "add a Koi")
    await blocks.block(OWNER, guild_id=project.guild_id, by=OPERATOR)
    with pytest.raises(Blocked):
        await counter.desk.greenlight(request_id="press", project_id=project.id, version=1, user_id=OWNER)
    with pytest.raises(Blocked):
        await counter.say(project, "at night")

    production = await counter.accept(project.id)
    for decision in (Decision.AGAIN, Decision.WITHOUT):
        with pytest.raises(Blocked):
            await counter.desk.decide(decision, production_id=production.id, user_id=OWNER)

    await counter.desk.allowed(project.id, Act.SEE, OWNER)
