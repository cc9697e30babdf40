"""Frozen evidence, where each record came from, and how every number came about."""

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

# The hash is that of the text, whoever writes it.
HASH = """
CREATE OR REPLACE FUNCTION hub_evidence_hashed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.hash := encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex');
    RETURN NEW;
END
$$
"""

HASHED = """
CREATE TRIGGER evidence_bundle_hashed BEFORE INSERT ON evidence_bundle FOR EACH ROW EXECUTE FUNCTION hub_evidence_hashed()
"""

STAYS = """
CREATE OR REPLACE FUNCTION hub_evidence_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Evidence that was frozen stays as it is.' USING ERRCODE = '23001';
END
$$
"""

KEPT = """
CREATE TRIGGER evidence_bundle_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_bundle
   FOR EACH STATEMENT EXECUTE FUNCTION hub_evidence_stays()
"""

# The payload that a record of evidence was mapped from.
RAW_OF = """
CREATE OR REPLACE FUNCTION hub_raw_of(noun text, record bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE noun
    WHEN 'order_line' THEN (SELECT one.raw_id FROM order_line AS one WHERE one.id = record)
    WHEN 'sales_order' THEN (SELECT one.raw_id FROM sales_order AS one WHERE one.id = record)
    WHEN 'offer' THEN (SELECT one.raw_id FROM offer AS one WHERE one.id = record)
    WHEN 'territory_grant' THEN (SELECT one.raw_id FROM territory_grant AS one WHERE one.id = record)
    WHEN 'price_policy' THEN (SELECT one.raw_id FROM price_policy AS one WHERE one.id = record)
    WHEN 'promotion' THEN (SELECT one.raw_id FROM promotion AS one WHERE one.id = record)
    WHEN 'claim' THEN (SELECT one.raw_id FROM claim AS one WHERE one.id = record)
    WHEN 'deal_registration' THEN (SELECT one.raw_id FROM deal_registration AS one WHERE one.id = record)
    WHEN 'serial_event' THEN (SELECT one.raw_id FROM serial_event AS one WHERE one.id = record)
    WHEN 'inventory_level' THEN (SELECT one.raw_id FROM inventory_level AS one WHERE one.id = record)
    WHEN 'inventory_month' THEN (SELECT one.raw_id FROM inventory_month AS one WHERE one.id = record)
    WHEN 'reservation' THEN (SELECT one.raw_id FROM reservation AS one WHERE one.id = record)
    WHEN 'partner_alias' THEN (SELECT one.raw_id FROM partner_alias AS one WHERE one.id = record)
    WHEN 'fx_rate' THEN (SELECT one.raw_id FROM fx_rate AS one WHERE one.id = record)
    WHEN 'partner' THEN (SELECT one.raw_id FROM partner AS one WHERE one.id = record)
    WHEN 'customer' THEN (SELECT one.raw_id FROM customer AS one WHERE one.id = record)
    WHEN 'product' THEN (SELECT one.raw_id FROM product AS one WHERE one.id = record)
    WHEN 'region' THEN (SELECT one.raw_id FROM region AS one WHERE one.id = record)
    WHEN 'location' THEN (SELECT one.raw_id FROM location AS one WHERE one.id = record)
END
"""

# Where in a file that payload stood; null for what came in none.
PLACE_OF = """
CREATE OR REPLACE FUNCTION hub_place_of(noun text, record bigint) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT raw.place FROM raw_record AS raw WHERE raw.id = hub_raw_of(noun, record) AND raw.place ->> 'file' IS NOT NULL)
"""

# The hash of the evidence that was last frozen for a finding.
HASH_OF = """
CREATE OR REPLACE FUNCTION hub_evidence_hash(conflict bigint) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT kept.hash FROM evidence_bundle AS kept WHERE kept.conflict_ids @> ARRAY[conflict]
         ORDER BY kept.frozen_at DESC, kept.id DESC LIMIT 1)
"""

# The time zone and the base currency a rule last judged by.
BASIS_OF = """
CREATE OR REPLACE FUNCTION hub_basis_of(rule_name text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT last.basis FROM detection AS last WHERE last.rule = rule_name)
"""

