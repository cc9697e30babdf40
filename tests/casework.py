"""A case with findings, laid into the store in one line, for tests of what follows detection."""

from datetime import date, datetime
from itertools import count

from hub.store.database import Connection

NUMBERS = count(1)


async def partner(connection: Connection, code: str, manager: str | None = None) -> int:
    """Add a partner."""
    made: int = await connection.fetchval(
        "INSERT INTO partner (code, name, source_id, manager) VALUES ($1, $1, 0, $2) RETURNING id", code, manager
    )
    return made


async def region(connection: Connection, code: str, within: int | None = None) -> int:
    """Add a region, covered by itself and by the one it lies within."""
    made: int = await connection.fetchval(
        "INSERT INTO region (code, name, source_id, parent_id) VALUES ($1, $1, 0, $2) RETURNING id", code, within
    )
    await connection.execute("INSERT INTO region_cover (region_id, covered_id, distance) VALUES ($1, $1, 0)", made)
    if within is not None:
        await connection.execute("INSERT INTO region_cover (region_id, covered_id, distance) VALUES ($1, $2, 1)", within, made)
    return made


async def policy(connection: Connection, **alerts: object) -> None:
    """Have one policy hold since long ago, in UTC, that says this of alerts."""
    await connection.execute("DELETE FROM policy_version")
    await connection.execute(
        """
        INSERT INTO policy_version (source_id, key, raw_id, version, effective_from, base_currency, timezone, state, body)
        VALUES (1, '1', 1, 1, '2020-01-01', 'CNY', 'UTC', 'published', $1)
        """,
        {"alerts": alerts},
    )


async def user(
    connection: Connection,
    email: str,
    *,
    role: str = "channel_manager",
    zone: str = "UTC",
    quiet: str | None = "",
    locale: str = "en",
    of: int | None = None,
) -> int:
    """Add a user, who without further words has no quiet hours. `of` is the partner it acts for."""
    made: int = await connection.fetchval(
        """
        INSERT INTO hub_user (email, name, roles, time_zone, quiet_hours, locale, partner_id)
        VALUES ($1, $1, ARRAY[$2], $3, $4, $5, $6) RETURNING id
        """,
        email, role, zone, quiet, locale, of,
    )  # fmt: skip
    return made


async def case(
    connection: Connection,
    *,
    score: float = 60,
    band: str = "high",
    rule: str = "cross_region_sale",
    accused: int | None = None,
    victim: int | None = None,
    region: int | None = None,
    group: str = "X",
    assignee: int | None = None,
) -> int:
    """Open a case without findings."""
    made: int = await connection.fetchval(
        """
        INSERT INTO conflict_case (number, rule, group_key, partner_id, affected_id, region_id, month, score, band,
                                   product_group, assignee_id)
        VALUES ($1, $2, 'group ' || $1::int, $3, $4, $5, '2026-03-01', $6, $7, $8, $9) RETURNING id
        """,
        next(NUMBERS), rule, accused, victim, region, score, band, group, assignee,
    )  # fmt: skip
    return made


async def finding(
    connection: Connection,
    case_id: int,
    order: str,
    *,
    score: float = 60,
    day: date = date(2026, 3, 1),
    mode: str = "case",
    state: str = "open",
    value: float | None = 1200,
    currency: str | None = "CNY",
    at: datetime | None = None,
) -> int:
    """Add a finding of the suspected class to a case: GD-B sold into SH-A's region."""
    made: int = await connection.fetchval(
        """
        INSERT INTO conflict (finding_key, rule, parts, scope, classification, is_full, mode, state, accused, victim,
                              event_day, value_at_risk, value_currency, score, uncapped_score, band, watermark_at, case_id,
                              region, base_sku, product_group, partner_id, affected_id, detected_at, changed_at)
        SELECT gen_random_uuid()::text, rule, ARRAY['demo', $2, '1', 'SH-A'], 'scope', 'suspected', true, $3, $4, 'GD-B',
               'SH-A', $5, $6, $7, $8, $8, band, now(), id, 'CN-SH', 'P1', product_group, partner_id, affected_id,
               coalesce($9, now()), coalesce($9, now())
          FROM conflict_case WHERE id = $1 RETURNING id
        """,
        case_id, order, mode, state, day, value, currency, score, at,
    )  # fmt: skip
    return made


async def alert(
    connection: Connection,
    case_id: int,
    reason: str = "opened",
    *,
    band: str = "high",
    at: datetime | None = None,
    escalates: datetime | None = None,
) -> int:
    """Raise an alert of a case, without deliveries."""
    made: int = await connection.fetchval(
        """
        INSERT INTO alert (case_id, reason, severity, dedupe, raised_at, escalates_at)
        VALUES ($1, $2, $3, gen_random_uuid()::text, coalesce($4, now()), $5) RETURNING id
        """,
        case_id, reason, band, at, escalates,
    )  # fmt: skip
    return made
