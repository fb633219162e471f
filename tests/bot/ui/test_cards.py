"""Cards, from facts to what Discord is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import discord
import pytest
from discord import ui
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.production.forecast import Between
from bot.production.line import Ahead
from bot.production.model import OPEN, Production, ProductionState, Stage, Take, TakeState
from bot.production.prospects import Prospect
from bot.speech import Language, speaking
from bot.studio.casting import Quote
from bot.studio.model import MAX_SHOTS, Captions, Plan, Project, ProjectState, Shot, ShotStart
from bot.studio.participants import Participant
from bot.studio.rights import Role
from bot.studio.storyboard import quote_storyboard, stills_of
from bot.ui.cards import JobFacts, PlanFacts, fingerprint, job_card, plan_card
from bot.ui.custom_ids import Action, CustomId
from bot.ui.instead import Instead
from bot.ui.talk_facts import TalkFacts
from bot.ui.tryouts import DraftOffer, Tryouts
from providers.catalogue import utf16_units
from tests.bot.studio.samples import CATALOGUE, CLIP, OWNER, plan, project, shot

JOB = "c" * 32


def production(state: ProductionState = ProductionState.RUNNING, **changes: object) -> Production:
    made = Production(
        id=JOB,
        project_id="a" * 32,
        version=1,
        owner_id=OWNER,
        asset_id=None,
        state=state,
        stopping=False,
        stage=Stage.SHOTS,
        failure=None,
        price_microusd=1_800_000,
        film_duration=None,
        cost_microusd=None,
        accepted_at=100.0,
        started_at=160.0,
        finished_at=None,
        delivering_at=None,
        delivered_message_id=None,
        delivered_at=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # passed on as given


def take(number: int = 1, state: TakeState = TakeState.WAITING, **changes: object) -> Take:
    made = Take(shot=number, content="d", state=state, progress=None, failure=None, price_microusd=600_000)
    return replace(made, **changes)  # type: ignore[arg-type]  # passed on as given


def texts(card: ui.LayoutView) -> Iterator[str]:
    return (item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay))


def text(card: ui.LayoutView) -> str:
    return "\n".join(texts(card))


def buttons(card: ui.LayoutView) -> list[tuple[str | None, str | None, bool]]:
    found = [item for item in card.walk_children() if isinstance(item, ui.Button)]
    return [(button.label, button.custom_id, button.disabled) for button in found]


def is_taken_by_discord(card: ui.LayoutView) -> bool:
    """Discord's bounds of one message, counted here anew."""
    said = list(texts(card))
    components = sum(1 for _ in card.walk_children())
    custom_ids = [custom_id for _, custom_id, _ in buttons(card)]
    return (
        components <= 40
        and sum(utf16_units(each) for each in said) <= 4_000
        and sum(len(each.encode()) for each in said) + 12 * components <= 10_170
        and all(said)
        and len(set(custom_ids)) == len(custom_ids)
    )


def planned(plan: Plan | None, *, about: Project | None = None, **changes: object) -> ui.LayoutView:
    facts = PlanFacts(
        project=about or project(), plan=plan, quote=Quote(price_microusd=1_800_000, kept=()), model_label="Gen-4.5"
    )
    return plan_card(replace(facts, **changes))  # type: ignore[arg-type]  # passed on as given


def job(made: Production, takes: Sequence[Take] = (), **changes: object) -> ui.LayoutView:
    facts = JobFacts(production=made, plan=plan(), takes=takes)
    return job_card(replace(facts, **changes))  # type: ignore[arg-type]  # passed on as given


# The plan card


async def test_a_plan_card_tells_the_film_its_shots_its_price_and_offers_what_can_be_done() -> None:
    card = planned(plan(shot("The pond", camera="slow push", narration="Once"), shot("Up", start=ShotStart.PREVIOUS)))

    said = text(card)
    for words in ("Koi · plan v1", f"<@{OWNER}>", "10 s", "16:9", "2 shots", "Gen-4.5", "A koi becomes a dragon."):
        assert words in said
    assert "**1. The pond** · 5 s · slow push\nThe pond happens\n🗣️ *Once*" in said
    assert "continues shot 1" in said
    assert "**Cost** at most $1.80" in said
    ref = project().id
    assert buttons(card) == [
        ("Greenlight", str(CustomId(Action.GREENLIGHT, ref, 1, (1_800_000,))), False),
        ("Change…", str(CustomId(Action.CHANGE, ref, 1)), False),
        ("Fork to a new thread", str(CustomId(Action.FORK, ref, 1)), False),
        ("People", str(CustomId(Action.PEOPLE, ref, 1)), False),
    ]


