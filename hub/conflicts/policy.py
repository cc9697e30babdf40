"""Which policy holds on which day: thresholds, profiles, weights, and how they reach the statements.

Without any policy version the built-in defaults hold, the time zone is UTC, and the base currency is the only one that occurs
in prices and orders. Where several occur there is none, and whatever needs a rate is skipped and counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.conflicts import jurisdiction
from hub.conflicts.rule import Rule
from hub.conflicts.severity import Weights
from hub.store.database import Connection
from hub.store.statements import statement

# The number under which the built-in defaults stand in the temporary tables while there is no policy.
NO_POLICY = 0
CASE_MIN_SCORE = Decimal(50)
# What the built-in class of a channel is; of any other it is consumer.
CHANNELS: Mapping[str, str] = {"trade": "trade", "wholesale": "trade", "b2b": "trade"}
# Rules whose findings in a full class become cases, and are told of, at any score.
ALWAYS = ("oversell",)


class Version(Struct, frozen=True, kw_only=True):
    """One published version and the days [valid_from, valid_to) it holds on."""

    number: int
    valid_from: date
    valid_to: date
    base_currency: str | None
    timezone: str
    body: Mapping[str, Any]


class Policies(Struct, frozen=True, kw_only=True):
    """All versions, oldest first, as seen at one instant. The time zone and the base currency are those of that instant."""

    versions: tuple[Version, ...]
    timezone: str
    base_currency: str | None
    today: date

    @property
    def basis(self) -> str:
        """Return what every judgement hangs on: when it changes, everything is judged again."""
        return f"{self.timezone} {self.base_currency or '-'}"

    def at(self, day: date) -> Version:
        """Return the version that holds on a day; before the first, the first, and on the last day there is, the last."""
        return next((version for version in self.versions if day < version.valid_to), self.versions[-1])


async def read_policies(connection: Connection, at: datetime) -> Policies:
    """Read the published versions as seen at an instant."""
    rows = await connection.fetch(statement("conflict", "policy_versions").sql)
    if not rows:
        currencies = await connection.fetchval(statement("conflict", "currencies").sql)
        only = currencies[0] if len(currencies) == 1 else None
        rows = [{"version": NO_POLICY, "effective_from": date.min, "base_currency": only, "timezone": "UTC", "body": {}}]
    versions = periods(rows)
    present = next(version for version in versions if at.astimezone(UTC).date() < version.valid_to)
    return Policies(
        versions=versions,
        timezone=present.timezone,
        base_currency=present.base_currency,
        today=at.astimezone(ZoneInfo(present.timezone)).date(),
    )


def periods(rows: Sequence[Mapping[str, Any]]) -> tuple[Version, ...]:
    """Give each version its days. Of two that start together the higher one holds."""
    last = {row["effective_from"]: row for row in sorted(rows, key=lambda row: (row["effective_from"], row["version"]))}
    starts = [date.min, *list(last)[1:]]
    ends = [*starts[1:], date.max]
    return tuple(
        Version(
            number=row["version"],
            valid_from=start,
            valid_to=end,
            base_currency=row["base_currency"],
            timezone=row["timezone"],
            body=row["body"],
        )
        for row, start, end in zip(last.values(), starts, ends, strict=True)
    )


async def lay(connection: Connection, policies: Policies, rules: Iterable[Rule]) -> None:
    """Lay the policies into the temporary tables that statements read."""
    rules = list(rules)
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS}
    for version in policies.versions:
        number, body = version.number, version.body
        band = body.get("jurisdiction", {}).get("market_share_band", "unknown")
        rows["policy_period"].append((number, version.valid_from, version.valid_to, band))
        for rule in rules:
            rows["threshold"].extend((number, rule.name, *row) for row in thresholds(rule, body))
        rows["profile"].extend(
            (
                number, name, one.territory_rules, one.unknown_initiated_as, one.exclusive_max_holders,
                one.territory_needs_exclusive_system, one.price_rules, list(one.price_reference),
            )
            for name, one in jurisdiction.profiles(body).items()
        )  # fmt: skip
        rows["jurisdiction"].extend((number, code, name) for code, name in jurisdiction.regions(body).items())
        rows["distribution"].extend((number, group, kind) for group, kind in body.get("distribution", {}).items())
        rows["program_setting"].extend(
            (number, name, bool(program.get("stackable", False))) for name, program in body.get("programs", {}).items()
        )
        rows["channel_class"].extend((number, *one) for one in {**CHANNELS, **body.get("channels", {})}.items())
        rows["price_level"].extend((number, *row) for row in price_levels(body))
        rows["weighting"].append((number, *weighting(body)))
        rows["cap"].extend((number, code, cap) for code, cap in Weights.of(body.get("severity", {})).caps.items())
    for table, columns in COLUMNS.items():
        await connection.copy_records_to_table(table, records=rows[table], columns=columns)
    await connection.execute(statement("conflict", "region_profiles").sql)
    # So few rows that what is joined with them is taken for few as well, unless it is known how alike they are.
    await connection.execute("ANALYZE policy_period, profile, region_profile, threshold")


def weighting(body: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the weights, the bands, the least score of a case, and the rules that need none."""
    weights = Weights.of(body.get("severity", {}))
    alerts = body.get("alerts", {})
    least = decimal(alerts.get("case_min_score", CASE_MIN_SCORE))
    return (*weights.weights.values(), *weights.bands.values(), least, list(alerts.get("always", ALWAYS)))


