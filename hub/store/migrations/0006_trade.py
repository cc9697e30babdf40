"""The lines and months of trade that detection reads, and ways in to claims, findings and serials."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from hub.store.base import Numeric
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields
from tortoise.indexes import Index

# A term of a score: what was measured, between 0 and 1 with four decimals; a half when it is unknown.
TERM = """
CREATE OR REPLACE FUNCTION hub_term(measured numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(least(1, greatest(0, coalesce(measured, 0.5))), 4)
"""

# The value at risk against a twentieth of what the partner sells in a month.
IMPACT = """
CREATE OR REPLACE FUNCTION hub_impact(value_at_risk numeric, sales numeric, months bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hub_term(hub_ratio(value_at_risk * months, sales * 0.05))
"""

WEIGHT = """
CREATE OR REPLACE FUNCTION hub_weight(asked int, name text, usual numeric) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT (p.body #>> ARRAY['severity', 'weights', name])::numeric FROM policy_version AS p
                  WHERE p.version = asked AND p.state = 'published' AND p.deleted_at IS NULL
                  ORDER BY p.source_id LIMIT 1), usual)
"""

# How the score of a finding comes about, put together when somebody asks; empty for who may not know the counts.
TERMS = """
CREATE OR REPLACE FUNCTION hub_terms(asked int, seller bigint, on_day date, value_at_risk numeric, depth numeric,
                                     strength numeric, days int, places int) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'code', term.code, 'value', trim_scale(term.value), 'weight', trim_scale(term.weight),
               'points', trim_scale(term.value * term.weight), 'inputs', term.inputs) ORDER BY term.place)
               FILTER (WHERE days IS NOT NULL), '[]'::jsonb)
      FROM (SELECT sum(t.value) AS value, nullif(count(*), 0) AS months
              FROM trade_month AS t
             WHERE t.partner_id = seller AND value_at_risk > 0 AND t.priced > 0
               AND t.month <= date_trunc('month', on_day)::date
               AND t.month >= (date_trunc('month', on_day) - interval '2 months')::date) AS sold
     CROSS JOIN LATERAL (VALUES
           (1, 'impact', hub_impact(value_at_risk, sold.value, sold.months), hub_weight(asked, 'impact', 30),
            jsonb_build_object('value_at_risk', hub_decimal(value_at_risk), 'sales', hub_decimal(sold.value),
                               'months', sold.months)),
           (2, 'depth', hub_term(depth), hub_weight(asked, 'depth', 20), jsonb_build_object('depth', hub_decimal(depth))),
           (3, 'evidence', hub_term(strength), hub_weight(asked, 'evidence', 20),
            jsonb_build_object('strength', hub_decimal(strength))),
           (4, 'recurrence', hub_term(hub_ratio(days, 5)), hub_weight(asked, 'recurrence', 15),
            jsonb_build_object('days', days)),
           (5, 'spread', hub_term(hub_ratio(places, 3)), hub_weight(asked, 'spread', 15), jsonb_build_object('places', places))
     ) AS term (place, code, value, weight, inputs)
$$
"""

# The part of a web address that somebody registers; unknown for addresses of mail providers, which tell nothing of an account.
DOMAIN = r"""
CREATE OR REPLACE FUNCTION hub_domain(address text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(CASE WHEN registered IN ('gmail.com', 'outlook.com', 'hotmail.com', 'yahoo.com', 'icloud.com', 'qq.com',
                                           '163.com', '126.com', 'sina.com', 'foxmail.com', 'proton.me')
                       THEN '' ELSE registered END, '')
      FROM (SELECT string_to_array(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                       lower(btrim(address)), '^[a-z][a-z0-9+.-]*://', ''), '[/?#].*$', ''), '^.*@', ''), ':[0-9]*$', ''),
                       '^www[.]', ''), '.') AS labels) AS host
     CROSS JOIN LATERAL (SELECT cardinality(labels) AS many) AS counted
     CROSS JOIN LATERAL (
           SELECT array_to_string(labels[greatest(1, many - CASE WHEN array_to_string(labels[many - 1:], '.') IN (
                      'com.cn', 'net.cn', 'org.cn', 'gov.cn', 'edu.cn', 'com.hk', 'com.tw', 'com.sg', 'com.my', 'co.uk', 'org.uk',
                      'ac.uk', 'gov.uk', 'co.jp', 'or.jp', 'ne.jp', 'com.au', 'net.au', 'com.br', 'co.in', 'co.kr', 'co.nz',
                      'co.za', 'com.mx', 'com.tr') THEN 2 ELSE 1 END):], '.') AS registered) AS cut