# The jurisdiction profile a finding was judged under: that of its region, without one that of the partner's home.
PROFILE_OF = """
CREATE OR REPLACE FUNCTION hub_profile_of(asked int, region bigint, seller bigint) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((
    SELECT policy.body -> 'jurisdiction' -> 'regions' ->> place.code
      FROM region_cover AS cover
      JOIN region AS place ON place.id = cover.region_id
      JOIN policy_version AS policy
        ON policy.version = asked AND policy.state = 'published' AND policy.deleted_at IS NULL
       AND policy.body -> 'jurisdiction' -> 'regions' ? place.code
     WHERE cover.covered_id = coalesce(region, (SELECT home.home_region_id FROM partner AS home WHERE home.id = seller))
     ORDER BY cover.distance, policy.source_id
     LIMIT 1), 'default')
"""

# A number as formulas show it.
NUMBER = """
CREATE OR REPLACE FUNCTION hub_number(amount numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(hub_decimal(amount), 'unknown')
"""

# The day of the rate that `hub_rate` takes; null for the base currency, which needs none.
RATE_DAY = """
CREATE OR REPLACE FUNCTION hub_rate_day(asked text, on_day date, base text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN asked <> base THEN
            (SELECT known.day FROM fx_rate AS known
              WHERE known.currency = asked AND known.day <= on_day AND known.deleted_at IS NULL
              ORDER BY known.day DESC, known.source_id, known.key COLLATE "C" LIMIT 1) END
"""

# The day a policy price in the evidence was converted on: that of the observation it was compared with, else the event's.
PRICED_ON = r"""
CREATE OR REPLACE FUNCTION hub_priced_on(evidence jsonb, event_day date, basis text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((CASE WHEN evidence ->> 'observed_at' ~ '^\d{4}-\d\d-\d\dT[\d:.]+Z$' THEN (evidence ->> 'observed_at')::timestamptz END
                  AT TIME ZONE split_part(basis, ' ', 1))::date, event_day)
"""