ThresholdRow = tuple[str, str | None, str | None, int, Decimal]


def thresholds(rule: Rule, body: Mapping[str, Any]) -> list[ThresholdRow]:
    """Return (name, region, product group, place, value): the nearest region that fits wins, then the group, then the place."""
    rows: list[ThresholdRow] = [(name, None, None, -2, value) for name, value in rule.thresholds.items()]
    general = body.get("thresholds", {}).get(rule.name, {})
    rows += [(name, None, None, -1, decimal(general[name])) for name in rule.thresholds if name in general]
    for place, override in enumerate(body.get("override", [])):
        if override.get("rule") == rule.name:
            where = (override.get("region"), override.get("product_group"), place)
            rows += [(name, *where, decimal(override[name])) for name in rule.thresholds if name in override]
    return rows


PriceLevel = tuple[str, str | None, str | None, int, str]


def price_levels(body: Mapping[str, Any]) -> list[PriceLevel]:
    """Return (partner type, region, product group, place, kind of price) where a policy names the level above a seller."""
    said = body.get("thresholds", {}).get("tier_inversion", {}).get("reference", {})
    rows: list[PriceLevel] = [(type_, None, None, -1, kind) for type_, kind in said.items()]
    for place, override in enumerate(body.get("override", [])):
        if override.get("rule") == "tier_inversion":
            where = (override.get("region"), override.get("product_group"), place)
            rows += [(type_, *where, kind) for type_, kind in override.get("reference", {}).items()]
    return rows


def decimal(value: float | str | Decimal) -> Decimal:
    """Return the number as it was written: 0.01 means 0.01."""
    return Decimal(str(value))


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "policy_period": ("version", "valid_from", "valid_to", "market_share_band"),
    "threshold": ("version", "rule", "name", "region", "product_group", "place", "value"),
    "profile": (
        "version", "name", "territory_rules", "unknown_initiated_as", "exclusive_max_holders", "needs_exclusive_system",
        "price_rules", "price_reference",
    ),
    "jurisdiction": ("version", "region", "profile"),
    "distribution": ("version", "product_group", "kind"),
    "program_setting": ("version", "name", "stackable"),
    "channel_class": ("version", "channel", "class"),
    "price_level": ("version", "partner_type", "region", "product_group", "place", "kind"),
    "weighting": (
        "version", "impact", "depth", "evidence", "recurrence", "spread", "low", "medium", "high", "critical",
        "case_min_score", "always",
    ),
    "cap": ("version", "code", "cap"),
}  # fmt: skip
