"""policy.toml: one version of the policy, taken whole or not at all.

Every key is known here, so that a misspelt threshold is found when the file is read and not when a rule stays silent.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.sheet.currencies import CURRENCIES
from hub.errors import MappingError
from hub.records import PolicyVersion

Check = Callable[[str, Any], None]

# What R1 needs to alert, every rule may set.
ALERTING = ("alert_min_events", "alert_window_days")
THRESHOLDS: Mapping[str, tuple[str, ...]] = {
    "cross_region_sale": ("border_units", "price_tol", "min_units", "min_share"),
    "serial_diversion": ("min_serials", "min_lot_share", "border_serials", "max_accuracy_km"),
    "below_policy_offer": ("tol", "tol_recommended"),
    "tier_inversion": ("tol", "min_lines", "min_pack_units", "reference"),
    "cross_channel_gap": ("gap", "min_n", "consumer_bulk_units"),
    "territory_overlap": (),
    "account_clash": (),
    "duplicate_claim": ("amount_tol", "days"),
    "duplicate_sale": ("amount_tol", "days"),
    "over_claim": ("tol",),
    "oversell": ("max_stock_age_hours",),
    "channel_stuffing": ("ratio", "months", "history", "min_history", "quarter_end_share"),
    "inventory_imbalance": ("pct",),
    "unknown_seller": ("window_days",),
    "quantity_anomaly": ("history", "min_n", "z", "factor", "min_units"),
    "unit_mapping_suspect": (),
}
PROFILES = frozenset({"default", "EEA", "UK", "CN", "US"})
PRICE_KINDS = ("factory", "wholesale", "retail", "map", "msrp")
PARTNER_TYPES = ("distributor", "agent", "reseller", "retailer", "franchise", "marketplace_seller", "direct", "alliance")
CAPS = (
    "pack_suspect", "unit_mapping_suspect", "passive_info", "minor", "territory_disputed", "unconfirmed", "nested", "shared",
    "stale_stock", "promo_preload", "price_buy_ahead", "launch", "reviewed", "near_promotion", "natural", "benign",
    "continuity", "fuzzy", "natural_key", "possible", "anomaly", "quarter_end", "observe",
)  # fmt: skip
TERMS = ("impact", "depth", "evidence", "recurrence", "spread")
STATES = ("detected", "triaged", "reported", "investigating", "negotiating", "mediation", "arbitration")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
QUIET = re.compile(rf"{CLOCK.pattern}-{CLOCK.pattern}")


def bad(key: str, message: str, code: str, value: object = None) -> MappingError:
    """Return the error that sets the whole file aside."""
    shown = None if value is None else str(value)[:200].replace("\0", "\ufffd")
    return MappingError(f"{key}: {message}", code=code, field=key, value=shown)


def one_of(*words: object) -> Check:
    """Check for one of a few words."""

    def check(key: str, value: Any) -> None:
        if isinstance(value, list | dict) or not any(value == word and type(value) is type(word) for word in words):
            raise bad(key, f"Write one of {', '.join(str(word).lower() for word in words)}.", "bad_enum", value)

    return check


def number(least: float, most: float | None = None) -> Check:
    """Check for a number in a range."""

    def check(key: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise bad(key, "Write a number.", "bad_decimal", value)
        if value < least or value == float("inf") or (most is not None and value > most):
            raise bad(key, f"Write a number from {least:g}{'' if most is None else f' to {most:g}'}.", "out_of_range", value)

    return check


def whole(least: int, most: int = 2**31 - 1) -> Check:
    """Check for a whole number in a range."""

    def check(key: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad(key, "Write a whole number.", "bad_int", value)
        number(least, most)(key, value)

    return check


def written(pattern: re.Pattern[str], example: str) -> Check:
    """Check for a text of a pattern."""

    def check(key: str, value: Any) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise bad(key, f"Write it like {example}.", "out_of_range", value)

    return check


def text(key: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise bad(key, "Write a text.", "bad_code", value)


def text_or_none(key: str, value: Any) -> None:
    if value != "":
        text(key, value)


def yes_or_no(key: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise bad(key, "Write true or false.", "bad_bool", value)


def day(key: str, value: Any) -> None:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise bad(key, "Write a date without quotes, such as 2026-01-01.", "bad_date", value)


def currency(key: str, value: Any) -> None:
    if not isinstance(value, str) or value not in CURRENCIES:
        raise bad(key, "Write the three letters of ISO 4217, such as CNY.", "bad_currency", value)


def zone(key: str, value: Any) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError, AttributeError):
        raise bad(key, "Write the name of a time zone, such as Asia/Shanghai.", "out_of_range", value) from None


def list_of(part: Check) -> Check:
    """Check each part of a list."""

    def check(key: str, value: Any) -> None:
        if not isinstance(value, list):
            raise bad(key, "Write a list in brackets.", "out_of_range", value)
        for place, one in enumerate(value):
            part(f"{key}[{place}]", one)

    return check


def table_of(part: Check) -> Check:
    """Check each value of a table whose keys are free."""

    def check(key: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise bad(key, "Write a table.", "out_of_range", value)
        for name, one in value.items():
            if not name or len(name) > 128 or "\0" in name:
                raise bad(key, "A name in this table has 1 to 128 characters.", "bad_code", name)
            part(f"{key}.{name}", one)

    return check


def table(known: Mapping[str, Check], *required: str) -> Check:
    """Check a table whose keys are known."""

    def check(key: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise bad(key, "Write a table.", "out_of_range", value)
        for name, one in value.items():
            path = f"{key}.{name}" if key else name
            if name not in known:
                raise bad(path, f"There is no such key; there are {', '.join(known)}.", "bad_enum", name)
            known[name](path, one)
        for name in required:
            if name not in value:
                raise bad(f"{key}.{name}" if key else name, "A value is required.", "missing")

    return check


def thresholds(rule: str) -> dict[str, Check]:
    """Return the checks of one rule's thresholds."""
    known = {name: number(0) for name in (*THRESHOLDS[rule], *ALERTING)}
    if "reference" in known:
        known["reference"] = table({kind: one_of(*PRICE_KINDS) for kind in PARTNER_TYPES})
    return known