async def test_shots_made_before_are_marked_and_not_priced() -> None:
    said = text(planned(plan(), quote=Quote(price_microusd=600_000, kept=(1, 3))))

    assert said.count("already made") == 3
    assert "at most $0.60 · 2 shots already made, not paid again" in said


async def test_another_take_than_the_first_is_named() -> None:
    said = text(planned(plan(shot("One"), shot("Two", take=3))))

    assert ("**1. One** · 5 s · steady\n" in said, "**2. Two** · 5 s · steady · take 3\n" in said) == (True, True)


async def test_a_new_version_says_what_changed_and_an_old_one_points_to_it() -> None:
    new = planned(plan(version=2, changes="shot 2: 5 s → 3 s"), newest_version=2)
    old = planned(plan(), newest_version=2, replaced_by="https://discord.com/channels/1/2/3")

    assert "**Changed since v1:** shot 2: 5 s → 3 s" in text(new)
    assert "Replaced by [**v2**](https://discord.com/channels/1/2/3)" in text(old)
    assert buttons(old) == []


@pytest.mark.parametrize("state", ProductionState)
async def test_a_film_being_made_cannot_be_greenlit_again_until_it_is_over(state: ProductionState) -> None:
    _, _, disabled = buttons(planned(plan(), production=production(state)))[0]

    assert disabled or state not in OPEN
    if state in {ProductionState.FAILED, ProductionState.CANCELLED}:
        assert not disabled


@pytest.mark.parametrize(
    ("state", "label", "words"),
    [
        (ProductionState.ASKING, "Awaiting approval", "**v1 waits for approval**, at most $1.80"),
        (ProductionState.HELD, "Held", "**v1 is held**: choose on its job card"),
    ],
)
async def test_a_plan_whose_film_waits_for_somebody_says_for_whom(
    state: ProductionState, label: str, words: str
) -> None:
    same, newer = (planned(plan(version=version), production=production(state)) for version in (1, 2))

    assert [buttons(card)[0][0] for card in (same, newer)] == [label, f"{label} v1"]
    assert words in text(same)
    assert words in text(newer)


async def test_while_it_renders_a_plan_keeps_the_price_it_was_greenlit_at_and_names_the_version() -> None:
    half_made = Quote(price_microusd=600_000, kept=(1, 2))
    running = production(ProductionState.RUNNING)
    same = planned(plan(), production=running, quote=half_made)
    newer = planned(plan(version=2), production=running, quote=half_made)

    assert "**Greenlit** for at most $1.80" in text(same)
    assert "already made" not in text(same)
    assert "v1 is rendering now" in text(newer)
    assert [buttons(card)[0][0] for card in (same, newer)] == ["Rendering…", "Rendering v1…"]


async def test_a_plan_that_nobody_here_can_make_says_so_and_cannot_be_greenlit() -> None:
    card = planned(plan(), can_render=False)

    assert "No video service that can make this is set up" in text(card)
    assert [label for label, _, disabled in buttons(card) if disabled] == ["Greenlight"]


async def test_a_late_video_is_told_while_it_is_looked_at_and_when_it_was_refused() -> None:
    looking = planned(plan(), about=project(attachment=CLIP))
    refused = planned(plan(), about=project(failure="MediaRefused:too_long:600"))

    assert "Looking at the video" in text(looking)
    assert "Your video could not be added. That video is longer than 10 minutes." in text(refused)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (project(state=ProjectState.NEW), "Writing the plan"),
        (project(state=ProjectState.NEW, attachment=CLIP), "Fetching and checking your video"),
        (project(state=ProjectState.NEW, asset_id="b" * 64), "Watching your video"),
    ],
)
async def test_a_plan_not_written_yet_tells_what_is_being_done(about: Project, words: str) -> None:
    card = planned(None, about=about)

    assert words in text(card)
    assert buttons(card) == []


