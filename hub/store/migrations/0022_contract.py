"""The orders that a finding rests on, and what partners sell as bands that tell nobody's figure."""

from tortoise import fields, migrations
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.migrations import operations as ops

from hub.store.base import ArrayField, empty_array

# A finding names lines more often than orders.
ORDERS_OF = """
CREATE OR REPLACE FUNCTION hub_orders_of(evidence jsonb) RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT coalesce(array_agg(DISTINCT coalesce(line.order_id, named.id)), '{}')
          FROM jsonb_to_recordset(coalesce(evidence -> 'records', '[]')) AS named (noun text, id bigint)
          LEFT JOIN order_line AS line ON named.noun = 'order_line' AND line.id = named.id
         WHERE named.noun = 'sales_order' OR line.id IS NOT NULL)
"""

# The sell-out of each partner of a kind and country in a whole month; null when it may not be told: too few partners, or one
# of them has too much of it. Every partner is in one cell alone, so no two cells differ by one partner.
SALES_CELL = """
CREATE OR REPLACE FUNCTION hub_sales_cell(day date, partner_kind text, market text, at timestamptz) RETURNS numeric[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(sold.value)
      FROM partner
      JOIN trade_month AS sold
        ON sold.partner_id = partner.id AND sold.month = date_trunc('month', day::timestamp)::date AND sold.value > 0
      LEFT JOIN policy_version AS present ON present.id = hub_policy_on((at AT TIME ZONE 'UTC')::date)
     WHERE partner.deleted_at IS NULL AND partner.type <> 'direct'
       AND CASE partner.type WHEN 'reseller' THEN 'retailer' WHEN 'alliance' THEN 'distributor' ELSE partner.type END
           = partner_kind
       AND (SELECT place.code
              FROM region_cover AS cover
              JOIN region AS place ON place.id = cover.region_id AND place.kind = 'country'
             WHERE cover.covered_id = partner.home_region_id
             ORDER BY cover.distance
             LIMIT 1) = market
       AND date_trunc('month', day::timestamp) + interval '1 month'
           <= at AT TIME ZONE coalesce(present.timezone, 'UTC')
    HAVING count(*) >= max(coalesce((present.body #>> '{privacy,k_min}')::int, 5))
       AND max(sold.value) <= sum(sold.value) * max(coalesce((present.body #>> '{privacy,dominance_max}')::numeric, 0.5)))
"""

# The currency that trade was last valued in; null before, and where there is none.
BASE_CURRENCY = """
CREATE OR REPLACE FUNCTION hub_base_currency() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT nullif(basis, '-') FROM detection WHERE rule = 'trade_line')
"""

# A figure stands between two neighbours of 1, 2, 5, 10, 20, 50 ...; which figure it is is not told.
SALES_BANDS = """
CREATE OR REPLACE FUNCTION hub_sales_bands(cell numeric[])
RETURNS TABLE (quantile text, lower numeric, upper numeric, currency text) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT name, unit * CASE WHEN value >= 5 * unit THEN 5 WHEN value >= 2 * unit THEN 2 ELSE 1 END,
           unit * CASE WHEN value >= 5 * unit THEN 10 WHEN value >= 2 * unit THEN 5 ELSE 2 END,
           hub_base_currency()
      FROM (VALUES ('p25', 0.25), ('p50', 0.5), ('p75', 0.75)) AS asked (name, share)
     CROSS JOIN LATERAL (SELECT percentile_disc(share) WITHIN GROUP (ORDER BY one) AS value
                           FROM unnest(cell) AS one) AS found
     CROSS JOIN LATERAL (SELECT trim_scale(power(10::numeric, floor(log(value)))) AS unit) AS scale
     WHERE value IS NOT NULL;
END
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0021_uploads")]

    initial = False

    operations = [
        ops.AddField(model_name="PartnerRow", name="left_on", field=fields.DateField(null=True)),
        ops.AddField(model_name="PartnerRow", name="legal_name", field=fields.TextField(null=True)),
        ops.AddField(
            model_name="ConflictRow",
            name="order_ids",
            field=ArrayField("bigint", db_default=empty_array("bigint")),
        ),
        ops.RunSQL(
            [ORDERS_OF, SALES_CELL, BASE_CURRENCY, SALES_BANDS, "UPDATE conflict SET order_ids = hub_orders_of(evidence)"],
            [
                "DROP FUNCTION hub_sales_bands(numeric[])",
                "DROP FUNCTION hub_base_currency()",
                "DROP FUNCTION hub_sales_cell(date, text, text, timestamptz)",
                "DROP FUNCTION hub_orders_of(jsonb)",
            ],
        ),
        ops.AddIndex(model_name="ConflictRow", index=GinIndex(fields=("order_ids",))),
    ]