$$
"""

# A name by its letters and digits, without what kind of company it is.
ACCOUNT_NAME = r"""
CREATE OR REPLACE FUNCTION hub_account_name(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(CASE
               WHEN plain LIKE '%股份有限公司' THEN left(plain, -6) WHEN plain LIKE '%有限责任公司' THEN left(plain, -6)
               WHEN plain LIKE '%有限公司' THEN left(plain, -4) WHEN plain LIKE '%公司' THEN left(plain, -2)
               WHEN plain LIKE '%incorporated' THEN left(plain, -12) WHEN plain LIKE '%corporation' THEN left(plain, -11)
               WHEN plain LIKE '%limited' THEN left(plain, -7) WHEN plain LIKE '%company' THEN left(plain, -7)
               WHEN plain LIKE '%gmbh' THEN left(plain, -4) WHEN plain LIKE '%corp' THEN left(plain, -4)
               WHEN plain LIKE '%inc' THEN left(plain, -3) WHEN plain LIKE '%llc' THEN left(plain, -3)
               WHEN plain LIKE '%ltd' THEN left(plain, -3) WHEN plain LIKE '%plc' THEN left(plain, -3)
               WHEN plain LIKE '%ag' THEN left(plain, -2) WHEN plain LIKE '%sa' THEN left(plain, -2)
               WHEN plain LIKE '%bv' THEN left(plain, -2) WHEN plain LIKE '%co' THEN left(plain, -2)
               ELSE plain END, '')
      FROM (SELECT regexp_replace(lower(normalize(said, NFKC)), '[^[:alnum:]]', '', 'g') AS plain) AS letters
$$
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0005_first_rows")]

    initial = False

    operations = [
        ops.CreateModel(
            name="TradeLineRow",
            fields=[
                ("line_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("order_id", fields.BigIntField()),
                ("kind", fields.TextField(unique=False)),
                ("partner_id", fields.BigIntField(null=True)),
                ("buyer_partner_id", fields.BigIntField(null=True)),
                ("customer_id", fields.BigIntField(null=True)),
                ("region_id", fields.BigIntField(null=True)),
                ("channel", fields.TextField(unique=False)),
                ("invoice_ref", fields.TextField(null=True, unique=False)),
                ("day", fields.DateField()),
                ("product_id", fields.BigIntField()),
                ("base_id", fields.BigIntField()),
                ("product_group", fields.TextField(unique=False)),
                ("units", Numeric()),
                ("net_units", Numeric()),
                ("unit_net", Numeric(null=True)),
                ("value", Numeric(null=True)),
            ],
            options={
                "table": "trade_line",
                "app": "hub",
                "indexes": [
                    Index(fields=["order_id"]),
                    Index(fields=["base_id", "day"]),
                    Index(fields=["partner_id", "product_group", "day"]),
                    Index(fields=["region_id", "product_group", "day"]),
                    Index(fields=["buyer_partner_id", "base_id", "day"]),
                ],
                "pk_attr": "line_id",
                "table_description": "One order line that counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TradeMonthRow",
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
                ("partner_id", fields.BigIntField()),
                ("month", fields.DateField()),
                ("value", Numeric()),
                ("priced", fields.BigIntField()),
            ],
            options={
                "table": "trade_month",
                "app": "hub",
                "unique_together": (("partner_id", "month"),),
                "pk_attr": "id",
                "table_description": "What a partner sold in a month: the value of its sell-out lines, and how many of them have a known value.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TradeSpanRow",
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
                ("base_id", fields.BigIntField()),
                ("month", fields.DateField()),
                ("lowest", Numeric()),
                ("highest", Numeric()),
            ],
            options={
                "table": "trade_span",
                "app": "hub",
                "unique_together": (("base_id", "month"),),
                "pk_attr": "id",
                "table_description": "Between which prices the sell-out lines of a base article in a month lie: never narrower than they do, at times wider.",
            },
            bases=["Row"],
        ),
        ops.AddIndex(
            model_name="ClaimRow",
            index=Index(fields=["program", "product_id"]),
        ),
        ops.AddIndex(
            model_name="ClaimRow",
            index=Index(fields=["serial"]),
        ),
        ops.RemoveIndex(
            model_name="ConflictRow",
            name=None,
            fields=["rule", "accused", "event_day"],
        ),
        ops.AddIndex(
            model_name="ConflictRow",
            index=Index(fields=["rule", "partner_id", "event_day"]),
        ),
        ops.AddIndex(
            model_name="ConflictRow",
            index=Index(fields=["rule", "affected_id", "event_day"]),
        ),
        ops.AddIndex(
            model_name="ConflictRow",
            index=Index(fields=["rule", "base_sku", "event_day"]),
        ),
        ops.AddIndex(
            model_name="SerialEventRow",
            index=Index(fields=["product_id", "lot"]),
        ),
        ops.AddIndex(
            model_name="SerialEventRow",
            index=Index(fields=["region_id"]),
        ),
        ops.RemoveIndex(model_name="ConflictRow", name=None, fields=["partner_id"]),
        ops.AddField(model_name="ConflictRow", name="days", field=fields.IntField(db_default=1)),
        ops.AddField(model_name="ConflictRow", name="places", field=fields.IntField(db_default=1)),
        ops.RemoveField(model_name="ConflictRow", name="terms"),
        ops.AddIndex(model_name="ConflictRow", index=Index(fields=["partner_id", "event_day"])),
        # Room beside each line, so that a new price is written in place and no index hears of it.
        ops.RunSQL(
            [
                "ALTER TABLE trade_line SET (fillfactor = 85)",
                "CREATE INDEX order_line_serials ON order_line USING gin (serials) WHERE serials <> '{}'",
                "CREATE INDEX sales_order_deal ON sales_order (deal_ref) WHERE deal_ref IS NOT NULL",
                "CREATE INDEX trade_line_bought ON trade_line (buyer_partner_id, product_group, day)"
                " WHERE buyer_partner_id IS NOT NULL",
                DOMAIN,
                ACCOUNT_NAME,
                "CREATE INDEX customer_account_domain ON customer (hub_domain(domain)) WHERE domain IS NOT NULL",
                "CREATE INDEX customer_account_name ON customer (hub_account_name(name))",
                TERM,
                IMPACT,
                WEIGHT,
                TERMS,
            ],
            [
                "DROP FUNCTION hub_terms(int, bigint, date, numeric, numeric, numeric, int, int)",
                "DROP FUNCTION hub_weight(int, text, numeric)",
                "DROP FUNCTION hub_impact(numeric, numeric, bigint)",
                "DROP FUNCTION hub_term(numeric)",
                "DROP INDEX customer_account_name",
                "DROP INDEX customer_account_domain",
                "DROP FUNCTION hub_account_name(text)",
                "DROP FUNCTION hub_domain(text)",
                "DROP INDEX trade_line_bought",
                "DROP INDEX sales_order_deal",
                "DROP INDEX order_line_serials",
            ],
        ),
    ]
