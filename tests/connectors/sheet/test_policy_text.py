"""A policy that is written is read as it was."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.sheet.policy import policy
from connectors.sheet.policy_text import policy_text
from hub.records import PolicyVersion

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
NUMBERS = st.integers(0, 2**53) | st.floats(0, 1e300)
DAYS = st.dates().map(date.isoformat)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.dictionaries(NAMES, st.sampled_from(["trade", "consumer"]), max_size=3),
        "programs": st.dictionaries(NAMES, st.fixed_dictionaries({"stackable": st.booleans()}), max_size=3),
        "thresholds": st.fixed_dictionaries({"cross_region_sale": st.fixed_dictionaries({"min_units": NUMBERS})}),
        "override": st.lists(
            st.fixed_dictionaries({
                "rule": st.just("below_policy_offer"), "tol": NUMBERS, "region": NAMES.filter(lambda name: name.strip() != ""),
            }),
            max_size=2,
        ),
        "sla": st.fixed_dictionaries({"triaged": st.integers(0, 9)}, optional={"holidays": st.lists(DAYS, max_size=3)}),
    },
)  # fmt: skip


@given(BODIES, st.integers(1, 2**31 - 1), st.dates())
def test_what_is_written_is_read_as_it_was(body: dict[str, Any], number: int, day: date) -> None:
    version = PolicyVersion(version=number, effective_from=day, base_currency="CNY", timezone="Asia/Shanghai", body=body)
    assert policy(policy_text(version)) == version
