"""What people, servers and models may try through Discord and through words, as far as the promises cover it.

As in the catalogue of faults: proofs are node ids below `tests/`, and `gap` says what is not tried or not built.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    id: str
    title: str
    tried: tuple[str, ...] = ()
    gap: str = ""


def _threat(id_: str, title: str, *tried: str, gap: str = "") -> Threat:
    return Threat(id=id_, title=title, tried=tried, gap=gap)


_DESK, _GREENLIGHTS = "bot/ui/test_desk.py::test_", "bot/production/test_greenlights.py::test_"

THREATS = (
    # Discord's surface
    _threat(
        "D1",
        "pings through anybody's words",
        "journeys/test_bad_input.py::test_user_text_pings_nobody",
        "bot/ui/test_talk.py::test_words_of_a_model_ping_nobody_and_hide_no_link",
        "bot/ui/test_cards.py::test_words_of_others_ping_nobody_and_open_no_link",
    ),
    _threat(
        "D2",
        "links, markdown and signs that hide",
        "bot/ui/test_wording.py::test_foreign_text_pings_nobody_links_nowhere_and_stays_on_its_line",
        "bot/studio/test_text.py::test_text_is_kept_without_what_is_not_seen",
    ),
    _threat(
        "D3",
        "pressing what is another's, or forged",
        _DESK + "only_the_owner_directs",
        "bot/production/test_decisions.py::test_a_stranger_decides_nothing",
        "bot/ui/test_custom_ids.py::test_nothing_anybody_sends_breaks_reading",
    ),
    _threat(
        "D4",
        "pressing twice, on two devices, replayed",
        "journeys/test_talk.py::test_pressing_twice_is_pressing_once",
        _GREENLIGHTS + "one_press_is_one_production_even_when_it_comes_twice_at_once",
        "faults/test_interactions.py::test_a_press_decides_once_however_its_answer_fares",
    ),
    _threat(
        "D5",
        "a button from before a restart",
        "sandbox/discord/test_world.py::test_old_buttons_work_after_kill_9_and_a_new_process",
        "bot/ui/test_router.py::test_a_button_that_nobody_understands_any_more_says_so",
    ),
    _threat(
        "D6",
        "greenlighting what the plan no longer is",
        "journeys/test_talk.py::test_a_card_of_an_older_version_orders_nothing",
        _DESK + "a_greenlight_is_accepted_at_the_price_that_was_shown",
    ),
    _threat(
        "D7",
        "an operator's command by somebody else",
        "bot/ui/admin/test_switching.py::test_nobody_else_pauses_or_resumes",
        "bot/production/test_approvals.py::test_a_dear_film_asks_and_neither_owner_nor_stranger_may_answer",
    ),
    _threat("D8", "a server that nobody allowed", gap="there is no list of servers; caps bound what each may spend"),
    _threat(
        "D9",
        "seeing another's films",
        "bot/ui/test_library.py::test_films_are_listed_newest_first_in_pages_and_nobody_elses",
        "bot/ui/test_library.py::test_an_id_of_somebody_elses_film_tells_nothing_of_it",
    ),
    _threat(
        "D10",
        "a result in a place it was not asked for in",
        "journeys/test_delivery.py::test_a_film_whose_thread_was_deleted_comes_to_the_channel_it_was_asked_for_in",
        gap="whether its owner may still see that place is not looked up",
    ),
    _threat(
        "D11",
        "others talking in somebody's thread",
        "journeys/test_talk.py::test_others_may_talk_in_the_thread_without_changing_the_film",
        "bot/ui/test_meaning.py::test_others_talk_among_themselves_in_a_thread_unless_they_ask_us",
        "faults/test_gateway.py::test_f3_f10_a_new_session_hears_what_was_said_meanwhile_once",
    ),
    _threat(
        "D12",
        "events that come twice, from bots, or of edits",
        _DESK + "words_are_heard_once_and_nothing_is_heard_where_nothing_is_said",
        "faults/test_gateway.py::test_a_connection_that_breaks_is_resumed_and_nothing_is_heard_twice",
    ),
    _threat(
        "D13",
        "what is for one, shown to all",
        "sandbox/discord/test_world.py::test_a_button_is_answered_in_private",
        "journeys/test_bad_input.py::test_ideas_that_are_none_or_too_long_are_refused_in_private",
    ),
    _threat("D14", "a flood of suggestions", gap="suggestions are kept in memory for a while; nobody counts who asks"),
    _threat(
        "D15",
        "names that forge a line of the log",
        "bot/test_log.py::test_a_message_cannot_forge_a_line_or_colour_the_terminal",
    ),
    # Language models
    _threat(
        "L1",
        "words in a video or an idea that give orders",
        "bot/studio/test_director.py::test_words_of_people_never_share_a_part_with_ours_or_with_data",
        "bot/studio/test_revision.py::test_whatever_a_model_asks_for_the_plan_stays_one_that_can_be_made",
    ),
    _threat(
        "L2",
        "a model that writes what is not its own to say",
        "providers/test_gemini.py::test_an_answer_that_does_not_fit_is_unexpected",
        "bot/studio/test_director.py::test_an_answer_of_another_shape_changes_nothing",
    ),
    _threat("L3", "a model that acts", "bot/studio/test_director.py::test_mere_talk_changes_nothing"),
    _threat(
        "L4",
        "a prompt that tells who somebody is",
        "bot/studio/test_director.py::test_no_prompt_holds_an_id_of_anybody",
    ),
    _threat(
        "L5",
        "a link in an answer that carries words away",
        "bot/ui/test_talk.py::test_words_of_a_model_ping_nobody_and_hide_no_link",
    ),
    _threat(
        "L6",
        "an answer that is empty, endless, half or refused",
        "bot/studio/test_minds.py::test_an_answer_that_does_not_fit_is_asked_for_exactly_once_more",
        "journeys/test_talk.py::test_a_question_changes_nothing",
        "journeys/test_bad_input.py::test_a_silent_language_service_leaves_the_plan_as_it_is",
    ),
    _threat(
        "L7",
        "a talk that is poisoned, or another's",
        "bot/studio/test_conversations.py::test_films_do_not_wait_for_each_other",
        gap="a prompt holds the last twelve exchanges of its own film; no test looks for those of another",
    ),
    _threat(
        "L8",
        "what was refused for its content, tried elsewhere",
        "bot/studio/test_minds.py::test_what_the_request_is_refused_for_is_not_tried_elsewhere",
        "bot/studio/test_analyst.py::test_a_video_refused_by_policy_is_shown_to_nobody_else",
    ),
    _threat(
        "L9",
        "talk without end",
        "bot/studio/test_budget.py::test_what_language_models_took_counts_for_the_bot_alone",
        gap="what words take counts in the bot's day, not in a person's",
    ),
    _threat(
        "L10",
        "files that stay with a service",
        "bot/studio/test_analyst.py::test_the_file_is_deleted_when_the_question_fails",
        "providers/test_gemini.py::test_an_upload_that_is_given_up_leaves_nothing_behind",
    ),
)
