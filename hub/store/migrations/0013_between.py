"""What holds on one day against what holds on another, and one backtest against another."""

from tortoise import migrations
from tortoise.migrations import operations as ops

HOLDS = """
CREATE OR REPLACE FUNCTION hub_holds(valid_from date, valid_to date, day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN valid_from <= day AND (valid_to IS NULL OR day < valid_to)
"""

# The version that holds on a day; before the first, the first.
ON_DAY = """
CREATE OR REPLACE FUNCTION hub_policy_on(day date) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT version.id
          FROM policy_version AS version
         WHERE version.state = 'published' AND version.deleted_at IS NULL
         ORDER BY version.effective_from > day, abs(version.effective_from - day), version.version DESC, version.source_id
         LIMIT 1)
"""

SHIFT = """
CREATE OR REPLACE FUNCTION hub_policy_shift(from_day date, to_day date)
RETURNS TABLE (path text, value_before jsonb, value_after jsonb) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT change.path, change.value_before, change.value_after
      FROM policy_version AS old
      JOIN policy_version AS new ON new.id = hub_policy_on(to_day)
     CROSS JOIN LATERAL hub_policy_changes(hub_policy_document(old), hub_policy_document(new)) AS change
     WHERE old.id = hub_policy_on(from_day) AND old.id <> new.id;
END
"""

# A row and its twin hold on one of two days each and are about the same: the one took the place of the other. None where
# that can be said of several. Who may see a row hangs on what is compared here alone, so whoever sees one sees its twin.
TWIN = """
CREATE OR REPLACE FUNCTION hub_{name}_twin(row_id bigint, from_day date, to_day date) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT min(other.id) FILTER (WHERE other.id <> row_id)
          FROM {table} AS one
          JOIN {table} AS other ON other.source_id = one.source_id AND {same}
         WHERE one.id = row_id AND other.deleted_at IS NULL
           AND hub_holds(other.valid_from, other.valid_to, from_day) <> hub_holds(other.valid_from, other.valid_to, to_day)
        HAVING count(*) = 2 AND count(*) FILTER (WHERE hub_holds(other.valid_from, other.valid_to, to_day)) = 1)
"""


def twin(name: str, table: str, equal: str, alike: str = "") -> str:
    """Return the function of a noun; `alike` are the columns that may be absent."""
    same = [f"other.{column} = one.{column}" for column in equal.split()]
    # IS NOT DISTINCT FROM would be the same and use no index.
    same += [f"(other.{one} = one.{one} OR other.{one} IS NULL AND one.{one} IS NULL)" for one in alike.split()]
    return TWIN.format(name=name, table=table, same=" AND ".join(same))


TWINS = [
    twin("grant", "territory_grant", "partner_id region_id product_group segment"),
    twin("price", "price_policy", "product_id kind min_units", "region_id channel"),
    twin("promotion", "promotion", "name", "product_id product_group region_id channel partner_id"),
]

