"""Checks the promises from outside: the bot's rows, the services' own log and accounts, and what people saw.

It shares no code with what it checks but the names of tables and states, and the list of prices.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.proof.records import Row, Rows, Taken, charged, taken, words_of
from sandbox.discord.reading import buttons_of, mentioned, text_of

if TYPE_CHECKING:
    from sandbox.world import World  # half of Discord comes with it, and some want the rest alone

#: States of an order: surely taken, perhaps taken, surely not; and taken without a result, so that another may follow.
BOUGHT = {"submitted", "done", "failed", "found"}
UNSURE = {"intent", "unknown", "lost"}
MAY_FOLLOW = {"failed", "lost", "refused"}
OVER = {"held", "done", "failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was not kept."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


def unfinished(rows: Rows) -> list[str]:
    """What was accepted and has no visible end yet."""
    waits = [f"project {row['id']}" for row in rows("SELECT id FROM projects WHERE state = 'new'")]
    waits += [f"turn {row['id']}" for row in rows("SELECT id FROM turns WHERE reply IS NULL OR shown = 0")]
    query = """SELECT id, state FROM productions
               WHERE delivered_at IS NULL OR state NOT IN ('held', 'done', 'failed', 'cancelled')"""
    return [*waits, *(f"production {row['id']} ({row['state']})" for row in rows(query))]


def check(rows: Rows, data: Path | None, world: World) -> list[Breach]:
    """Everything that is not as promised, once the bot is quiet; `data` where a killed process's leavings are swept."""
    found = [Breach("lost", each) for each in unfinished(rows)]
    calls = rows("SELECT * FROM paid_calls ORDER BY key")
    productions = rows("SELECT * FROM productions")
    orders = taken(world)
    found += attempts(calls)
    found += bought(known_words(rows, productions, calls), orders)
    for service, amount in charged(world, orders).items():
        found += balance(service, [call for call in calls if call["provider"] == service], amount)
    found += settled(productions, calls, {row["id"]: row for row in rows("SELECT * FROM reservations")})
    found += closed(productions, calls, shots_left_out(rows))
    by_project = defaultdict(list)
    for production in productions:
        by_project[production["project_id"]].append(production)
    spoken: dict[int, list[Row]] = {}
    for project in rows("SELECT id, thread_id, channel_id FROM projects"):
        for channel in {int(project["thread_id"] or project["channel_id"]), int(project["channel_id"])} - spoken.keys():
            spoken[channel] = world.discord.messages(channel)
        thread = spoken[int(project["thread_id"] or project["channel_id"])]
        found += said_once(thread)
        seen = thread if project["thread_id"] is None else [*thread, *spoken[int(project["channel_id"])]]
        for production in by_project[project["id"]]:
            found += told(production, seen)
            found += asked(production, seen, calls)
    if data is not None:
        found += [Breach("left behind", path.name) for path in (data / "work").glob("*")]
    return found


def known_words(rows: Rows, productions: Sequence[Row], calls: Sequence[Row]) -> list[tuple[Row, str]]:
    """Every order's row with the words it was to ask for; "" where no plan tells."""
    plans = {(row["project_id"], row["version"]): json.loads(row["plan"]) for row in rows("SELECT * FROM plans")}
    words = {
        (production["id"], part): said
        for production in productions
        for part, said in words_of(plans[production["project_id"], production["version"]])
    }
    return [(call, words.get((call["job"], _part(call["key"])), "")) for call in calls]


def attempts(calls: Sequence[Row]) -> Iterator[Breach]:
    """Each part of a film was ordered again only where the order before came to nothing, or was given up."""
    parts = defaultdict(list)
    for call in calls:
        parts[call["job"], _part(call["key"])].append(call)
    for (job, part), tries in parts.items():
        tries.sort(key=lambda call: int(call["key"].rsplit("/", 1)[1]))
        for earlier in tries[:-1]:
            if earlier["state"] not in MAY_FOLLOW:
                yield Breach("bought twice", f"{job}/{part} was ordered again after one that is {earlier['state']}")


def bought(calls: Iterable[tuple[Row, str]], orders: Iterable[Taken]) -> Iterator[Breach]:
    """Of each thing asked for a service took as many orders as there are rows that say so, but for the unsure ones."""
    known: Counter[tuple[str, str]] = Counter()
    unsure: Counter[tuple[str, str]] = Counter()
    for call, words in calls:
        known[call["provider"], words] += call["state"] in BOUGHT
        unsure[call["provider"], words] += call["state"] in UNSURE
    # What is asked begins with the plan's words; the longest that fit are its own.
    beginnings = sorted(known, key=lambda each: -len(each[1]))
    accepted: Counter[tuple[str, str]] = Counter()
    for order in orders:
        own = next((each for each in beginnings if each[0] == order.service and order.words.startswith(each[1])), None)
        if own is None:
            yield Breach("bought unasked", f"{order.service}: {order.words[:60]}")
        else:
            accepted[own] += 1
    for name in known:
        least, most = known[name], known[name] + unsure[name]
        if accepted[name] > most:
            yield Breach("bought twice", f"{name[0]} took {accepted[name]} orders, not {most}: {name[1][:60]}")
        elif accepted[name] < least:
            yield Breach("ledger", f"{name[0]} took {accepted[name]} orders, not {least}: {name[1][:60]}")