async def test_a_film_without_a_plan_says_why_and_how_to_go_on() -> None:
    card = planned(None, about=project(state=ProjectState.FAILED, failure="ContentRejected"))

    assert "content policy" in text(card)
    assert buttons(card) == [
        ("Safer words", str(CustomId(Action.SOFTEN, project().id)), False),
        ("Try again", str(CustomId(Action.RETRY, project().id)), False),
        ("Change…", str(CustomId(Action.CHANGE, project().id)), False),
    ]


async def test_who_is_not_heard_without_a_mention_is_not_asked_to_write() -> None:
    failed = project(state=ProjectState.FAILED, failure="Unavailable")

    heard, unheard = [text(planned(None, about=failed, talk=TalkFacts(hears_all=each))) for each in (True, False)]

    assert ["write here" in said for said in (heard, unheard)] == [True, False]
    assert "press **Change…**, or mention me" in unheard


async def test_a_plan_card_tells_what_is_heard_and_how_the_words_are_shown() -> None:
    spoken = shot("The pond", narration="Once", sound="rain on leaves")
    said = text(planned(plan(spoken, music="slow piano", voice="a1", voice_name="Aria", captions=Captions.BURNT)))

    assert "🎵 slow piano · 🗣️ Aria · 💬 captions" in said
    assert "🔊 rain on leaves" in said
    assert "🗣️" not in text(planned(plan(shot())))


async def test_a_plan_card_tells_what_its_last_change_costs_and_takes_it_back() -> None:
    film = plan(version=2, changes="longer")

    assert "longer · costs $0.36 more" in text(planned(film, talk=TalkFacts(difference_microusd=360_000)))
    assert [label for label, _, _ in buttons(planned(film))][:4] == ["Greenlight", "Change…", "Undo", "Compare"]


@pytest.mark.parametrize("shots", [8, 9, 12])
async def test_the_fullest_plan_card_is_taken_by_discord(shots: int) -> None:
    long_shot = shot(prompt="words of a shot " * 50, sound="rain " * 30, narration="Once " * 60)
    film = plan(*[long_shot] * shots, version=2, changes="longer " * 40, music="slow piano")
    image = CATALOGUE.image[0]
    stills = stills_of(film, image)

    card = planned(
        film,
        about=project(attachment=CLIP, forked_from="a:1"),
        talk=TalkFacts(people=[Participant(number, Role.VIEWER) for number in range(24)], difference_microusd=1),
        instead=Instead(label="Veo 3.1", price_microusd=4_000_000, gone="**veo3** was switched off."),
        tryouts=Tryouts(
            storyboard=quote_storyboard(stills, image, ()), draft=DraftOffer(resolution="360p", price_microusd=1)
        ),
        remarks=["⚠️ Some words do not fit: shot 1."],
    )

    assert is_taken_by_discord(card)
    assert len(buttons(card)) == 10


async def test_a_plan_card_that_shortens_words_leads_to_all_of_them() -> None:
    long_plan = plan(*[shot(prompt="words of a shot " * 50)] * 12)

    card = planned(long_plan)

    assert "Read all" in [label for label, _, _ in buttons(card)]
    assert is_taken_by_discord(card)
    assert "Read all" not in [label for label, _, _ in buttons(planned(plan()))]


@pytest.mark.parametrize("words", [{"camera": "slow " * 20}, {"title": "pond " * 15}, {"sound": "rain " * 40}])
async def test_a_shortened_word_of_any_kind_leads_to_all_of_them(words: dict[str, str]) -> None:
    for film in (plan(shot(**{"title": "One", **words})), plan(music="harp " * 50)):
        assert "Read all" in [label for label, _, _ in buttons(planned(film))]


async def test_a_plan_card_says_what_will_not_be_as_wished_before_money_is_spent() -> None:
    assert "Some words do not fit" in text(planned(plan(shot()), remarks=["⚠️ Some words do not fit: shot 1."]))


async def test_a_plan_whose_model_has_gone_offers_its_successor_at_a_price() -> None:
    instead = Instead(label="Veo 3.1", price_microusd=4_000_000, gone="**veo3** was switched off on 30 June 2026.")
    card = planned(plan(shot()), quote=None, can_render=False, instead=instead)

    assert "**veo3** was switched off on 30 June 2026. **Veo 3.1** would make it for at most $4.00." in text(card)
    assert buttons(card)[0][2]
    assert buttons(card)[2] == ("Use Veo 3.1", str(CustomId(Action.INSTEAD, project().id, 1)), False)