# How the numbers of one record come about, step by step. `ground` is the time zone and the base currency of the judgement,
# `on_day` the day a price of a policy is converted on.
DERIVATION = """
CREATE OR REPLACE FUNCTION hub_derivation(noun text, record bigint, ground text, on_day date)
RETURNS TABLE (place int, name text, formula text, value text, day date) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT step.place, step.name, step.formula, hub_decimal(step.value), step.day
      FROM (SELECT l.qty, p.units_per_pack AS pack, l.qty * p.units_per_pack AS units, l.amount, o.currency, l.tax_rate,
                   CASE WHEN l.tax_included THEN 1 + l.tax_rate ELSE 1 END AS gross, l.tax_included,
                   hub_rate(o.currency, o.ordered_on, known.base) AS rate,
                   hub_rate_day(o.currency, o.ordered_on, known.base) AS rate_day, known.base,
                   back.units AS returned, back.formula AS returns
              FROM order_line AS l
              JOIN sales_order AS o ON o.id = l.order_id
              JOIN product AS p ON p.id = l.product_id
             CROSS JOIN LATERAL (SELECT nullif(split_part(ground, ' ', 2), '-') AS base) AS known
             CROSS JOIN LATERAL (
                   SELECT coalesce(sum(came.qty * article.units_per_pack), 0) AS units,
                          coalesce(string_agg(hub_number(came.qty) || ' × ' || hub_number(article.units_per_pack), ' + '
                                              ORDER BY came.key COLLATE "C"), '0') AS formula
                     FROM order_line AS came
                     JOIN sales_order AS home ON home.id = came.order_id AND home.kind = 'return' AND home.deleted_at IS NULL
                     JOIN product AS article ON article.id = came.product_id
                    WHERE came.source_id = l.source_id AND came.return_of_order = o.key AND came.return_of_line = l.number
                      AND came.deleted_at IS NULL AND came.status <> 'cancelled') AS back
             WHERE noun = 'order_line' AND l.id = record) AS line
     CROSS JOIN LATERAL (SELECT greatest(line.units - line.returned, 0) AS net,
                                hub_ratio(line.amount * line.rate, line.gross * line.units) AS price) AS found
     CROSS JOIN LATERAL (VALUES
           (1, 'units', hub_number(line.qty) || ' × ' || hub_number(line.pack), line.units, NULL::date),
           (2, 'returned', line.returns, line.returned, NULL),
           (3, 'net_units', 'max(0, ' || hub_number(line.units) || ' − ' || hub_number(line.returned) || ')', found.net, NULL),
           (4, 'rate', line.currency || ' → ' || coalesce(line.base, 'unknown'), line.rate, line.rate_day),
           (5, 'tax', CASE WHEN line.tax_included THEN '1 + ' || hub_number(line.tax_rate) ELSE '1' END, line.gross, NULL),
           (6, 'unit_net', hub_number(line.amount) || ' × ' || hub_number(line.rate) || ' ÷ (' || hub_number(line.gross)
                           || ' × ' || hub_number(line.units) || ')', found.price, NULL),
           (7, 'value', hub_number(found.net) || ' × ' || hub_number(found.price), round(found.net * found.price, 2), NULL)
     ) AS step (place, name, formula, value, day)
    UNION ALL
    SELECT step.place, step.name, step.formula, hub_decimal(step.value), step.day
      FROM (SELECT o.min_qty, p.units_per_pack AS pack, o.min_qty * p.units_per_pack AS units, o.price, o.currency, o.tax_rate,
                   CASE WHEN o.tax_included THEN 1 + o.tax_rate ELSE 1 END AS gross, o.tax_included,
                   hub_rate(o.currency, seen.day, seen.base) AS rate,
                   hub_rate_day(o.currency, seen.day, seen.base) AS rate_day, seen.base
              FROM offer AS o
              JOIN product AS p ON p.id = o.product_id
             CROSS JOIN LATERAL (SELECT (o.observed_at AT TIME ZONE split_part(ground, ' ', 1))::date AS day,
                                        nullif(split_part(ground, ' ', 2), '-') AS base) AS seen
             WHERE noun = 'offer' AND o.id = record) AS offered
     CROSS JOIN LATERAL (VALUES
           (1, 'units', hub_number(offered.min_qty) || ' × ' || hub_number(offered.pack), offered.units, NULL::date),
           (4, 'rate', offered.currency || ' → ' || coalesce(offered.base, 'unknown'), offered.rate, offered.rate_day),
           (5, 'tax', CASE WHEN offered.tax_included THEN '1 + ' || hub_number(offered.tax_rate) ELSE '1' END,
            offered.gross, NULL),
           (6, 'unit_net', hub_number(offered.price) || ' × ' || hub_number(offered.rate) || ' ÷ ('
                           || hub_number(offered.gross) || ' × ' || hub_number(offered.units) || ')',
            hub_ratio(offered.price * offered.rate, offered.gross * offered.units), NULL)
     ) AS step (place, name, formula, value, day)
    UNION ALL
    SELECT step.place, step.name, step.formula, hub_decimal(step.value), step.day
      FROM (SELECT pp.unit_price, pp.currency, known.base, hub_rate(pp.currency, on_day, known.base) AS rate,
                   hub_rate_day(pp.currency, on_day, known.base) AS rate_day
              FROM price_policy AS pp
             CROSS JOIN LATERAL (SELECT nullif(split_part(ground, ' ', 2), '-') AS base) AS known
             WHERE noun = 'price_policy' AND pp.id = record) AS stated
     CROSS JOIN LATERAL (VALUES
           (4, 'rate', stated.currency || ' → ' || coalesce(stated.base, 'unknown'), stated.rate, stated.rate_day),
           (6, 'reference', hub_number(stated.unit_price) || ' × ' || hub_number(stated.rate),
            stated.unit_price * stated.rate, NULL)
     ) AS step (place, name, formula, value, day)
    UNION ALL
    SELECT step.place, step.name, step.formula, hub_decimal(step.value), step.day
      FROM (SELECT c.qty, p.units_per_pack AS pack, c.amount, c.currency, known.base,
                   hub_rate(c.currency, c.claim_date, known.base) AS rate,
                   hub_rate_day(c.currency, c.claim_date, known.base) AS rate_day
              FROM claim AS c
              LEFT JOIN product AS p ON p.id = c.product_id
             CROSS JOIN LATERAL (SELECT nullif(split_part(ground, ' ', 2), '-') AS base) AS known
             WHERE noun = 'claim' AND c.id = record) AS asked
     CROSS JOIN LATERAL (VALUES
           (1, 'units', hub_number(asked.qty) || ' × ' || hub_number(asked.pack), asked.qty * asked.pack, NULL::date),
           (4, 'rate', asked.currency || ' → ' || coalesce(asked.base, 'unknown'), asked.rate, asked.rate_day),
           (7, 'value', hub_number(asked.amount) || ' × ' || hub_number(asked.rate), round(asked.amount * asked.rate, 2), NULL)
     ) AS step (place, name, formula, value, day)
    UNION ALL
    SELECT step.place, step.name, hub_number(step.counted) || ' × ' || hub_number(step.pack),
           hub_decimal(step.counted * step.pack), NULL
      FROM (SELECT 1 AS place, 'on_hand' AS name, l.on_hand AS counted, p.units_per_pack AS pack
              FROM inventory_level AS l JOIN product AS p ON p.id = l.product_id
             WHERE noun = 'inventory_level' AND l.id = record
            UNION ALL
            SELECT 1, 'units', r.qty, p.units_per_pack
              FROM reservation AS r JOIN product AS p ON p.id = r.product_id
             WHERE noun = 'reservation' AND r.id = record
            UNION ALL
            SELECT told.place, told.name, told.counted, p.units_per_pack
              FROM inventory_month AS m
              JOIN product AS p ON p.id = m.product_id
             CROSS JOIN LATERAL (VALUES
                   (1, 'opening', m.opening), (2, 'sell_in', m.sell_in), (3, 'sell_out', m.sell_out), (4, 'returns', m.returns),
                   (5, 'returns_out', m.returns_out), (6, 'transfers_in', m.transfers_in),
                   (7, 'transfers_out', m.transfers_out), (8, 'adjustments', m.adjustments), (9, 'closing', m.closing)
             ) AS told (place, name, counted)
             WHERE noun = 'inventory_month' AND m.id = record) AS step;
END
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0010_backtest")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EvidenceBundleRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        primary_key=True,
                        generated=False,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("hash", fields.TextField(unique=False)),
                ("body", fields.TextField(unique=False)),
                ("conflict_ids", ArrayField(element_type="BIGINT")),
                ("frozen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "evidence_bundle",
                "app": "hub",
                "unique_together": (("hash",),),
                "indexes": [GinIndex(fields=["conflict_ids"])],
                "pk_attr": "id",
                "table_description": "What findings rested on when somebody froze it; the database lets nobody change or remove it.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(
            [
                HASH,
                HASHED,
                STAYS,
                KEPT,
                RAW_OF,
                PLACE_OF,
                HASH_OF,
                BASIS_OF,
                PROFILE_OF,
                NUMBER,
                RATE_DAY,
                PRICED_ON,
                DERIVATION,
            ],
            [
                "DROP FUNCTION hub_derivation(text, bigint, text, date)",
                "DROP FUNCTION hub_priced_on(jsonb, date, text)",
                "DROP FUNCTION hub_rate_day(text, date, text)",
                "DROP FUNCTION hub_number(numeric)",
                "DROP FUNCTION hub_profile_of(int, bigint, bigint)",
                "DROP FUNCTION hub_basis_of(text)",
                "DROP FUNCTION hub_evidence_hash(bigint)",
                "DROP FUNCTION hub_place_of(text, bigint)",
                "DROP FUNCTION hub_raw_of(text, bigint)",
                "DROP TRIGGER evidence_bundle_kept ON evidence_bundle",
                "DROP FUNCTION hub_evidence_stays()",
                "DROP TRIGGER evidence_bundle_hashed ON evidence_bundle",
                "DROP FUNCTION hub_evidence_hashed()",
            ],
        ),
    ]