def threshold(rule: str, name: str, value: int | float) -> None:
    """Check one threshold by itself. Raises MappingError."""
    table({one: table(thresholds(one)) for one in THRESHOLDS})("thresholds", {rule: {name: value}})


def override(key: str, value: Any) -> None:
    """Check one `[[override]]`: a rule, where it holds, and at least one threshold of that rule."""
    rule = value.get("rule") if isinstance(value, dict) else None
    if rule is None:
        raise bad(f"{key}.rule", "A value is required.", "missing")
    one_of(*THRESHOLDS)(f"{key}.rule", rule)
    known = thresholds(rule)
    table({"rule": text, "product_group": text, "region": text, **known})(key, value)
    if not known.keys() & value.keys():
        raise bad(key, f"Name at least one threshold of {rule}.", "missing")


MODE = one_of("case", "observe", "off")
PROFILE = table(
    {
        "territory_rules": MODE,
        "unknown_initiated_as": one_of("passive", "active"),
        "exclusive_max_holders": whole(1),
        "territory_needs_exclusive_system": yes_or_no,
        "price_rules": MODE,
        "price_reference": list_of(one_of(*PRICE_KINDS)),
        "price_notice": one_of("no", "published"),
        "price_notice_text": text_or_none,
        "direct_sales_barrier": yes_or_no,
        "pseudonymise_customers": yes_or_no,
    }
)
DOCUMENT = table(
    {
        "version": whole(1),
        "effective_from": day,
        "base_currency": currency,
        "timezone": zone,
        "jurisdiction": table(
            {
                "regions": table_of(text),
                "market_share_band": one_of("unknown", "below_5", "below_15", "below_30", "above_30"),
                "profile": table_of(PROFILE),
            }
        ),
        "channels": table_of(one_of("trade", "consumer")),
        "distribution": table_of(one_of("exclusive", "selective", "open")),
        "programs": table_of(table({"stackable": yes_or_no})),
        "thresholds": table({rule: table(thresholds(rule)) for rule in THRESHOLDS}),
        "override": list_of(override),
        "severity": table(
            {
                "weights": table({term: number(0, 100) for term in TERMS}),
                "caps": table({name: number(0, 100) for name in CAPS}),
                "bands": table({band: number(0, 100) for band in ("low", "medium", "high", "critical")}),
            }
        ),
        "alerts": table(
            {
                "case_min_score": number(0, 100),
                "immediate_score": number(0, 100),
                "digest_at": written(CLOCK, "08:30"),
                "quiet": written(QUIET, "21:00-07:30"),
                "escalate_after_hours": number(0),
                "max_per_receiver_day": whole(0),
                "always": list_of(one_of(*THRESHOLDS)),
                "default": text,
            }
        ),
        "sla": table({**{state: whole(0, 3650) for state in STATES}, "holidays": list_of(day)}),
        "privacy": table({"k_min": whole(1), "dominance_max": number(0, 1)}),
    },
    "version",
    "effective_from",
    "base_currency",
)


def policy(toml: str) -> PolicyVersion:
    """Read one policy. Raises MappingError with the key at fault: a policy is never half applied."""
    try:
        document = tomllib.loads(toml.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise MappingError(f"The file is no TOML: {error}.", code="undecodable") from error
    DOCUMENT("", document)
    jurisdiction = document.get("jurisdiction", {})
    profiles = PROFILES | jurisdiction.get("profile", {}).keys()
    for region, profile in jurisdiction.get("regions", {}).items():
        one_of(*sorted(profiles))(f"jurisdiction.regions.{region}", profile)
    head = {name: document.pop(name) for name in ("version", "effective_from", "base_currency")}
    return PolicyVersion(timezone=document.pop("timezone", "UTC"), body=as_json(document), **head)


def as_json(value: Any) -> Any:
    """Return TOML's values as JSON's; days become ISO text."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else value