async def test_a_film_that_its_service_had_no_room_for_offers_another_at_a_price() -> None:
    made = production(ProductionState.FAILED, failure="Unavailable")
    instead = Instead(label="Gemini Omni", price_microusd=2_000_000)
    card = job(made, [take(state=TakeState.FAILED, failure="Unavailable")], instead=instead)

    assert "**Gemini Omni** would make it for at most $2.00; nothing is ordered before you greenlight that." in text(
        card
    )
    assert buttons(card) == [("Use Gemini Omni", str(CustomId(Action.INSTEAD, made.project_id, 1)), False)]


# The job card


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (None, "Taking its place"),
        (1, "**Next** in line"),
        (20, "Place **20** in line"),
        (21, "Among the first **25** in line"),
        (8_123, "Among the first **8,500** in line"),
    ],
)
async def test_a_film_in_the_line_tells_its_place_and_can_be_cancelled(position: int | None, words: str) -> None:
    card = job(production(ProductionState.ACCEPTED, started_at=None), [take()], position=position)

    assert words in text(card)
    assert buttons(card) == [("Cancel", str(CustomId(Action.CANCEL, JOB)), False)]


async def test_a_film_in_the_line_tells_why_it_waits_and_when_it_probably_begins() -> None:
    waits = production(ProductionState.ACCEPTED, started_at=None)
    prospect = Prospect(production=waits, plan=plan(), place=3, ahead=Ahead(own=1, others=1))
    known = replace(prospect, begins=Between(1031.0, 1079.0), ends=Between(1061.0, 1461.0))

    def said(foretold: Prospect | None, position: int = 3, **facts: Any) -> str:
        return text(job(waits, [take()], position=position, prospect=foretold, now=1000.0, **facts))

    assert "1 film of others is ahead, and your other film goes first." in said(known)
    assert "Probably begins <t:1020:R> to <t:1080:R>, and is done <t:1050:R> to <t:1500:R>." in said(known)
    assert "Nobody can tell yet when it begins." in said(prospect)
    following = replace(known, place=1, ahead=Ahead())
    assert "It is next" not in said(following, position=1)  # its place says so
    paused = said(known, paused=["Runway"])
    assert "goes first; Runway is paused by the operator." in paused
    assert "Probably" not in paused
    assert "Runway and ElevenLabs are paused by the operator." in said(known, paused=["Runway", "ElevenLabs"])
    assert "Probably" not in said(known, is_paused=True)
    assert "`/queue` tells when it probably begins." in said(None, position=101)


async def test_a_running_film_tells_each_shot_as_measured() -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.RENDERING, progress=0.5), take(3, TakeState.ORDERED)]

    said = text(job(production(), takes))

    assert "`▓▓▓▓▓▓░░░░░░` **1 of 3 shots** · 49 %" in said
    assert "✅ **1** One · made" in said
    assert "🔄 **2** Two · rendering 50 %" in said
    assert "🕓 **3** Three · ordered, waiting at the service" in said
    assert "<t:160:R>" in said


async def test_a_running_film_tells_what_its_waiting_shots_wait_for() -> None:
    takes = [take(1), take(2), take(3, TakeState.ORDERED)]

    said = text(job(production(), takes, waits={2: "waiting for shot 1", 3: "never said"}))

    assert "▫️ **1** One · waiting\n" in said
    assert "▫️ **2** Two · waiting for shot 1" in said
    assert "never said" not in said


async def test_progress_is_whole_only_when_every_shot_is_made() -> None:
    nearly = [take(1, TakeState.MADE), take(2, TakeState.RENDERING, progress=1.0)]

    assert "**1 of 2 shots** · 100 %" not in text(job(production(), nearly))
    assert "**2 of 2 shots** · 100 %" in text(job(production(), [take(n, TakeState.MADE) for n in (1, 2)]))


@pytest.mark.parametrize(("stage", "words"), [(Stage.VOICE, "Recording the voice"), (Stage.CUT, "Cutting the film")])
async def test_what_follows_the_shots_is_told(stage: Stage, words: str) -> None:
    assert words in text(job(production(stage=stage), [take(1, TakeState.MADE)]))


