"""docs/rate-limiting.md tells the truth: every setting of the pools with its numbers, every metric by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.ops.metrics import exposition
from bot.settings.services import PROVIDERS, Provider
from bot.settings.variables import VARIABLES
from ratelimit import DEFAULTS, Counters, Throttled
from tests.bot.status.well import WELL

PAGE = (Path(__file__).parents[2] / "docs" / "rate-limiting.md").read_text(encoding="utf-8")
#: The table of settings: by the end of a variable's name, what stands in its row.
ROWS = {
    row[0]: row[1:]
    for row in (
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith(("| `…_", "| setting | what it does | range | Gemini"))
    )
}
HEAD = ROWS["setting"]
#: Not about limits, or told elsewhere.
APART = {"…_BASE_URL"}


def cell(variable: str, provider: Provider) -> str:
    return ROWS[variable][HEAD.index(provider.title.removeprefix("Google "))]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_setting_of_a_service_is_told_with_what_is_assumed_without_it(provider: Provider) -> None:
    ours = {name: each for name, each in VARIABLES.items() if name.startswith(f"{provider.prefix}_")}
    ends = {f"…_{name.removeprefix(f'{provider.prefix}_')}": each for name, each in ours.items()}
    told = {end for end in ROWS if end != "setting" and (cell(end, provider) or end in {"…_API_KEYS", "…_LIMITS"})}
    numbered = {end for end, each in ends.items() if each.numbered}

    assert told == ends.keys() - APART - numbered
    for end in told - {"…_API_KEYS", "…_LIMITS"}:
        low, high = ends[end].between or (None, None)
        assert ROWS[end][1] == f"{low} to {high}", end
        assert cell(end, provider) == (ends[end].assumed or "").removesuffix(" number"), end


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_what_is_assumed_is_what_the_pools_are_built_with(provider: Provider) -> None:
    defaults = DEFAULTS[provider.name]
    (rate,) = defaults.limits.account.rates

    assert cell("…_REQUESTS_PER_MINUTE", provider) == str(rate.requests)
    assert cell("…_COOLDOWN_SECONDS", provider) == f"{defaults.cooldown:g}"
    if provider.has_tokens:
        assert cell("…_MAX_RETRIES", provider) == str(defaults.max_retries)
        assert cell("…_BACKOFF_SECONDS", provider) == f"{defaults.backoff:g}"
    rooms = {each.room for each in defaults.limits.every() if each.room is not None}
    assert cell("…_ROOM", provider).startswith("".join(map(str, rooms)) or "any")


@pytest.mark.parametrize("name", [name for name in VARIABLES if name.startswith("POOL_")])
def test_every_setting_of_all_pools_is_told_with_its_range_and_default(name: str) -> None:
    low, high = VARIABLES[name].between or (None, None)

    assert re.search(rf"\| `{name}` \|.*\| {low} to {high} \| {VARIABLES[name].default} \|", PAGE)


def test_every_metric_of_keys_windows_and_lines_is_told_and_no_other() -> None:
    counters = Counters()
    counters.learned("key", Throttled())
    text = exposition(WELL, {"runway": counters}).decode()
    names = set(re.findall(r"^# HELP (greenlight_(?:key|account|model|window|lease|verdicts)\w*)", text, re.MULTILINE))

    assert set(re.findall(r"greenlight_(?:key|account|model|window|lease|verdicts)\w*", PAGE)) == names


def test_the_packages_own_page_says_what_each_module_is_for() -> None:
    package = Path(__file__).parents[2] / "ratelimit"
    rows = [line for line in (package / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert {path.stem for path in package.glob("*.py")} - {"__init__"} <= told
