"""`python -m benchmarks.conflicts generate|run|score DIR`; README.md beside this file tells what the files hold."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from benchmarks.conflicts.generate import generate, read_facts
from benchmarks.conflicts.label import LABELS, Found, Label, read_rows, write_rows
from benchmarks.conflicts.score import Score, score
from benchmarks.conflicts.trial import Trial, judge

STATISTICAL = ("channel_stuffing", "quantity_anomaly", "unit_mapping_suspect")
GOAL = 0.99
FINDINGS = "findings.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked; 1 when a deterministic rule misses the goal or a unit error raised a price alert."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conflicts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("generate", help="write sheets and labels into an empty folder")
    making.add_argument("folder", type=Path, metavar="DIR")
    making.add_argument("--seed", type=int, default=1, help="the same seed gives the same files")
    making.add_argument("--size", type=int, default=100, help="rounds; each plants every kind once")
    making.add_argument("--sales", type=Path, metavar="DIR", help="plant into the sales of this folder of sheets")
    for name, text in (("run", "let the hub judge the folder, and score it"), ("score", "score the findings of any system")):
        command = commands.add_parser(name, help=text)
        command.add_argument("folder", type=Path, metavar="DIR")
        command.add_argument("--json", type=Path, metavar="FILE", help="write the score there")
        command.add_argument(
            "--findings", type=Path, metavar="FILE", required=name == "score",
            help="one finding a line" if name == "score" else "write the findings there",
        )  # fmt: skip
    asked = parser.parse_args(arguments)
    if asked.command == "generate":
        facts = generate(asked.folder, seed=asked.seed, size=asked.size, given=asked.sales)
        print(
            f"{facts.conflicts:,} conflicts and {facts.look_alikes:,} look-alikes among {facts.order_lines:,} order lines in "
            f"{asked.folder}; judge as of {facts.at:%Y-%m-%dT%H:%MZ}"
        )
        return 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    labels = read_rows(asked.folder / LABELS, Label)
    if asked.command == "score":
        told = score(labels, read_rows(asked.findings, Found))
    else:
        trial = asyncio.run(judge(asked.folder, read_facts(asked.folder)))
        told = score(labels, trial.findings)
        if asked.findings:
            write_rows(asked.findings, trial.findings)
        tell_trial(trial)
    tell(told)
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    return int(bool(short_of_goal(told)) or told.price_alerts_from_unit_errors > 0)


def short_of_goal(told: Score) -> list[str]:
    """Return the deterministic rules that are less precise or find less than they should."""
    return [
        one.rule for one in told.rules
        if one.rule not in STATISTICAL and min(one.precision or 0, one.recall or 0) < GOAL
    ]  # fmt: skip


def tell_trial(trial: Trial) -> None:
    """Print what was loaded and by which thresholds the statistical rules judged."""
    print(f"{trial.loaded:,} records loaded, {trial.rejected:,} set aside")
    for rule in STATISTICAL:
        limits = ", ".join(f"{name} {value}" for name, value in trial.thresholds.get(rule, {}).items())
        print(f"{rule}: {limits or 'no thresholds'}")
    for rule, reason in trial.not_run.items():
        print(f"{rule} did not run: {reason}")


def tell(told: Score) -> None:
    """Print the score."""
    head = "rule, conflicts, found, right class, look-alikes, flagged, unlabelled, info, precision, of labelled, recall"
    rows = [tuple(head.split(", "))]
    for one in told.rules:
        rows.append((
            one.rule + (" (statistical)" if one.rule in STATISTICAL else ""), str(one.conflicts), str(one.found),
            str(one.right_class), str(one.look_alikes), str(one.look_alikes_flagged), str(one.unlabelled), str(one.informing),
            shown(one.precision), shown(one.precision_labelled), shown(one.recall),
        ))  # fmt: skip
    print("\n" + table(rows))
    kinds = [("rule", "look-alike", "planted", "flagged", "as expected")]
    kinds += [(one.rule, one.kind, str(one.planted), str(one.flagged), str(one.as_expected)) for one in told.look_alikes]
    print("\n" + table(kinds))
    for name, lines in (("missed", told.missed), ("wrongly flagged", told.wrongly_flagged), ("unlabelled", told.unlabelled)):
        for line in lines[:20]:
            print(f"{name}: {line}")
        if len(lines) > 20:
            print(f"{name}: {len(lines) - 20:,} more")
    print(f"price alerts raised by unit errors: {told.price_alerts_from_unit_errors}")
    short = short_of_goal(told)
    print(f"deterministic rules below {GOAL:.2f}: {', '.join(short) or 'none'}")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place and cell.replace(".", "").isdigit() else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def shown(value: float | None) -> str:
    """Return a share with four digits."""
    return "-" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    sys.exit(main())
