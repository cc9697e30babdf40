"""What counts as found, missed and wrongly flagged."""

import pytest

from jobs.demo.verdict import judge
from jobs.demo.world import Plant

CONFLICT = Plant("cross_region_sale", ("brand", "O1", "1", "WEST"), "suspected", "far away", full=True)
BORDER = Plant("cross_region_sale", ("brand", "O2", "1", "WEST"), "natural", "next door")
RETURNED = Plant("cross_region_sale", ("brand", "O3", "1", ""), None, "all came back")
OBSERVED = Plant("below_policy_offer", ("brand", "L1", "2026-03"), "below_policy", "low", full=True, mode="observe")


def row(plant: Plant, **other: object) -> dict[str, object]:
    found = {
        "rule": plant.rule,
        "parts": list(plant.parts),
        "classification": plant.classification,
        "is_full": plant.full,
        "mode": plant.mode,
    }
    return found | other


def test_all_as_planted_is_good() -> None:
    verdict = judge([CONFLICT, BORDER, RETURNED, OBSERVED], [row(CONFLICT), row(BORDER), row(OBSERVED)])
    assert verdict.good
    assert (verdict.planted, verdict.found, verdict.look_alikes, verdict.misread) == (2, 2, 2, ())


@pytest.mark.parametrize("rows", [[], [row(CONFLICT, classification="minor", is_full=False)], [row(CONFLICT, mode="observe")]])
def test_a_conflict_that_is_not_found_as_it_is_was_missed(rows: list[dict[str, object]]) -> None:
    assert len(judge([CONFLICT], rows).missed) == 1


def test_a_full_finding_that_nobody_planted_is_wrongly_flagged() -> None:
    flagged = row(BORDER, classification="suspected", is_full=True)
    verdict = judge([CONFLICT, BORDER], [row(CONFLICT), flagged])
    assert len(verdict.wrongly_flagged) == 1
    assert not verdict.good


def test_a_sale_that_should_leave_nothing_is_misread_whoever_is_named_as_holder() -> None:
    found = row(RETURNED, parts=["brand", "O3", "1", "EAST"], classification="minor")
    verdict = judge([RETURNED], [found])
    assert len(verdict.misread) == 1
    assert verdict.good
