"""policy.toml: every key is known, and one that is not sets the whole file aside."""

from datetime import date

import pytest

from connectors.sheet.policy import THRESHOLDS, policy
from hub.errors import MappingError

HEAD = 'version = 2\neffective_from = 2026-01-01\nbase_currency = "CNY"\n'


def test_the_three_required_keys_are_enough() -> None:
    version = policy("\ufeff" + HEAD)
    assert (version.version, version.effective_from, version.base_currency) == (2, date(2026, 1, 1), "CNY")
    assert (version.timezone, version.body) == ("UTC", {})


def test_the_rest_of_the_document_is_kept_as_it_was_written() -> None:
    version = policy(
        HEAD + 'timezone = "Asia/Shanghai"\n[sla]\nholidays = [2026-10-01]\n[severity]\nweights = { impact = 30.5 }\n'
    )
    assert version.timezone == "Asia/Shanghai"
    assert version.body == {"sla": {"holidays": ["2026-10-01"]}, "severity": {"weights": {"impact": 30.5}}}


@pytest.mark.parametrize("rule", THRESHOLDS)
def test_each_rule_has_its_thresholds(rule: str) -> None:
    lines = [f"{key} = 1" for key in (*THRESHOLDS[rule], "alert_min_events") if key != "reference"]
    policy(HEAD + f"[thresholds.{rule}]\n" + "\n".join(lines))
    policy(HEAD + f'[[override]]\nrule = "{rule}"\nregion = "CN"\nalert_min_events = 3\n')


@pytest.mark.parametrize(
    ("text", "key", "code"),
    [
        ("effective_from = 2026-01-01\nbase_currency = 'CNY'", "version", "missing"),
        ("version = 1\nbase_currency = 'CNY'", "effective_from", "missing"),
        ("version = 1\neffective_from = 2026-01-01", "base_currency", "missing"),
        ("version = 0", "version", "out_of_range"),
        ("version = true", "version", "bad_int"),
        ("effective_from = '2026-01-01'", "effective_from", "bad_date"),
        ("effective_from = 2026-01-01T00:00:00Z", "effective_from", "bad_date"),
        ("base_currency = 'RMB'", "base_currency", "bad_currency"),
        ("base_currency = ['CNY']", "base_currency", "bad_currency"),
        ("timezone = 'Mars/Base'", "timezone", "out_of_range"),
        ("timezone = 3", "timezone", "out_of_range"),
        ("colour = 'red'", "colour", "bad_enum"),
        (HEAD + "thresholds = 3", "thresholds", "out_of_range"),
        (HEAD + "[thresholds.cross_region_sale]\nmin_unit = 3", "thresholds.cross_region_sale.min_unit", "bad_enum"),
        (HEAD + "[thresholds.cross_region_sale]\nmin_units = -3", "thresholds.cross_region_sale.min_units", "out_of_range"),
        (HEAD + "[thresholds.cross_region_sale]\nmin_units = 'x'", "thresholds.cross_region_sale.min_units", "bad_decimal"),
        (
            HEAD + "[thresholds.tier_inversion.reference]\nagent = 'cost'",
            "thresholds.tier_inversion.reference.agent",
            "bad_enum",
        ),
        (HEAD + "[thresholds.crossing]\nx = 1", "thresholds.crossing", "bad_enum"),
        (HEAD + "[[override]]\nmin_units = 3", "override[0].rule", "missing"),
        (HEAD + "[[override]]\nrule = 'oversell'\nregion = 'CN'", "override[0]", "missing"),
        (HEAD + "[[override]]\nrule = 'oversell'\nmin_units = 3", "override[0].min_units", "bad_enum"),
        (HEAD + "[[override]]\nrule = ['oversell']", "override[0].rule", "bad_enum"),
        (HEAD + "[override]\nrule = 'oversell'", "override", "out_of_range"),
        (HEAD + "[jurisdiction]\nregions = { CN = 'Mars' }", "jurisdiction.regions.CN", "bad_enum"),
        (HEAD + "[jurisdiction]\nmarket_share_band = 'some'", "jurisdiction.market_share_band", "bad_enum"),
        (HEAD + "[jurisdiction.profile.CN]\nprice_rules = 'on'", "jurisdiction.profile.CN.price_rules", "bad_enum"),
        (HEAD + "[channels]\ntmall = 'retail'", "channels.tmall", "bad_enum"),
        (HEAD + "[distribution]\nX = true", "distribution.X", "bad_enum"),
        (HEAD + "[programs.Q1]\nstackable = 'yes'", "programs.Q1.stackable", "bad_bool"),
        (HEAD + "[severity.caps]\nbenign = 101", "severity.caps.benign", "out_of_range"),
        (HEAD + "[alerts]\nquiet = '21-7'", "alerts.quiet", "out_of_range"),
        (HEAD + "[alerts]\nalways = ['all']", "alerts.always[0]", "bad_enum"),
        (HEAD + "[alerts]\ndefault = ''", "alerts.default", "bad_code"),
        (HEAD + "[sla]\ntriaged = 1.5", "sla.triaged", "bad_int"),
        (HEAD + "[privacy]\ndominance_max = 1.5", "privacy.dominance_max", "out_of_range"),
        (HEAD + "[privacy]\nk_min = nan", "privacy.k_min", "bad_int"),
    ],
)
def test_a_bad_key_or_value_is_named(text: str, key: str, code: str) -> None:
    with pytest.raises(MappingError) as error:
        policy(text)
    assert (error.value.field, error.value.code) == (key, code)


def test_a_profile_of_ones_own_can_be_named() -> None:
    policy(HEAD + "[jurisdiction]\nregions = { AU = 'strict' }\n[jurisdiction.profile.strict]\nexclusive_max_holders = 1\n")


@pytest.mark.parametrize("text", ["version = ", "[" * 5000, "x = " + "9" * 5000, "\0"])
def test_what_is_no_toml_is_undecodable(text: str) -> None:
    with pytest.raises(MappingError) as error:
        policy(text)
    assert error.value.code == "undecodable"
