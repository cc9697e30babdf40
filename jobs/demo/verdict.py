"""What was planted against what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from jobs.demo.world import Plant


class Verdict(Struct, frozen=True):
    """How detection did. `missed` are conflicts not found as they are, `wrongly_flagged` full findings nobody planted.

    `misread` are look-alikes that got another information class than theirs, or one where none was due.
    """

    planted: int
    found: int
    missed: tuple[str, ...]
    wrongly_flagged: tuple[str, ...]
    look_alikes: int
    misread: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Say whether all that was planted was found, and nothing else."""
        return not self.missed and not self.wrongly_flagged


def judge(plants: Sequence[Plant], findings: Sequence[Mapping[str, Any]]) -> Verdict:
    """Compare the plants with the findings of the hub."""
    by_key = {(row["rule"], tuple(row["parts"])): row for row in findings}
    conflicts = [plant for plant in plants if plant.conflict]
    full = {(plant.rule, plant.parts) for plant in conflicts if plant.full}
    missed = [plant for plant in conflicts if not same(plant, by_key.get((plant.rule, plant.parts)))]
    wrongly = [key for key, row in by_key.items() if row["is_full"] and key not in full]
    others = [plant for plant in plants if not plant.conflict]
    misread = [plant for plant in others if not respected(plant, by_key)]
    return Verdict(
        planted=len(conflicts),
        found=len(conflicts) - len(missed),
        missed=tuple(named(plant.rule, plant.parts, plant.story) for plant in missed),
        wrongly_flagged=tuple(named(rule, parts, by_key[rule, parts]["classification"]) for rule, parts in wrongly),
        look_alikes=len(others),
        misread=tuple(named(plant.rule, plant.parts, plant.story) for plant in misread),
    )


def same(plant: Plant, row: Mapping[str, Any] | None) -> bool:
    """Say whether a finding is what the plant asks for."""
    wanted = (plant.classification, plant.full, plant.mode)
    return row is not None and (row["classification"], row["is_full"], row["mode"]) == wanted


def respected(plant: Plant, by_key: Mapping[tuple[str, tuple[str, ...]], Mapping[str, Any]]) -> bool:
    """Say whether a look-alike has the information class it should have, or none."""
    if plant.classification is not None:
        row = by_key.get((plant.rule, plant.parts))
        return row is not None and row["classification"] == plant.classification
    # A sale that leaves nothing has no holder to be named; its other parts must not occur.
    parts = tuple(part for part in plant.parts if part)
    return not any(rule == plant.rule and found[: len(parts)] == parts for rule, found in by_key)


def named(rule: str, parts: Sequence[str], why: str) -> str:
    """Return a line that names a finding."""
    return f"{rule} {'/'.join(parts)}: {why}"