async def test_a_film_asked_to_stop_cannot_be_asked_again() -> None:
    card = job(production(stopping=True), [take()])

    assert "Stopping" in text(card)
    assert [(label, disabled) for label, _, disabled in buttons(card)] == [("Stopping…", True)]


@pytest.mark.parametrize("link", [None, "https://discord.com/channels/1/2/3"])
async def test_a_film_that_is_done_leads_to_it(link: str | None) -> None:
    card = job(production(ProductionState.DONE), [take(1, TakeState.MADE)], film_link=link)

    assert ("Sending your film" if link is None else f"[Here is your film]({link})") in text(card)
    shots = ("Shots…", str(CustomId(Action.SHOTS, project().id)), False)
    details = ("Prompt & settings", str(CustomId(Action.DETAILS, JOB)), False)
    assert buttons(card) == ([] if link is None else [shots, details])


async def test_a_film_that_could_not_be_posted_says_so_and_offers_to_send_it_again() -> None:
    card = job(production(ProductionState.DONE, delivered_at=300.0), [take(1, TakeState.MADE)])

    assert "could not post it" in text(card)
    assert buttons(card) == [("Send again", str(CustomId(Action.RESEND, JOB)), False)]


async def test_a_film_that_failed_tells_what_failed_and_what_is_kept() -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.FAILED, failure="ContentRejected")]

    said = text(job(production(ProductionState.FAILED, stage=Stage.OVER, failure="ContentRejected"), takes))

    assert "❌ **2** Two · The service's content policy refused this." in said
    assert "the reason is beside each" in said
    assert "1 shot made so far is kept and not paid again." in said


async def test_a_held_film_tells_that_an_order_went_unanswered() -> None:
    takes = [take(1, TakeState.MADE), take(2, TakeState.UNKNOWN, failure="OutcomeUnknown")]

    said = text(job(production(ProductionState.HELD, stage=Stage.OVER, failure="OutcomeUnknown"), takes))

    assert "✋ **2** Two · ordered, but no answer came" in said
    assert "may or may not have been charged" in said


async def test_a_cancelled_film_tells_what_is_kept() -> None:
    takes = [take(1, TakeState.MADE), take(2)]

    said = text(job(production(ProductionState.CANCELLED, stage=Stage.OVER), takes))

    assert "Cancelled" in said
    assert "**1 of 2 shots** were made and are kept." in said


@pytest.mark.parametrize("state", [TakeState.WAITING, TakeState.ORDERED, TakeState.RENDERING])
async def test_nothing_of_a_cancelled_film_seems_to_go_on(state: TakeState) -> None:
    said = text(job(production(ProductionState.CANCELLED), [take(1, TakeState.MADE), take(2, state, progress=0.43)]))

    assert "✅ **1** One · made\n⏹️ **2** Two · stopped" in said
    assert "%" not in said


async def test_what_a_failed_film_did_not_get_to_is_not_made() -> None:
    takes = [take(1, TakeState.FAILED, failure="ContentRejected"), take(2, TakeState.WAITING)]

    assert "▫️ **2** Two · not made" in text(job(production(ProductionState.FAILED), takes))


# Bounds and hostility

WORDS = st.sampled_from(
    ["a", "*", "_", "`", "|", "\\", "東", "🐉", "👩\u200d🚀", "é", " ", "x ", "\n", "](", "@everyone"]
)


def long(length: int) -> st.SearchStrategy[str]:
    """Texts of just this length, all of one kind or mixed."""
    mixed = st.lists(WORDS, min_size=1, max_size=6).map("".join)
    return mixed.map(lambda unit: (unit * length)[:length])


SHOTS = st.builds(
    Shot,
    title=long(80),
    prompt=long(900),
    camera=long(120),
    duration=st.just(10),
    narration=st.just("") | long(400),
    start=st.sampled_from(ShotStart),
)
PLANS = st.builds(
    Plan,
    version=st.just(9999),
    title=long(80),
    logline=long(240),
    model=st.just("gen4.5"),
    ratio=st.just("16:9"),
    shots=st.lists(SHOTS, min_size=MAX_SHOTS, max_size=MAX_SHOTS).map(tuple) | st.lists(SHOTS, min_size=1).map(tuple),
    changes=long(300),
)


