"""`python -m benchmarks.pool [scenario …] [--quick]`: how good the key pool is, against the aims and beside its peers.

Ratios within one run may be trusted; microseconds belong to the machine and the hour.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time

from benchmarks.pool.findings import Claim, Findings, render

SCENARIOS = (
    "eight_keys",
    "minute_edge",
    "saturated",
    "whale",
    "urgent",
    "preparing",
    "bad_key",
    "overhead",
    "crowd",
    "cancelled",
    "restart",
    "processes",
)


def measure(scenario: str, *, quick: bool) -> Findings:
    findings: Findings = importlib.import_module(f"benchmarks.pool.{scenario}").measure(quick=quick)
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pool", description=__doc__)
    parser.add_argument("scenario", nargs="*", metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--quick", action="store_true", help="small and rough: whether it runs, not how well")
    chosen = parser.parse_args()
    for name in chosen.scenario:
        if name not in SCENARIOS:
            parser.error(f"there is no scenario {name}; there are {', '.join(SCENARIOS)}")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
    claims: list[Claim] = []
    for scenario in chosen.scenario or SCENARIOS:
        began = time.perf_counter()
        findings = measure(scenario, quick=chosen.quick)
        claims += findings.claims
        print(f"[{scenario}] {render(findings)}\n  ({time.perf_counter() - began:.1f} s)\n", flush=True)
    met = sum(claim.is_met for claim in claims)
    unknown = sum(claim.measured is None for claim in claims)
    print(f"{met} of {len(claims)} met, {len(claims) - met - unknown} short, {unknown} not measured yet")
    return 0


if __name__ == "__main__":
    sys.exit(main())
