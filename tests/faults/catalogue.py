"""The 110 faults that Greenlight is to outlive: where each strikes, and what tries it.

A proof is a test by its node id below `tests/`; the cases of those here are named after their faults. A fault without
one says in `gap` what is missing; a fault may have both.
The invariants that hold after every fault are checked in `tests/faults/invariants.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    GATEWAY = "Discord's gateway"
    REST = "Discord's REST API"
    INTERACTION = "between a press and its answer"
    CDN = "Discord's files"
    ORDER = "an order to a service"
    LOOK = "a look at an operation"
    FETCH = "a download from a service"
    POOL = "the key pool"
    DATABASE = "the database"
    MEDIA = "ffmpeg"
    STORE = "disk and object store"
    PROCESS = "the process"
    SETTINGS = "the settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    number: int
    title: str
    where: Where
    tried: tuple[str, ...] = ()
    gap: str = ""


def _fault(number: int, title: str, where: Where, *tried: str, gap: str = "") -> Fault:
    return Fault(number=number, title=title, where=where, tried=tried, gap=gap)


# Where most are tried.
_REST_PASSES = "faults/test_discord_requests.py::test_a_message_stands_once_whatever_happens_to_its_request"
_REST_REFUSES = "faults/test_discord_requests.py::test_what_asking_again_cannot_mend_is_asked_once_and_named"
_BREAKS = "faults/test_gateway.py::test_a_connection_that_breaks_is_resumed_and_nothing_is_heard_twice"
_FATAL = "faults/test_gateway.py::test_what_connecting_again_cannot_mend_ends_the_bot_with_one_clear_line"
_DOOR = "faults/test_gateway.py::test_a_door_that_does_not_open_is_tried_again_more_slowly"
_COMMAND = "faults/test_interactions.py::test_what_a_command_asked_for_happens_once_however_its_answer_fares"
_PRESS = "faults/test_interactions.py::test_a_press_decides_once_however_its_answer_fares"
_SHOT = "faults/test_orders.py::test_a_shot_is_ordered_at_most_once_and_balances"
_NEVER_LEFT = "faults/test_orders.py::test_an_order_that_never_left_may_be_sent_again_and_costs_nothing"
_REFUSALS = "bot/app/test_every_refusal.py::test_every_refusal_of_a_paid_order_has_its_consequence"
_CAMERA, _POOL = "bot/production/test_camera.py::test_", "ratelimit/test_pool_feedback.py::test_"
_CRASH, _OPERATION = "journeys/test_crash.py::test_", "journeys/test_operation.py::test_"

_DELIVERY, _RETURNS = "bot/ui/test_delivery.py::test_", "bot/ui/test_returns.py::test_"
_BOOT, _ROWS, _ROOM = (
    "bot/app/test_boot.py::test_",
    "bot/db/test_faults.py::test_",
    "bot/production/test_room.py::test_",
)
_WATCH = "bot/app/test_watchdog.py::test_a_call_that_blocks_the_loop_is_told_with_its_stack"

DISCORD = (
    _fault(1, "the connection breaks, or closes with 4000, 1000 or 4009", Where.GATEWAY, _BREAKS),
    _fault(2, "op 7: connect again", Where.GATEWAY, _BREAKS),
    _fault(
        3,
        "op 9: the session is over",
        Where.GATEWAY,
        "faults/test_gateway.py::test_f3_f10_a_new_session_hears_what_was_said_meanwhile_once",
    ),
    _fault(
        4,
        "no heartbeat is acknowledged",
        Where.GATEWAY,
        "faults/test_gateway.py::test_f4_a_connection_without_a_heartbeat_is_resumed",
        _WATCH,
    ),
    _fault(
        5,
        "close 4004: the token; 4010 to 4012",
        Where.GATEWAY,
        _FATAL,
        _OPERATION + "a_refused_token_stops_with_one_clear_line",
    ),
    _fault(6, "close 4014: the intents", Where.GATEWAY, _FATAL),
    _fault(
        7,
        "nobody answers at the first connection",
        Where.GATEWAY,
        _DOOR,
        _OPERATION + "a_gateway_that_is_away_at_first_is_tried_again",
    ),
    _fault(
        8,
        "the login fails: 503, reset, unreadable, 401",
        Where.REST,
        _DOOR,
        _OPERATION + "a_refused_token_stops_with_one_clear_line",
    ),
    _fault(
        9,
        "few sessions are left of the day's",
        Where.GATEWAY,
        _DOOR,
        "faults/test_gateway.py::test_f9_the_last_sessions_of_a_day_are_not_begun",
        gap="asked before the first connection only; sessions that the library begins anew are not counted",
    ),
    _fault(
        10,
        "events are missed while the bot is away",
        Where.GATEWAY,
        "faults/test_gateway.py::test_f3_f10_a_new_session_hears_what_was_said_meanwhile_once",
        gap="words in threads are caught up with; presses, and mentions in channels, are made again by their owner",
    ),
    _fault(
        11, "429 of a route", Where.REST, _REST_PASSES, "sandbox/discord/test_world.py::test_a_rate_limit_is_waited_out"
    ),
    _fault(
        12,
        "429 for everything",
        Where.REST,
        _REST_PASSES,
        "faults/test_discord_requests.py::test_f12_a_global_limit_longer_than_our_patience_does_not_shut_us_out_for_good",
    ),
    _fault(
        13,
        "429 of Discord's front",
        Where.REST,
        "faults/test_discord_requests.py::test_f13_a_429_of_discords_front_stops_all_but_answers_for_a_minute",
        _DOOR,
    ),
    _fault(
        14,
        "too many requests are refused",
        Where.REST,
        "faults/test_discord_requests.py::test_f14_too_many_refusals_stop_all_but_answers_until_they_are_long_past",
    ),
    _fault(15, "500, 502 or 504 to a message", Where.REST, _REST_PASSES, _COMMAND),
    _fault(
        16,
        "503",
        Where.REST,
        _REST_PASSES,
        _COMMAND,
        "journeys/test_delivery.py::test_discord_that_is_down_for_a_while_delays_the_film_and_loses_nothing",
    ),
    _fault(
        17,
        "the connection is reset after a message was taken",
        Where.REST,
        _REST_PASSES,
        _COMMAND,
        _CRASH + "a_delivery_cut_off_in_the_middle_is_made_once",
    ),
    _fault(
        18,
        "a request hangs",
        Where.REST,
        _REST_PASSES,
        _COMMAND,
        "bot/ui/test_sending.py::test_a_call_that_hangs_is_busy_after_its_deadline",
    ),
    _fault(19, "200 with half a JSON, nothing or a page", Where.REST, _REST_PASSES, _DOOR),
    _fault(
        20,
        "10062: the acknowledgement comes too late",
        Where.INTERACTION,
        _COMMAND,
        _PRESS,
        _REST_REFUSES,
        gap="the share that comes too late is not counted for an alarm",
    ),
    _fault(21, "40060: somebody else acknowledged", Where.INTERACTION, _COMMAND, _PRESS, _REST_REFUSES),
    _fault(22, "a token is over after fifteen minutes", Where.INTERACTION, _COMMAND, _PRESS, _REST_REFUSES),
    _fault(
        23,
        "10008: the message was deleted",
        Where.REST,
        _COMMAND,
        _REST_REFUSES,
        "bot/ui/test_threads.py::test_a_first_message_that_somebody_deleted_is_posted_anew",
    ),
    _fault(
        24,
        "10003: the channel was deleted",
        Where.REST,
        _REST_REFUSES,
        "journeys/test_delivery.py::test_a_film_whose_thread_was_deleted_comes_to_the_channel_it_was_asked_for_in",
    ),
    _fault(
        25,
        "10004: the bot was kicked",
        Where.REST,
        _REST_REFUSES,
        _DELIVERY + "where_the_server_is_gone_the_owner_is_written_to",
        "journeys/test_delivery.py::test_a_film_comes_when_the_server_lets_us_in_again_and_by_dm_where_it_is_gone",
    ),
    _fault(
        26,
        "50001, 50013: not allowed",
        Where.REST,
        _REST_REFUSES,
        "journeys/test_delivery.py::test_a_film_that_may_not_be_posted_says_so_and_is_sent_again_on_a_press",
    ),
    _fault(
        27, "50083: the thread is archived", Where.REST, _REST_REFUSES, _DELIVERY + "an_archived_thread_is_opened_once"
    ),
    _fault(
        28,
        "160005: the thread is locked",
        Where.REST,
        _REST_REFUSES,
        _DELIVERY + "where_the_thread_takes_nothing_the_channel_does",
        _RETURNS + "a_thread_that_is_unlocked_has_them_posted",
    ),
    _fault(
        29,
        "160004: there is a thread already",
        Where.REST,
        "bot/ui/test_threads.py::test_a_start_opens_at_once_what_was_left_and_adopts_a_thread_that_exists",
    ),
    _fault(
        30,
        "160006: too many threads",
        Where.REST,
        "bot/ui/test_threads.py::test_where_threads_may_not_be_the_film_lives_in_the_channel",
    ),
    _fault(
        31,
        "40005, 413, 50045: too large",
        Where.REST,
        _REST_REFUSES,
        _OPERATION + "a_film_too_large_for_the_channel_is_made_to_fit",
        "journeys/test_delivery.py::test_a_film_that_cannot_be_made_to_fit_is_linked_from_the_object_store",
    ),
    _fault(
        32,
        "50035: an invalid form",
        Where.REST,
        _REST_REFUSES,
        "bot/ui/test_progress.py::test_a_card_that_discord_refuses_is_given_up",
    ),
    _fault(
        33,
        "50007, 50278: no direct messages",
        Where.REST,
        _REST_REFUSES,
        _DELIVERY + "a_dm_that_was_closed_is_not_tried_for_a_day",
    ),
    _fault(
        34,
        "30046: an old message was edited too often",
        Where.REST,
        _REST_PASSES,
        "bot/ui/test_progress.py::test_mere_progress_waits_the_longer_the_older_its_card_and_news_do_not",
    ),
    _fault(35, "20016, 20028: slow mode and the limit of writes", Where.REST, _REST_PASSES),
    _fault(
        36,
        "240000: a link that Discord does not like",
        Where.REST,
        _REST_REFUSES,
        _DELIVERY + "refused_words_are_left_out_and_the_film_comes",
    ),
    _fault(
        37,
        "an upload's address has expired",
        Where.CDN,
        "bot/media/test_download.py::test_an_expired_address_is_gone",
        gap="its owner is asked to attach it once more; the message is not asked for a fresh address",
    ),
    _fault(
        38,
        "an upload comes short, slowly, or without end",
        Where.CDN,
        "bot/media/test_download.py::test_a_connection_that_breaks_leaves_nothing",
        "bot/media/test_download.py::test_a_silent_host_is_given_up",
        "bot/media/test_download.py::test_too_much_unannounced_is_refused_while_it_comes",
    ),
    _fault(
        39,
        "an upload was deleted before it was fetched",
        Where.CDN,
        "bot/media/test_download.py::test_an_expired_address_is_gone",
    ),
    _fault(
        40,
        "commands are not taken, or are those of an older version",
        Where.REST,
        _DOOR,
        "faults/test_interactions.py::test_f40_a_command_of_an_older_version_says_what_to_do",
    ),
    _fault(
        41,
        "a server is away",
        Where.GATEWAY,
        gap="nothing of ours reads that event, so nothing is treated as a kick; no test sends it",
    ),
    _fault(
        42,
        "its owner has left",
        Where.REST,
        gap="nobody looks whether an owner is still there: the film is made and posted",
    ),
)

PROVIDERS = (
    _fault(43, "400: an input", Where.ORDER, _SHOT, _REFUSALS),
    _fault(
        44,
        "401: a key, or what is called so",
        Where.ORDER,
        _SHOT,
        "providers/test_elevenlabs_refusals.py::test_every_refusal_has_its_meaning",
        "journeys/test_bad_input.py::test_every_key_rejected_is_said_and_nothing_is_ordered",
    ),
    _fault(45, "402, or no credits in other words", Where.ORDER, _SHOT, _REFUSALS),
    _fault(46, "403 of a key, a region or a firewall", Where.ORDER, _SHOT, _REFUSALS),
    _fault(
        47,
        "403 at looking while ordering works",
        Where.LOOK,
        _SHOT,
        _CAMERA + "a_key_that_is_refused_by_a_look_is_known_to_the_pool",
    ),
    _fault(
        48,
        "404: the model is gone",
        Where.ORDER,
        _SHOT,
        "journeys/test_degradation.py::test_a_model_that_is_gone_is_answered_with_its_successor_and_its_price",
    ),
    _fault(
        49,
        "404 at looking: the operation is lost",
        Where.LOOK,
        _SHOT,
        _CAMERA + "an_operation_the_service_knows_a_moment_later_is_kept",
    ),
    _fault(
        50,
        "408 or 504 to an order",
        Where.ORDER,
        _SHOT,
        "journeys/test_bad_input.py::test_answers_that_prove_nothing_hold_the_film_and_ask",
    ),
    _fault(51, "409", Where.ORDER, _SHOT, gap="no service of ours says it of an order; it is a refusal like any other"),
    _fault(
        52, "413, 415", Where.ORDER, _SHOT, gap="a request is refused as it is; nothing is scaled down and sent again"
    ),
    _fault(
        53, "429 with a time", Where.ORDER, _SHOT, _POOL + "a_throttled_account_rests_until_the_time_the_provider_names"
    ),
    _fault(
        54,
        "429 of ElevenLabs, of two kinds",
        Where.ORDER,
        "providers/test_elevenlabs_refusals.py::test_a_refused_sound_is_posted_once_and_rests_no_more_than_it_must",
    ),
    _fault(
        55,
        "429 for the day",
        Where.ORDER,
        _SHOT,
        "providers/test_runway.py::test_a_days_limit_binds_the_model_and_is_tried_again_within_the_hour",
    ),
    _fault(
        56,
        "500, 502, 503 to an order",
        Where.ORDER,
        _SHOT,
        "journeys/test_bad_input.py::test_answers_that_prove_nothing_hold_the_film_and_ask",
        "journeys/test_bad_input.py::test_refusals_that_prove_nothing_was_taken_are_sent_again",
    ),
    _fault(57, "5xx at looking and fetching", Where.LOOK, _SHOT),
    _fault(
        58,
        "nothing left: refused, no such name, no connection in time",
        Where.ORDER,
        _NEVER_LEFT,
        "providers/test_transport.py::test_what_never_left_is_unavailable_paid_or_not",
    ),
    _fault(
        59,
        "a reset after an order was sent",
        Where.ORDER,
        _SHOT,
        _CRASH + "an_order_without_an_answer_is_never_repeated",
    ),
    _fault(
        60,
        "silence, or a byte now and then",
        Where.ORDER,
        _SHOT,
        "bot/studio/test_minds.py::test_an_answer_that_trickles_without_end_is_given_up",
        "bot/studio/test_minds.py::test_a_stream_that_trickles_without_end_is_given_up",
    ),
    _fault(61, "half a clip, and addresses that expire", Where.FETCH, _SHOT),
    _fault(
        62,
        "200 with a page, half a JSON or another schema",
        Where.ORDER,
        _SHOT,
        "providers/test_transport.py::test_an_sdk_that_stumbles_over_an_answer_is_unknown_where_it_is_paid",
    ),
    _fault(63, "a success with nothing in it", Where.LOOK, _SHOT),
    _fault(64, "what was made is no video", Where.FETCH, _SHOT),
    _fault(
        65,
        "refused for its content, at the door or later",
        Where.ORDER,
        _SHOT,
        "journeys/test_bad_input.py::test_one_refused_shot_of_five_keeps_the_other_four",
    ),
    _fault(
        66,
        "Gemini ends for a reason, or reads a file badly",
        Where.LOOK,
        "providers/test_gemini.py::test_what_policy_blocks_is_rejected_in_an_answer_and_in_a_stream",
        "providers/test_gemini.py::test_a_file_that_google_cannot_read_is_refused_and_deleted",
        "bot/studio/test_minds.py::test_an_answer_that_does_not_fit_is_asked_for_exactly_once_more",
    ),
    _fault(
        67,
        "an operation that is never over",
        Where.LOOK,
        _SHOT,
        "bot/production/test_latecomers.py::test_a_late_clip_lets_its_held_film_go_on",
    ),
    _fault(
        68,
        "a status nobody has heard of",
        Where.LOOK,
        _SHOT,
        "providers/test_runway.py::test_a_status_never_heard_of_still_runs",
    ),
    _fault(
        69,
        "results that come twice, late or out of order",
        Where.LOOK,
        "bot/production/test_lifecycle.py::test_a_production_ends_once",
        "bot/jobs/test_ledger.py::test_no_order_is_ever_placed_over_another",
    ),
    _fault(
        70, "a forged webhook", Where.LOOK, gap="nothing listens: what a service made is asked for, never told to us"
    ),
    _fault(
        71,
        "an operation looked at with another key",
        Where.LOOK,
        "ratelimit/test_pool.py::test_an_operation_is_polled_with_the_key_that_started_it",
    ),
    _fault(
        72,
        "the key is taken away while its operation runs",
        Where.LOOK,
        _CAMERA + "an_operation_whose_key_was_taken_away_is_held_until_the_key_is_back",
    ),
    _fault(
        73,
        "every key rests",
        Where.POOL,
        _SHOT,
        "ratelimit/test_outlook.py::test_while_every_key_rests_the_first_to_come_back_is_named",
    ),
    _fault(
        74,
        "a rest that nobody could mean",
        Where.POOL,
        _SHOT,
        "ratelimit/test_health.py::test_a_time_that_nobody_could_mean_is_none",
        "providers/test_transport.py::test_a_rest_is_what_the_service_asks_within_reason",
    ),
    _fault(
        75,
        "a service is down for hours",
        Where.POOL,
        "ratelimit/test_health.py::test_a_failing_service_rests_for_a_second_and_each_time_twice_as_long_up_to_the_cap",
        "journeys/test_degradation.py::test_a_film_without_a_service_that_works_offers_another_at_its_price",
    ),
    _fault(
        76,
        "the service charges more, or says that less is left",
        Where.POOL,
        "bot/studio/test_budget.py::test_nobody_is_charged_more_than_the_price_and_the_bot_bears_the_rest",
        "bot/app/test_standings.py::test_an_account_that_is_nearly_used_up_is_told",
    ),
    _fault(
        77,
        "TLS fails, or a proxy wants a password",
        Where.ORDER,
        _SHOT,
        "providers/test_transport.py::test_what_never_left_is_unavailable_paid_or_not",
    ),
    _fault(
        78,
        "an SDK repeats a paid request by itself",
        Where.ORDER,
        "providers/test_runway.py::test_an_order_is_posted_once_whatever_happens_and_its_fate_is_named",
        "providers/test_omni.py::test_an_order_is_posted_once_whatever_happens_and_its_fate_is_named",
        "providers/test_veo.py::test_an_order_is_posted_once_whatever_happens_and_its_fate_is_named",
        "providers/test_elevenlabs.py::test_a_paid_request_is_posted_once_whatever_happens_and_its_fate_is_named",
    ),
)

MACHINE = (
    _fault(
        79,
        "the database is busy",
        Where.DATABASE,
        "bot/app/test_usage.py::test_a_file_that_somebody_else_locked_is_away",
        "bot/jobs/test_ledger.py::test_an_operation_id_is_written_again_until_the_database_answers",
    ),
    _fault(
        80,
        "a reader cannot become a writer",
        Where.DATABASE,
        "bot/db/test_db.py::test_transactions_of_many_tasks_take_turns",
    ),
    _fault(
        81,
        "the disk is full under the database",
        Where.DATABASE,
        "bot/jobs/test_ledger.py::test_nothing_is_ordered_while_the_intent_cannot_be_written",
        _ROWS + "a_full_disk_is_told_as_what_it_is_and_keeps_nothing_half_done",
        _ROWS + "work_waits_for_room_and_goes_on_by_itself",
    ),
    _fault(
        82,
        "the database may not be written",
        Where.DATABASE,
        "bot/test_settings.py::test_a_data_folder_that_cannot_be_used_is_refused",
        _BOOT + "what_may_not_be_written_is_named_with_our_user",
    ),
    _fault(
        83,
        "the database is damaged",
        Where.DATABASE,
        _BOOT + "a_damaged_file_stops_the_start_and_stays_as_it_is",
        _ROWS + "damage_of_any_file_is_raised_once_it_shows",
    ),
    _fault(84, "the database is gone", Where.DATABASE, _BOOT + "a_lost_database_is_not_replaced_by_an_empty_one"),
    _fault(
        85,
        "a migration is killed half-way",
        Where.DATABASE,
        _BOOT + "an_older_schema_is_backed_up_before_it_is_migrated",
        gap="no test kills a migration half-way; all of a start are one transaction",
    ),
    _fault(
        86,
        "the database is of a newer version",
        Where.DATABASE,
        "bot/db/test_db.py::test_a_schema_from_the_future_is_refused",
    ),
    _fault(
        87,
        "ffmpeg is missing, old or cannot encode",
        Where.MEDIA,
        "bot/media/test_ffmpeg.py::test_a_program_that_is_no_ffmpeg_is_named",
        "bot/media/test_ffmpeg.py::test_an_old_ffmpeg_is_named_with_its_version",
        "bot/media/test_ffmpeg.py::test_missing_encoders_are_named",
    ),
    _fault(88, "ffmpeg hangs", Where.MEDIA, "bot/media/test_ffmpeg.py::test_at_its_deadline_nothing_of_it_is_left"),
    _fault(89, "ffmpeg crashes", Where.MEDIA, "bot/media/test_ffmpeg.py::test_a_crash_is_told_by_its_signal"),
    _fault(
        90,
        "ffmpeg outlives the bot",
        Where.MEDIA,
        "bot/media/test_ffmpeg.py::test_it_dies_with_a_bot_that_is_killed",
        "bot/storage/test_files.py::test_the_sweep_removes_what_a_killed_process_left_and_nothing_else",
    ),
    _fault(
        91,
        "clips of every size, rate and turn",
        Where.MEDIA,
        "bot/media/test_clips.py::test_whatever_people_bring_becomes_alike_and_joins_to_its_sum",
        "bot/media/test_clips.py::test_sound_keeps_to_its_picture_over_many_seams",
    ),
    _fault(
        92,
        "the disk is full while a film is cut",
        Where.STORE,
        "bot/media/test_clips.py::test_a_failure_leaves_no_file",
        "bot/storage/test_files.py::test_room_is_refused_below_the_reserve",
        _ROOM + "a_cut_waits_for_room_and_is_done_again_where_it_did_not_suffice",
    ),
    _fault(
        93,
        "the object store is down or refuses",
        Where.STORE,
        "bot/storage/test_objects.py::test_a_store_that_is_down_is_unavailable",
        "bot/storage/test_objects.py::test_a_key_that_is_none_of_ours_is_refused",
    ),
    _fault(
        94,
        "an upload to the object store is killed half-way",
        Where.STORE,
        "bot/storage/test_objects.py::test_a_large_film_goes_in_parts_and_arrives_whole",
        "bot/storage/test_objects.py::test_the_bucket_is_told_to_tidy_up_and_keeps_the_operators_own_rules",
        gap="parts left behind are removed by the rule; no test kills an upload",
    ),
    _fault(
        95,
        "SIGTERM, in every phase, and a second one",
        Where.PROCESS,
        _CRASH + "a_stop_in_the_middle_is_clean_and_the_film_goes_on",
        _CRASH + "a_stop_does_not_wait_for_an_order_that_never_answers",
        _CRASH + "a_stop_during_an_order_waits_for_its_answer",
        "faults/test_process.py::test_f95_a_second_signal_ends_the_process_at_once",
        gap="presses while it drains are not answered; their owner presses again",
    ),
    _fault(
        96,
        "SIGKILL at every step",
        Where.PROCESS,
        _CRASH + "a_film_survives_kill_9",
        _CRASH + "an_order_without_an_answer_is_never_repeated",
        "journeys/test_sound.py::test_killed_while_a_line_is_recorded_it_is_looked_up_and_nothing_is_ordered_twice",
        gap="all steps: `python -m benchmarks.proof.kill_points`",
    ),
    _fault(
        97,
        "the bot is killed for its memory",
        Where.PROCESS,
        _CRASH + "a_film_survives_kill_9",
        "bot/media/test_ffmpeg.py::test_it_is_confined",
    ),
    _fault(
        98,
        "power is lost",
        Where.DATABASE,
        "bot/db/test_db.py::test_a_commit_survives_power_loss_and_foreign_keys_hold",
    ),
    _fault(99, "two bots on the same data", Where.PROCESS, _OPERATION + "a_second_bot_on_the_same_data_stops_politely"),
    _fault(
        100,
        "two bots with the same token elsewhere",
        Where.PROCESS,
        _COMMAND,
        gap="told in the log by 40060; nothing can forbid it",
    ),
    _fault(
        101,
        "a task is cancelled while it writes",
        Where.DATABASE,
        "bot/db/test_db.py::test_a_transaction_cancelled_at_any_moment_is_all_or_nothing",
        "bot/jobs/test_ledger.py::test_an_order_cancelled_while_its_request_is_under_way_still_records_the_answer",
    ),
    _fault(
        102,
        "a fault of ours in a loop or a handler",
        Where.PROCESS,
        "faults/test_process.py::test_f102_a_loop_that_fails_starts_again_more_slowly_and_holds_up_no_other",
        "bot/ui/test_progress.py::test_a_card_that_fails_by_our_fault_hides_no_other_and_is_tried_more_and_more_rarely",
    ),
    _fault(103, "the event loop stands still", Where.PROCESS, _WATCH),
    _fault(
        104,
        "the clock is set",
        Where.PROCESS,
        "bot/ui/test_progress.py::test_a_clock_that_is_set_holds_up_no_card",
        "ratelimit/test_pool_feedback.py::test_a_corrected_wall_clock_moves_no_window",
        "bot/app/test_book.py::test_a_clock_that_was_set_back_shuts_a_window_for_one_period_at_most",
        "bot/production/test_line.py::test_one_who_came_while_the_clock_was_set_back_is_found_by_the_sweep",
    ),
    _fault(
        105,
        "no file may be opened any more",
        Where.PROCESS,
        "faults/test_orders.py::test_f105_an_order_waits_while_nothing_can_be_opened",
        gap="a soak with few descriptors is not run",
    ),
    _fault(106, "names are not found for a while", Where.PROCESS, _NEVER_LEFT),
    _fault(107, "ten thousand people at once", Where.PROCESS, gap="measured in benchmarks/load"),
    _fault(
        108,
        "a day with all faults at five in a hundred",
        Where.PROCESS,
        gap="not run; the storm of kills and faults in benchmarks/proof is minutes to an hour long",
    ),
    _fault(
        109,
        "the log's disk is full, or nobody reads it",
        Where.PROCESS,
        "faults/test_process.py::test_f109_nobody_waits_for_a_log_that_nobody_reads_and_what_was_dropped_is_counted",
        "faults/test_process.py::test_f109_a_disk_that_is_full_costs_lines_and_nothing_else",
    ),
    _fault(
        110,
        "the settings",
        Where.SETTINGS,
        "faults/test_settings.py::test_f110_a_fault_is_told_beside_all_others_without_its_value",
        "faults/test_settings.py::test_f110_every_fault_of_a_bad_day_is_told_at_once",
        "bot/test_settings.py::test_a_network_drive_is_refused",
        gap="a secret's file that all may read is taken: containers mount theirs so",
    ),
)

FAULTS = (*DISCORD, *PROVIDERS, *MACHINE)