@settings(max_examples=60, deadline=None)
@given(PLANS, st.booleans(), st.sampled_from(Language))
def test_the_longest_plan_in_any_script_is_taken_by_discord(longest: Plan, new: bool, language: Language) -> None:
    longest = replace(longest, shots=longest.shots[:MAX_SHOTS])
    quoted = Quote(price_microusd=10**12, kept=tuple(range(1, 13)))
    about = project(state=ProjectState.NEW if new else ProjectState.PLANNED, failure="MediaRefused:undecodable")

    with speaking(language):
        card = planned(
            longest, about=about, quote=quoted, can_render=False, model_label="Veo 3.1 Fast (through Runway)"
        )

    assert is_taken_by_discord(card)


@settings(max_examples=40, deadline=None)
@given(PLANS, st.sampled_from(ProductionState), st.sampled_from(TakeState), st.booleans(), st.sampled_from(Language))
def test_the_longest_job_in_any_script_is_taken_by_discord(
    longest: Plan, state: ProductionState, each: TakeState, stopping: bool, language: Language
) -> None:
    shots = longest.shots[:MAX_SHOTS]
    takes = [take(number, each, failure="NoUsableKey", progress=0.3) for number in range(1, len(shots) + 1)]
    made = production(state, stopping=stopping, failure="OutcomeUnknown")

    moment = "<t:1764000000:R>"
    reason = "every place at the service is taken"
    longest_wait = f"waiting: 1000 ahead of it; {reason} · starts {moment}, perhaps only {moment}"
    waits = dict.fromkeys(range(1, MAX_SHOTS + 1), longest_wait)
    plan = replace(longest, shots=shots)

    with speaking(language):
        card = job_card(JobFacts(production=made, plan=plan, takes=takes, waits=waits, film_link="https://x.y"))

    assert is_taken_by_discord(card)


@given(long(1500))
def test_the_longest_idea_is_taken_by_discord(idea: str) -> None:
    for state in (ProjectState.NEW, ProjectState.FAILED):
        assert is_taken_by_discord(planned(None, about=project(state=state, idea=idea, failure="CannotRender")))


async def test_words_of_others_ping_nobody_and_open_no_link() -> None:
    hostile = "@everyone <@&1> [x](https://e.x) **b**"
    card = planned(
        plan(shot(hostile, prompt=hostile, camera=hostile, narration=hostile), title=hostile, logline=hostile)
    )

    said = text(card).replace(f"<@{OWNER}>", "")

    assert "@everyone" not in said
    assert "<@" not in said
    assert "](" not in said
    assert "**b**" not in said


async def test_equal_cards_have_equal_fingerprints_and_others_have_not() -> None:
    assert fingerprint(planned(plan())) == fingerprint(planned(plan()))
    assert fingerprint(planned(plan())) != fingerprint(planned(plan(title="Dragon")))


async def test_a_card_is_forgotten_by_the_library_before_it_is_sent() -> None:
    card = planned(plan())

    assert card.is_finished()
    assert card.timeout is None
    assert isinstance(card.children[0], discord.ui.Container)


@pytest.mark.parametrize(
    ("undelivered", "words"),
    [
        ("NotAllowed:50013", "Once a moderator gives me Send Messages"),
        ("NotAllowed:160005", "locked"),
        ("NotAllowed:50278", "Invite me again"),
        ("NotAllowed:99999", "Discord does not let me"),
        ("Vanished:10003", "gone"),
        ("Busy:0", "for days"),
        ("Malformed:50035", "tell the operator"),
        ("ZeroDivisionError", "on my side"),
    ],
)
def test_a_kept_film_says_why_and_can_be_sent_again(undelivered: str, words: str) -> None:
    kept = production(ProductionState.DONE, delivered_at=1.0, undelivered=undelivered)
    card = job_card(JobFacts(production=kept, plan=plan(), takes=[]))

    assert words in text(card)
    assert [label for label, _, _ in buttons(card)] == ["Send again"]


def test_a_film_that_discord_does_not_take_yet_says_when_it_is_tried_again() -> None:
    late = production(ProductionState.DONE, undelivered="Busy:0", delivery_at=1234.0)
    begun = production(ProductionState.DONE, delivery_at=1234.0)

    assert "I try again <t:1234:R>" in text(job_card(JobFacts(production=late, plan=plan(), takes=[])))
    assert "again" not in text(job_card(JobFacts(production=begun, plan=plan(), takes=[])))