def balance(service: str, calls: Sequence[Row], amount: int) -> Iterator[Breach]:
    """The ledger's sum is what was charged, but for orders without an answer: some of those were taken, or none."""
    known = sum(call["price_microusd"] for call in calls if call["state"] in BOUGHT)
    possible = {known}
    for call in calls:
        if call["state"] in UNSURE:
            possible |= {amount + call["price_microusd"] for amount in possible}
    if amount not in possible:
        yield Breach("money", f"{service} charged {amount}, the ledger says {known} of {max(possible)} at most")


def settled(productions: Sequence[Row], calls: Sequence[Row], reservations: Mapping[str, Row]) -> Iterator[Breach]:
    """What is over was charged what its orders cost, at most its price; what may go on keeps its price aside."""
    for production in productions:
        kept = reservations.get(production["id"])
        if kept is None or kept["reserved_microusd"] != production["price_microusd"]:
            yield Breach("money", f"{production['id']} costs {production['price_microusd']}, kept aside is {kept}")
            continue
        mine = [call for call in calls if call["job"] == production["id"]]
        cost = sum(call["price_microusd"] for call in mine if call["state"] in BOUGHT)
        expected = None
        if production["state"] in OVER - {"held"}:
            expected = min(cost, production["price_microusd"])
        if kept["settled_microusd"] != expected:
            state, charge = production["state"], kept["settled_microusd"]
            yield Breach("money", f"{production['id']} is {state} and was charged {charge}, not {expected}")
        lost = sum(call["price_microusd"] for call in mine if call["state"] in UNSURE)
        if expected is not None and kept["written_off_microusd"] < lost + cost - expected:
            yield Breach("money", f"{production['id']} may have lost {lost}, not {kept['written_off_microusd']}")


def closed(productions: Sequence[Row], calls: Sequence[Row], left_out: Collection[tuple[str, str]]) -> Iterator[Breach]:
    """Nothing that is over takes room at a service, and what is done has seen each of its orders end.

    But for the shots that its owner chose to do without, given as production and number.
    """
    states = {production["id"]: production["state"] for production in productions}
    for call in calls:
        state = states.get(call["job"])
        if call["open"] and state in OVER:
            yield Breach("left open", f"{call['key']} of a film that is {state}")
        if call["state"] == "submitted" and state == "done" and (call["job"], _part(call["key"])) not in left_out:
            yield Breach("left open", f"{call['key']} was never seen to end")


def shots_left_out(rows: Rows) -> set[tuple[str, str]]:
    found = rows("SELECT production_id, shot FROM takes WHERE state = 'left_out'")
    return {(row["production_id"], str(row["shot"])) for row in found}


def told(production: Row, messages: Sequence[Row]) -> Iterator[Breach]:
    """The end of each run was told once, to its owner; of a cancellation its own button tells."""
    name, state, last = production["id"], production["state"], production["run"]
    for run in range(1, last + 1):
        ends = [message for message in messages if _tells_end(message, name, run)]
        if len(ends) > 1:
            yield Breach("told twice", f"{len(ends)} messages tell the end of {name}, run {run}")
        if any(not mentioned(message, int(production["owner_id"])) for message in ends):
            yield Breach("told", f"the end of {name} does not mention its owner")
        if run < last or state not in OVER or (state == "cancelled" and not production["failure"]):
            continue
        if not ends:
            yield Breach("told", f"nobody was told the end of {name} ({state})")
        elif state == "done" and not ends[0]["attachments"]:
            yield Breach("told", f"{name} is done, and no film is shown")


def asked(production: Row, messages: Sequence[Row], calls: Sequence[Row]) -> Iterator[Breach]:
    """A film is held only where an order went unanswered or was not seen to end, and its owner can choose."""
    if production["state"] != "held":
        return
    states = {call["state"] for call in calls if call["job"] == production["id"]}
    if not states & {"unknown", "submitted"}:
        yield Breach("held", f"{production['id']} waits for its owner, and no order went unanswered: {sorted(states)}")
    offered = {
        button["custom_id"].split(":")[1]
        for message in messages
        for button in buttons_of(message)
        if production["id"] in button["custom_id"]
    }
    if not {"again", "stop"} <= offered:
        yield Breach("held", f"{production['id']} waits for its owner, who can press {sorted(offered)}")


def said_once(messages: Sequence[Row]) -> Iterator[Breach]:
    """No words of ours stand twice in a thread, and nobody is answered twice."""
    ours = [message for message in messages if message["author"].get("bot")]
    for words, times in Counter(map(text_of, ours)).items():
        if words and times > 1:
            yield Breach("told twice", words[:80])
    references = (message.get("message_reference") or {} for message in ours)
    answers = Counter(reference["message_id"] for reference in references if "message_id" in reference)
    for message_id, times in answers.items():
        if times > 1:
            yield Breach("told twice", f"{times} answers to message {message_id}")


def _tells_end(message: Row, production_id: str, run: int) -> bool:
    again = f"-{run}" if run > 1 else ""
    if not message["author"].get("bot"):
        return False
    if any(file["filename"] == f"greenlight-{production_id}{again}.mp4" for file in message["attachments"]):
        return True
    return re.search(rf"(·|-#) {production_id[:8]}{again}$", message["content"], re.MULTILINE) is not None


def _part(key: str) -> str:
    return key.split("/")[1]