# A row as a person reads it: codes for ids, nothing for what is absent.
SAID = """
CREATE OR REPLACE FUNCTION hub_policy_said(noun text, row_id bigint) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_strip_nulls(CASE noun
    WHEN 'territory_grant' THEN (
        SELECT jsonb_build_object(
                   'source', source.name, 'key', g.key, 'partner', partner.code,
                   'region', region.code, 'product_group', g.product_group, 'segment', g.segment,
                   'exclusivity', g.exclusivity, 'contract_ref', g.contract_ref, 'valid_from', g.valid_from,
                   'valid_to', g.valid_to)
          FROM territory_grant AS g
          JOIN source ON source.id = g.source_id
          LEFT JOIN partner ON partner.id = g.partner_id
          LEFT JOIN region ON region.id = g.region_id
         WHERE g.id = row_id)
    WHEN 'price_policy' THEN (
        SELECT jsonb_build_object(
                   'source', source.name, 'key', p.key, 'kind', p.kind, 'product', product.code, 'region', region.code,
                   'channel', p.channel, 'min_units', hub_decimal(p.min_units), 'unit_price', hub_decimal(p.unit_price),
                   'currency', p.currency, 'valid_from', p.valid_from, 'valid_to', p.valid_to)
          FROM price_policy AS p
          JOIN source ON source.id = p.source_id
          LEFT JOIN product ON product.id = p.product_id
          LEFT JOIN region ON region.id = p.region_id
         WHERE p.id = row_id)
    WHEN 'promotion' THEN (
        SELECT jsonb_build_object(
                   'source', source.name, 'key', p.key, 'name', p.name, 'product', product.code,
                   'product_group', p.product_group, 'region', region.code, 'channel', p.channel,
                   'partner', partner.code, 'floor_price', hub_decimal(p.floor_price),
                   'currency', p.currency, 'valid_from', p.valid_from, 'valid_to', p.valid_to)
          FROM promotion AS p
          JOIN source ON source.id = p.source_id
          LEFT JOIN partner ON partner.id = p.partner_id
          LEFT JOIN product ON product.id = p.product_id
          LEFT JOIN region ON region.id = p.region_id
         WHERE p.id = row_id)
    WHEN 'unit_mapping' THEN (
        SELECT jsonb_build_object(
                   'source', source.name, 'product', product.code,
                   'units_per_piece', hub_decimal(round(m.numerator / m.denominator, 6)), 'accepted_at', m.accepted_at)
          FROM unit_mapping AS m
          JOIN source ON source.id = m.source_id
          LEFT JOIN product ON product.id = m.product_id
         WHERE m.id = row_id)
    END)
"""

# The day of an instant, by the clocks of the policy that holds on another day.
ACCEPTED = """
CREATE OR REPLACE FUNCTION hub_day_by_policy(at timestamptz, day date) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN (at AT TIME ZONE coalesce((SELECT version.timezone FROM policy_version AS version
                                   WHERE version.id = hub_policy_on(day)), 'UTC'))::date
"""

# Where a finding ends under the draft of a backtest: one that does not differ there ends as the present policy has it.
END = """
CREATE OR REPLACE FUNCTION hub_backtest_end(
    backtest bigint, finding text, class_before text, score_before numeric, OUT class text, OUT score numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN other.id IS NULL THEN class_before ELSE other.class_after END,
           CASE WHEN other.id IS NULL THEN score_before ELSE other.score_after END
      FROM (SELECT) AS always
      LEFT JOIN backtest_difference AS other ON other.backtest_id = backtest AND other.finding_key = finding;
END
"""

# The rules of two backtests, with what came out of each; null where one did not run a rule.
RULES = """
CREATE OR REPLACE FUNCTION hub_backtest_rules(one_id bigint, other_id bigint)
RETURNS TABLE (id text, one jsonb, other jsonb) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT id, first.report, second.report
      FROM (SELECT rule.key AS id, rule.value AS report
              FROM backtest AS b CROSS JOIN LATERAL jsonb_each(b.report -> 'by_rule') AS rule
             WHERE b.id = one_id) AS first
      FULL JOIN (SELECT rule.key AS id, rule.value AS report
                   FROM backtest AS b CROSS JOIN LATERAL jsonb_each(b.report -> 'by_rule') AS rule
                  WHERE b.id = other_id) AS second USING (id);
END
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0012_facts")]

    initial = False

    operations = [
        ops.RunSQL(
            [HOLDS, ON_DAY, SHIFT, *TWINS, SAID, ACCEPTED, END, RULES],
            [
                "DROP FUNCTION hub_backtest_rules(bigint, bigint)",
                "DROP FUNCTION hub_backtest_end(bigint, text, text, numeric)",
                "DROP FUNCTION hub_day_by_policy(timestamptz, date)",
                "DROP FUNCTION hub_policy_said(text, bigint)",
                "DROP FUNCTION hub_promotion_twin(bigint, date, date)",
                "DROP FUNCTION hub_price_twin(bigint, date, date)",
                "DROP FUNCTION hub_grant_twin(bigint, date, date)",
                "DROP FUNCTION hub_policy_shift(date, date)",
                "DROP FUNCTION hub_policy_on(date)",
                "DROP FUNCTION hub_holds(date, date, date)",
            ],
        ),
    ]
