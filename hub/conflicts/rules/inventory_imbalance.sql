-- desk --
CREATE TEMP TABLE IF NOT EXISTS balance_cell (
    scope text PRIMARY KEY, partner_id bigint, base_id bigint, month date
) ON COMMIT DELETE ROWS;
-- Months pooled over SKUs and sources, in base units.
CREATE TEMP TABLE IF NOT EXISTS balance_month (
    partner_id bigint, base_id bigint, month date, opening numeric, closing numeric, sell_in numeric, sell_out numeric,
    returns numeric, returns_out numeric, transfers_in numeric, transfers_out numeric, adjustments numeric, expected numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS balance_gap (
    gap_id bigint PRIMARY KEY, scope text, check_name text, partner_id bigint, base_id bigint, month date, missing numeric,
    closed_before numeric, largest_pack numeric, tolerance numeric, version int, home_id bigint, product_group text
) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is partner|base|month; a month is compared with the one before, so it reaches the next. What only puts a value on a
-- difference, or is linked to it, is looked at again where a finding stands.
WITH article AS (
    SELECT p.id AS product_id, p.base_id FROM reached_product AS r JOIN product AS p ON p.id = r.product_id
    UNION
    SELECT record_id, (old ->> 'base_id')::bigint FROM changed WHERE noun = 'product' AND old IS NOT NULL
), moved_partner AS (
    SELECT p.id FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL
       AND (c.old ->> 'code' <> p.code OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id)
), moved AS (
    SELECT m.partner_id, m.product_id, m.month
      FROM changed AS c JOIN inventory_month AS m ON m.id = c.record_id WHERE c.noun = 'inventory_month'
    UNION
    SELECT old.partner_id, old.product_id, old.month
      FROM changed AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (partner_id bigint, product_id bigint, month date)
     WHERE c.noun = 'inventory_month' AND c.old IS NOT NULL
    UNION
    SELECT m.partner_id, m.product_id, m.month FROM moved_partner AS p JOIN inventory_month AS m ON m.partner_id = p.id
    UNION
    SELECT m.partner_id, m.product_id, m.month FROM article JOIN inventory_month AS m USING (product_id)
), cell AS (
    SELECT moved.partner_id, p.base_id, moved.month FROM moved JOIN product AS p ON p.id = moved.product_id
    UNION
    SELECT moved.partner_id, article.base_id, moved.month FROM moved JOIN article USING (product_id)
), price AS (
    SELECT pp.product_id
      FROM changed AS c JOIN price_policy AS pp ON pp.id = c.record_id
     WHERE c.noun = 'price_policy' AND 'wholesale' IN (pp.kind, c.old ->> 'kind')
    UNION
    SELECT (old ->> 'product_id')::bigint FROM changed WHERE noun = 'price_policy' AND old ->> 'kind' = 'wholesale'
), elsewhere AS (
    -- Findings of the linked rules: of their partners as they are, and of the sellers their lines had before.
    SELECT c.partner_id, date_trunc('month', day.of_event)::date AS month
      FROM happened AS h
      JOIN conflict AS c ON c.id = h.conflict_id
     CROSS JOIN LATERAL (VALUES (h.event_day), (c.event_day)) AS day (of_event)
     WHERE h.rule IN ('cross_region_sale', 'serial_diversion')
    UNION
    SELECT partner_id, date_trunc('month', day::timestamp)::date FROM reached_line
     WHERE EXISTS (SELECT 1 FROM happened WHERE rule = 'cross_region_sale')
), standing AS MATERIALIZED (
    SELECT scope, partner_id, product_id, event_day FROM conflict WHERE rule = :rule::text AND state <> 'resolved_by_data'
)
INSERT INTO judged
SELECT concat_ws('|', partner_id, base_id, to_char(month + step.ahead, 'YYYY-MM'))
  FROM cell CROSS JOIN (VALUES (interval '0 months'), (interval '1 month')) AS step (ahead)
UNION
SELECT scope FROM standing
 WHERE product_id IN (SELECT base_id FROM article) OR product_id IN (SELECT product_id FROM price)
    OR partner_id IN (SELECT id FROM moved_partner)
UNION
SELECT f.scope FROM standing AS f JOIN elsewhere AS e ON e.partner_id = f.partner_id AND e.month = f.event_day
UNION
SELECT f.scope
  FROM standing AS f
  JOIN reached_rate AS rate ON rate.in_prices AND rate.first_day <= f.event_day AND rate.end_day > f.event_day
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT concat_ws('|', m.partner_id, p.base_id, to_char(m.month, 'YYYY-MM'))
  FROM inventory_month AS m JOIN product AS p ON p.id = m.product_id
 WHERE m.deleted_at IS NULL
    ON CONFLICT DO NOTHING;

-- cells --
INSERT INTO balance_cell
SELECT scope, split_part(scope, '|', 1)::bigint, split_part(scope, '|', 2)::bigint,
       (split_part(scope, '|', 3) || '-01')::date
  FROM judged;

-- months --
-- The judged months and those directly before them.
WITH wanted AS (
    SELECT partner_id, base_id, month FROM balance_cell
    UNION
    SELECT partner_id, base_id, (month - interval '1 month')::date FROM balance_cell
), pooled AS (
    SELECT w.partner_id, w.base_id, w.month, sum(m.opening * p.units_per_pack) AS opening,
           sum(m.closing * p.units_per_pack) AS closing, sum(m.sell_in * p.units_per_pack) AS sell_in,
           sum(m.sell_out * p.units_per_pack) AS sell_out, sum(m.returns * p.units_per_pack) AS returns,
           sum(m.returns_out * p.units_per_pack) AS returns_out, sum(m.transfers_in * p.units_per_pack) AS transfers_in,
           sum(m.transfers_out * p.units_per_pack) AS transfers_out, sum(m.adjustments * p.units_per_pack) AS adjustments
      FROM wanted AS w
      JOIN product AS p ON p.base_id = w.base_id
      JOIN inventory_month AS m
        ON m.partner_id = w.partner_id AND m.product_id = p.id AND m.month = w.month AND m.deleted_at IS NULL
     GROUP BY w.partner_id, w.base_id, w.month
)
INSERT INTO balance_month
SELECT pooled.*, opening + sell_in - sell_out + returns - returns_out + transfers_in - transfers_out + adjustments FROM pooled;

-- weigh --
ANALYZE balance_cell, balance_month;

-- gaps --
-- Where the month does not lead from its opening to its closing, and where it does not open where the one before closed.
WITH gap AS (
    SELECT cell.scope, cell.partner_id, cell.base_id, cell.month, check_of.name, check_of.missing, before.closing
      FROM balance_cell AS cell
      JOIN balance_month AS m USING (partner_id, base_id, month)
      LEFT JOIN balance_month AS before
        ON before.partner_id = cell.partner_id AND before.base_id = cell.base_id
       AND before.month = (cell.month - interval '1 month')::date
     CROSS JOIN LATERAL (VALUES ('balance', m.expected - m.closing), ('continuity', m.opening - before.closing))
           AS check_of (name, missing)
     WHERE check_of.missing <> 0
), pack AS (
    SELECT p.base_id, max(p.units_per_pack) AS largest
      FROM (SELECT DISTINCT base_id FROM gap) AS one JOIN product AS p ON p.base_id = one.base_id AND p.deleted_at IS NULL
     GROUP BY p.base_id
)
INSERT INTO balance_gap
SELECT row_number() OVER (ORDER BY gap.scope, gap.name), gap.scope, gap.name, gap.partner_id, gap.base_id, gap.month,
       gap.missing, CASE WHEN gap.name = 'continuity' THEN gap.closing END, coalesce(pack.largest, base.units_per_pack), NULL,
       v.version, p.home_region_id, base.product_group
  FROM gap
  JOIN policy_period AS v ON gap.month >= v.valid_from AND gap.month < v.valid_to
  JOIN partner AS p ON p.id = gap.partner_id
  JOIN product AS base ON base.id = gap.base_id
  LEFT JOIN pack ON pack.base_id = gap.base_id;

-- limit_places --
INSERT INTO limit_asked SELECT gap_id, version, home_id, product_group FROM balance_gap;

-- drop_small --
-- A share of what there was, and at least the largest pack: a pack counted twice is no loss.
WITH bar AS (
    SELECT g.gap_id, greatest(l.value * (m.opening + m.sell_in), g.largest_pack) AS tolerance
      FROM balance_gap AS g
      JOIN balance_month AS m USING (partner_id, base_id, month)
      JOIN limit_found AS l ON l.limit_id = g.gap_id AND l.name = 'pct'
), told AS (
    DELETE FROM balance_gap AS g USING bar WHERE g.gap_id = bar.gap_id AND abs(g.missing) <= bar.tolerance
)
UPDATE balance_gap AS g SET tolerance = bar.tolerance FROM bar WHERE g.gap_id = bar.gap_id AND abs(g.missing) > bar.tolerance;

-- questions --
INSERT INTO price_asked
SELECT gap_id, 'wholesale', base_id, home_id, NULL, abs(missing), month FROM balance_gap;

-- judge --
WITH record AS MATERIALIZED (
    SELECT g.gap_id,
           jsonb_agg(hub_evidence('inventory_month', 'inventory_month', m.id, m.source_id, m.key, jsonb_build_object(
               'sku', p.code, 'month', to_char(m.month, 'YYYY-MM'), 'pack', hub_decimal(p.units_per_pack),
               'opening', hub_decimal(m.opening), 'sell_in', hub_decimal(m.sell_in), 'sell_out', hub_decimal(m.sell_out),
               'returns', hub_decimal(m.returns), 'returns_out', hub_decimal(m.returns_out),
               'transfers_in', hub_decimal(m.transfers_in), 'transfers_out', hub_decimal(m.transfers_out),
               'adjustments', hub_decimal(m.adjustments), 'closing', hub_decimal(m.closing)))
               ORDER BY m.month, p.code COLLATE "C", m.source_id, m.key COLLATE "C") AS records
      FROM balance_gap AS g
      JOIN product AS p ON p.base_id = g.base_id
      JOIN inventory_month AS m
        ON m.partner_id = g.partner_id AND m.product_id = p.id AND m.deleted_at IS NULL
       AND m.month IN (g.month, CASE WHEN g.check_name = 'continuity' THEN (g.month - interval '1 month')::date END)
     GROUP BY g.gap_id
), link AS MATERIALIZED (
    SELECT g.gap_id, jsonb_agg(c.finding_key ORDER BY c.finding_key) AS findings
      FROM balance_gap AS g
      JOIN conflict AS c
        ON c.rule IN ('cross_region_sale', 'serial_diversion') AND c.partner_id = g.partner_id AND c.event_day >= g.month
       AND c.event_day < (g.month + interval '1 month')::date AND c.state <> 'resolved_by_data'
     GROUP BY g.gap_id
)
INSERT INTO found
SELECT g.scope, ARRAY[p.code, base.code, to_char(g.month, 'YYYY-MM'), g.check_name],
       CASE WHEN g.check_name = 'continuity' THEN 'continuity' WHEN g.missing > 0 THEN 'missing' ELSE 'surplus' END,
       'case', g.version, g.partner_id, NULL, g.base_id, NULL, g.product_group, g.month,
       round(abs(g.missing) * price.price, 2),
       CASE WHEN m.opening + m.sell_in = 0 THEN 1 ELSE hub_ratio(abs(g.missing), (m.opening + m.sell_in) * 0.10) END,
       0.4, '{}'::text[],
       jsonb_build_object(
           'check', g.check_name, 'month', to_char(g.month, 'YYYY-MM'), 'opening', hub_decimal(m.opening),
           'sell_in', hub_decimal(m.sell_in), 'sell_out', hub_decimal(m.sell_out), 'returns', hub_decimal(m.returns),
           'returns_out', hub_decimal(m.returns_out), 'transfers_in', hub_decimal(m.transfers_in),
           'transfers_out', hub_decimal(m.transfers_out), 'adjustments', hub_decimal(m.adjustments),
           'expected', hub_decimal(m.expected), 'closing', hub_decimal(m.closing),
           'closed_before', hub_decimal(g.closed_before), 'missing', hub_decimal(g.missing),
           'tolerance', hub_decimal(g.tolerance), 'largest_pack', hub_decimal(g.largest_pack),
           'wholesale', hub_decimal(round(price.price, 2)), 'linked', coalesce(link.findings, '[]'::jsonb),
           'records', record.records || CASE WHEN pp.id IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
               hub_evidence('wholesale_price', 'price_policy', pp.id, pp.source_id, pp.key, jsonb_build_object(
                   'unit_price', hub_decimal(pp.unit_price), 'currency', pp.currency, 'min_units', hub_decimal(pp.min_units),
                   'valid_from', pp.valid_from, 'valid_to', pp.valid_to))) END),
       jsonb_build_array(
           hub_tried('tolerance', 'none_found', hub_decimal(g.tolerance)),
           hub_tried('movement', CASE WHEN m.returns + m.returns_out + m.transfers_in + m.transfers_out + abs(m.adjustments) > 0
                                      THEN 'found' ELSE 'none_found' END, NULL))
  FROM balance_gap AS g
  JOIN balance_month AS m USING (partner_id, base_id, month)
  JOIN record USING (gap_id)
  JOIN partner AS p ON p.id = g.partner_id
  JOIN product AS base ON base.id = g.base_id
  LEFT JOIN price_found AS price ON price.asked_id = g.gap_id
  LEFT JOIN price_policy AS pp ON pp.id = price.policy_id
  LEFT JOIN link USING (gap_id);
