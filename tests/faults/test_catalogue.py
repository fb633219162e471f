"""Every fault of the catalogue has a proof that exists, or says what is missing."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.faults.catalogue import FAULTS, Fault
from tests.faults.threats import THREATS, Threat

TESTS = Path(__file__).parents[1]


@cache
def _tests_in(module: str) -> frozenset[str]:
    path = TESTS / module
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in tree.body if isinstance(node, functions) and node.name.startswith("test_"))


def test_there_are_110_each_once_in_order() -> None:
    assert [fault.number for fault in FAULTS] == list(range(1, 111))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"F{fault.number}")
def test_a_fault_has_a_proof_that_exists_or_says_what_is_missing(fault: Fault) -> None:
    assert fault.tried or fault.gap
    for proof in fault.tried:
        module, _, name = proof.partition("::")
        assert name in _tests_in(module), f"there is no {proof}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"F{fault.number}")
def test_a_table_of_cases_that_is_to_try_a_fault_has_a_case_of_it(fault: Fault) -> None:
    named = re.compile(rf"\b[Ff]{fault.number}\b|_f{fault.number}_")
    for proof in fault.tried:
        module, _, name = proof.partition("::")
        if module.startswith("faults/") and not re.search(rf"_f{fault.number}_", name):
            assert named.search((TESTS / module).read_text(encoding="utf-8")), (
                f"{module} has no case of F{fault.number}"
            )


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.id)
def test_a_threat_has_a_proof_that_exists_or_says_what_is_missing(threat: Threat) -> None:
    assert threat.tried or threat.gap
    for proof in threat.tried:
        module, _, name = proof.partition("::")
        assert name in _tests_in(module), f"there is no {proof}"


def test_what_the_documentation_counts_is_so() -> None:
    told = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
    tried, gaps = sum(bool(fault.tried) for fault in FAULTS), sum(bool(fault.gap) for fault in FAULTS)

    assert f"{tried} of the {len(FAULTS)} faults are tried" in told
    assert f"{gaps} say what is missing" in told
    assert f"{sum(bool(threat.tried) for threat in THREATS)} of {len(THREATS)} threats" in told
