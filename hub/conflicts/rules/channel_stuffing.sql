-- desk --
CREATE TEMP TABLE IF NOT EXISTS stuffing_buyer (partner_id bigint, base_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stuffing_pair (
    partner_id bigint, base_id bigint, home_id bigint, product_group text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stuffing_bought (
    partner_id bigint, base_id bigint, quarter date, units numeric, late_units numeric
) ON COMMIT DELETE ROWS;
-- Months pooled over SKUs and sources, in base units, and quarters of purchases.
CREATE TEMP TABLE IF NOT EXISTS stuffing_month (
    partner_id bigint, base_id bigint, month date, sell_in numeric, sell_out numeric, closing numeric, returns_out numeric,
    version int, limit_id bigint, home_id bigint, product_group text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stuffing_quarter (
    partner_id bigint, base_id bigint, quarter date, month date, units numeric, late_units numeric, share numeric, version int,
    limit_id bigint, home_id bigint, product_group text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stuffing_load (
    load_id bigint PRIMARY KEY, partner_id bigint, base_id bigint, month date, sell_in numeric, sell_out numeric,
    closing numeric, base_out numeric, months_before bigint, most_months numeric, version int, home_id bigint,
    product_group text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stuffing_move (
    move_id bigint PRIMARY KEY, load_id bigint, kind text, day date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stuffing_rush (
    partner_id bigint, base_id bigint, quarter date, month date, units numeric, late_units numeric, share numeric,
    usual_share numeric, quarters bigint, version int, product_group text
) ON COMMIT DELETE ROWS;

-- buyers --
-- Who bought what, as it was and as it is, and all that is bought by partners who moved or were renamed.
INSERT INTO stuffing_buyer
SELECT buyer_partner_id, base_id FROM reached_line WHERE kind = 'sell_in' AND buyer_partner_id IS NOT NULL
UNION
SELECT t.buyer_partner_id, t.base_id
  FROM changed AS c
  JOIN partner AS p ON p.id = c.record_id
  JOIN trade_line AS t ON t.buyer_partner_id = p.id AND t.kind = 'sell_in'
 WHERE c.noun = 'partner' AND c.old IS NOT NULL
   AND (c.old ->> 'code' <> p.code OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id);

-- weigh_buyers --
ANALYZE stuffing_buyer;

-- bought --
-- A quarter is compared with four others, so whoever bought in fewer than five has none to tell of.
WITH line AS (
    SELECT b.partner_id, b.base_id, date_trunc('quarter', t.day::timestamp) AS quarter, t.day, t.units
      FROM stuffing_buyer AS b
      JOIN trade_line AS t ON t.buyer_partner_id = b.partner_id AND t.base_id = b.base_id AND t.kind = 'sell_in'
), summed AS (
    -- A day is among the last seven of its quarter when the day a week later is not of that quarter.
    SELECT partner_id, base_id, quarter::date AS quarter, sum(units) AS units,
           coalesce(sum(units) FILTER (WHERE date_trunc('quarter', (day + 7)::timestamp) > quarter), 0) AS late_units
      FROM line
     GROUP BY partner_id, base_id, quarter
)
INSERT INTO stuffing_bought
SELECT partner_id, base_id, quarter, units, late_units
  FROM (SELECT summed.*, count(*) OVER (PARTITION BY partner_id, base_id) AS quarters FROM summed) AS counted
 WHERE quarters >= 5;

-- all_bought --
WITH line AS (
    SELECT buyer_partner_id AS partner_id, base_id, date_trunc('quarter', day::timestamp) AS quarter, day, units
      FROM trade_line
     WHERE kind = 'sell_in' AND buyer_partner_id IS NOT NULL
), summed AS (
    -- A day is among the last seven of its quarter when the day a week later is not of that quarter.
    SELECT partner_id, base_id, quarter::date AS quarter, sum(units) AS units,
           coalesce(sum(units) FILTER (WHERE date_trunc('quarter', (day + 7)::timestamp) > quarter), 0) AS late_units
      FROM line
     GROUP BY partner_id, base_id, quarter
)
INSERT INTO stuffing_bought
SELECT partner_id, base_id, quarter, units, late_units
  FROM (SELECT summed.*, count(*) OVER (PARTITION BY partner_id, base_id) AS quarters FROM summed) AS counted
 WHERE quarters >= 5;

-- keys --
-- A scope is partner|base|check over all months: a month counts in the twelve after it, a quarter in all later ones. What
-- only explains a load (promotions, prices, the launch) is asked again where a finding stands.
WITH article AS (
    SELECT p.id AS product_id, p.base_id FROM reached_product AS r JOIN product AS p ON p.id = r.product_id
    UNION
    SELECT record_id, (old ->> 'base_id')::bigint FROM changed WHERE noun = 'product' AND old IS NOT NULL
), moved_partner AS (
    SELECT p.id FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL
       AND (c.old ->> 'code' <> p.code OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id)
), moved AS (
    SELECT m.partner_id, m.product_id
      FROM changed AS c JOIN inventory_month AS m ON m.id = c.record_id WHERE c.noun = 'inventory_month'
    UNION
    SELECT old.partner_id, old.product_id
      FROM changed AS c CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (partner_id bigint, product_id bigint)
     WHERE c.noun = 'inventory_month' AND c.old IS NOT NULL
    UNION
    SELECT m.partner_id, m.product_id FROM moved_partner AS p JOIN inventory_month AS m ON m.partner_id = p.id
    UNION
    SELECT m.partner_id, m.product_id FROM article JOIN inventory_month AS m USING (product_id)
), promo AS (
    SELECT pr.product_id, pr.valid_from
      FROM changed AS c JOIN promotion AS pr ON pr.id = c.record_id WHERE c.noun = 'promotion'
    UNION
    SELECT old.product_id, old.valid_from
      FROM changed AS c CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (product_id bigint, valid_from date)
     WHERE c.noun = 'promotion' AND c.old IS NOT NULL
), price AS (
    SELECT pp.product_id FROM changed AS c JOIN price_policy AS pp ON pp.id = c.record_id WHERE c.noun = 'price_policy'
    UNION
    SELECT (old ->> 'product_id')::bigint FROM changed WHERE noun = 'price_policy' AND old IS NOT NULL
), launched AS (
    SELECT p.id AS product_id FROM changed AS c JOIN product AS p ON p.id = c.record_id
     WHERE c.noun = 'product' AND (c.old ->> 'launched_on')::date IS DISTINCT FROM p.launched_on
), standing AS MATERIALIZED (
    SELECT scope, affected_id, product_id, event_day AS month, (event_day + interval '1 month')::date AS next_month
      FROM conflict
     WHERE rule = :rule::text AND state <> 'resolved_by_data' AND parts[4] = 'load'
)
INSERT INTO judged
SELECT concat_ws('|', moved.partner_id, p.base_id, 'load') FROM moved JOIN product AS p ON p.id = moved.product_id
UNION
SELECT concat_ws('|', moved.partner_id, article.base_id, 'load') FROM moved JOIN article USING (product_id)
UNION
SELECT DISTINCT concat_ws('|', partner_id, base_id, 'quarter_end') FROM stuffing_bought
UNION
SELECT f.scope
  FROM stuffing_buyer AS b
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.affected_id = b.partner_id AND f.product_id = b.base_id AND f.state <> 'resolved_by_data'
   AND f.parts[4] = 'quarter_end'
UNION
SELECT scope FROM standing
 WHERE product_id IN (SELECT base_id FROM article) OR product_id IN (SELECT product_id FROM price)
    OR product_id IN (SELECT product_id FROM launched) OR affected_id IN (SELECT id FROM moved_partner)
UNION
SELECT f.scope
  FROM standing AS f
  JOIN promo ON promo.valid_from >= f.next_month AND promo.valid_from < f.next_month + 31
   AND (promo.product_id IS NULL OR promo.product_id = f.product_id)
UNION
SELECT f.scope
  FROM standing AS f
  JOIN reached_rate AS rate ON rate.in_prices AND rate.first_day < f.next_month + 31 AND rate.end_day >= f.month
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT concat_ws('|', m.partner_id, p.base_id, 'load')
  FROM inventory_month AS m JOIN product AS p ON p.id = m.product_id
 WHERE m.deleted_at IS NULL
UNION ALL
SELECT DISTINCT concat_ws('|', partner_id, base_id, 'quarter_end') FROM stuffing_bought
    ON CONFLICT DO NOTHING;

-- pairs --
INSERT INTO stuffing_pair
SELECT p.id, base.id, p.home_region_id, base.product_group
  FROM judged AS j
  JOIN partner AS p ON p.id = split_part(j.scope, '|', 1)::bigint
  JOIN product AS base ON base.id = split_part(j.scope, '|', 2)::bigint
 WHERE split_part(j.scope, '|', 3) = 'load';

-- months --
WITH pooled AS (
    SELECT pair.partner_id, pair.base_id, pair.home_id, pair.product_group, m.month,
           sum(m.sell_in * p.units_per_pack) AS sell_in, sum(m.sell_out * p.units_per_pack) AS sell_out,
           sum(m.closing * p.units_per_pack) AS closing, sum(m.returns_out * p.units_per_pack) AS returns_out
      FROM stuffing_pair AS pair
      JOIN product AS p ON p.base_id = pair.base_id
      JOIN inventory_month AS m ON m.partner_id = pair.partner_id AND m.product_id = p.id AND m.deleted_at IS NULL
     GROUP BY pair.partner_id, pair.base_id, pair.home_id, pair.product_group, m.month
)
INSERT INTO stuffing_month
SELECT x.partner_id, x.base_id, x.month, x.sell_in, x.sell_out, x.closing, x.returns_out, v.version,
       dense_rank() OVER (ORDER BY v.version, x.home_id, x.product_group), x.home_id, x.product_group
  FROM pooled AS x JOIN policy_period AS v ON x.month >= v.valid_from AND x.month < v.valid_to;

-- quarters --
WITH share AS (
    SELECT b.*, (b.quarter + interval '2 months')::date AS month, p.home_region_id AS home_id, base.product_group
      FROM stuffing_bought AS b JOIN partner AS p ON p.id = b.partner_id JOIN product AS base ON base.id = b.base_id
)
INSERT INTO stuffing_quarter
SELECT s.partner_id, s.base_id, s.quarter, s.month, s.units, s.late_units, hub_ratio(s.late_units, s.units), v.version,
       -dense_rank() OVER (ORDER BY v.version, s.home_id, s.product_group), s.home_id, s.product_group
  FROM share AS s JOIN policy_period AS v ON s.month >= v.valid_from AND s.month < v.valid_to;

-- limit_places --
INSERT INTO limit_asked
SELECT DISTINCT limit_id, version, home_id, product_group FROM stuffing_month
UNION ALL
SELECT DISTINCT limit_id, version, home_id, product_group FROM stuffing_quarter;

-- weigh --
ANALYZE stuffing_month, stuffing_quarter, limit_found;

-- loads --
-- Months that took in far more than went out and leave stock for long, by what went out in the months before that are known.
WITH bar AS (
    SELECT limit_id, max(value) FILTER (WHERE name = 'ratio') AS ratio, max(value) FILTER (WHERE name = 'months') AS months,
           max(value) FILTER (WHERE name = 'history') AS history,
           max(value) FILTER (WHERE name = 'min_history') AS min_history
      FROM limit_found
     GROUP BY limit_id
), heavy AS (
    SELECT m.*, bar.ratio, bar.months, bar.history, bar.min_history
      FROM stuffing_month AS m JOIN bar USING (limit_id)
     WHERE m.sell_in > bar.ratio * m.sell_out
), before AS (
    SELECT h.partner_id, h.base_id, h.month, h.history, b.sell_out,
           row_number() OVER (PARTITION BY h.partner_id, h.base_id, h.month ORDER BY b.month DESC) AS place
      FROM heavy AS h
      JOIN stuffing_month AS b
        ON b.partner_id = h.partner_id AND b.base_id = h.base_id AND b.month < h.month
       AND b.month >= (h.month - interval '12 months')::date
), usual AS (
    SELECT partner_id, base_id, month, hub_ratio(sum(sell_out), count(*)) AS base_out, count(*) AS months_before
      FROM before
     WHERE place <= history
     GROUP BY partner_id, base_id, month
)
INSERT INTO stuffing_load
SELECT row_number() OVER (ORDER BY h.partner_id, h.base_id, h.month), h.partner_id, h.base_id, h.month, h.sell_in, h.sell_out,
       h.closing, u.base_out, u.months_before, h.months, h.version, h.home_id, h.product_group
  FROM heavy AS h
  JOIN usual AS u USING (partner_id, base_id, month)
 WHERE u.months_before >= h.min_history AND u.base_out > 0 AND h.closing > h.months * u.base_out
   AND h.sell_in > h.ratio * CASE WHEN h.sell_out > 0 THEN h.sell_out ELSE u.base_out END;

-- moves --
-- The days on which a price that applies to the buyer starts, in the month or the 31 days after.
INSERT INTO stuffing_move
SELECT row_number() OVER (ORDER BY load_id, day, kind), load_id, kind, day
  FROM (SELECT DISTINCT l.load_id, pp.kind, pp.valid_from AS day
          FROM stuffing_load AS l
          JOIN price_policy AS pp
            ON pp.product_id = l.base_id AND pp.kind IN ('factory', 'wholesale') AND pp.deleted_at IS NULL
           AND pp.valid_from >= l.month AND pp.valid_from < (l.month + interval '1 month')::date + 31
          LEFT JOIN region_cover AS c ON c.region_id = pp.region_id AND c.covered_id = l.home_id
         WHERE pp.channel IS NULL AND (pp.region_id IS NULL OR c.region_id IS NOT NULL)) AS start;

-- questions --
-- The price on that day and on the day before, for what the month took in.
INSERT INTO price_asked
SELECT 2 * m.move_id + step.number, m.kind, l.base_id, l.home_id, NULL, l.sell_in, m.day - step.number
  FROM stuffing_move AS m
  JOIN stuffing_load AS l USING (load_id)
 CROSS JOIN (VALUES (0), (1)) AS step (number);

-- promotions_asked --
INSERT INTO ahead_asked SELECT load_id, partner_id, base_id, product_group, home_id, month FROM stuffing_load;

-- rushes --
-- Quarters bought late, against the median of all earlier ones with a purchase.
WITH late AS (
    SELECT q.*, bar.value AS most_share
      FROM stuffing_quarter AS q
      JOIN limit_found AS bar ON bar.limit_id = q.limit_id AND bar.name = 'quarter_end_share'
     WHERE q.share > bar.value
), usual AS (
    SELECT l.partner_id, l.base_id, l.quarter, hub_median(array_agg(b.share ORDER BY b.share)) AS usual_share,
           count(*) AS quarters
      FROM late AS l
      JOIN stuffing_quarter AS b
        ON b.partner_id = l.partner_id AND b.base_id = l.base_id AND b.quarter < l.quarter AND b.share IS NOT NULL
     GROUP BY l.partner_id, l.base_id, l.quarter
    HAVING count(*) >= 4
)
INSERT INTO stuffing_rush
SELECT l.partner_id, l.base_id, l.quarter, l.month, l.units, l.late_units, l.share, u.usual_share, u.quarters, l.version,
       l.product_group
  FROM late AS l JOIN usual AS u USING (partner_id, base_id, quarter)
 WHERE l.share > 2 * u.usual_share;

-- judge --
WITH rise AS (
    SELECT DISTINCT ON (m.load_id) m.load_id, m.kind, m.day, earlier.price AS price_before, later.price AS price_after,
           later.policy_id
      FROM stuffing_move AS m
      JOIN price_found AS later ON later.asked_id = 2 * m.move_id
      JOIN price_found AS earlier ON earlier.asked_id = 2 * m.move_id + 1
     WHERE later.price > earlier.price
     ORDER BY m.load_id, m.day, m.kind
), explained AS (
    SELECT l.*, rise.kind AS price_kind, rise.day AS price_day, rise.price_before, rise.price_after, rise.policy_id,
           ahead.promotion_id,
           CASE WHEN base.launched_on BETWEEN last.day - 90 AND last.day THEN base.launched_on END AS launched_on
      FROM stuffing_load AS l
     CROSS JOIN LATERAL (SELECT (l.month + interval '1 month')::date - 1 AS day) AS last
      JOIN product AS base ON base.id = l.base_id
      LEFT JOIN rise USING (load_id)
      LEFT JOIN ahead_found AS ahead ON ahead.ahead_id = l.load_id
), year AS (
    SELECT l.load_id,
           jsonb_agg(jsonb_build_object('month', to_char(m.month, 'YYYY-MM'), 'sell_in', hub_decimal(m.sell_in),
                                        'sell_out', hub_decimal(m.sell_out), 'closing', hub_decimal(m.closing))
                     ORDER BY m.month) FILTER (WHERE m.month <= l.month) AS months,
           hub_decimal(max(m.returns_out) FILTER (WHERE m.month > l.month)) AS returned_after
      FROM stuffing_load AS l
      JOIN stuffing_month AS m
        ON m.partner_id = l.partner_id AND m.base_id = l.base_id AND m.month > (l.month - interval '12 months')::date
       AND m.month <= (l.month + interval '1 month')::date
     GROUP BY l.load_id
), month_record AS (
    SELECT l.load_id,
           jsonb_agg(hub_evidence('inventory_month', 'inventory_month', m.id, m.source_id, m.key, jsonb_build_object(
               'sku', p.code, 'pack', hub_decimal(p.units_per_pack), 'opening', hub_decimal(m.opening),
               'sell_in', hub_decimal(m.sell_in), 'sell_out', hub_decimal(m.sell_out), 'closing', hub_decimal(m.closing)))
               ORDER BY p.code COLLATE "C", m.source_id, m.key COLLATE "C") AS records
      FROM stuffing_load AS l
      JOIN product AS p ON p.base_id = l.base_id
      JOIN inventory_month AS m
        ON m.partner_id = l.partner_id AND m.product_id = p.id AND m.month = l.month AND m.deleted_at IS NULL
     GROUP BY l.load_id
), cause AS (
    SELECT x.load_id,
           jsonb_build_array(hub_evidence('promotion', 'promotion', pr.id, pr.source_id, pr.key, jsonb_build_object(
               'valid_from', pr.valid_from, 'valid_to', pr.valid_to, 'channel', pr.channel))) AS records
      FROM explained AS x JOIN promotion AS pr ON pr.id = x.promotion_id
    UNION ALL
    SELECT x.load_id,
           jsonb_build_array(hub_evidence('price', 'price_policy', pp.id, pp.source_id, pp.key, jsonb_build_object(
               'kind', pp.kind, 'unit_price', hub_decimal(pp.unit_price), 'currency', pp.currency,
               'valid_from', pp.valid_from)))
      FROM explained AS x JOIN price_policy AS pp ON pp.id = x.policy_id
     WHERE x.promotion_id IS NULL
), line_record AS (
    SELECT r.partner_id, r.base_id, r.quarter,
           jsonb_agg(hub_evidence('purchase_line', 'order_line', l.id, l.source_id, o.key || '|' || l.number,
               jsonb_build_object('day', t.day, 'sku', p.code, 'units', hub_decimal(t.units)))
               ORDER BY t.day, o.key COLLATE "C", l.number, l.id) AS records
      FROM stuffing_rush AS r
      JOIN trade_line AS t
        ON t.buyer_partner_id = r.partner_id AND t.base_id = r.base_id AND t.kind = 'sell_in'
       AND t.day >= (r.quarter + interval '3 months')::date - 7 AND t.day < (r.quarter + interval '3 months')::date
      JOIN order_line AS l ON l.id = t.line_id
      JOIN sales_order AS o ON o.id = t.order_id
      JOIN product AS p ON p.id = t.product_id
     GROUP BY r.partner_id, r.base_id, r.quarter
), verdict AS (
    SELECT 'load' AS check_name, x.partner_id, x.base_id, x.month, x.version, x.product_group, 0.4 AS strength,
           hub_ratio(hub_ratio(x.closing, x.base_out) - x.most_months, x.most_months) AS depth, x.promotion_id, x.policy_id,
           x.launched_on, x.months_before AS compared,
           jsonb_build_object(
               'check', 'load', 'month', to_char(x.month, 'YYYY-MM'), 'sell_in', hub_decimal(x.sell_in),
               'sell_out', hub_decimal(x.sell_out), 'closing', hub_decimal(x.closing), 'base_out', hub_decimal(x.base_out),
               'ratio', hub_decimal(round(hub_ratio(x.sell_in, CASE WHEN x.sell_out > 0 THEN x.sell_out ELSE x.base_out END), 2)),
               'months_of_stock', hub_decimal(round(hub_ratio(x.closing, x.base_out), 2)),
               'months_before', x.months_before, 'months', year.months, 'returned_after', year.returned_after,
               'promotion', pr.key, 'promotion_from', pr.valid_from, 'price_kind', x.price_kind, 'price_from', x.price_day,
               'price_before', hub_decimal(round(x.price_before, 2)), 'price_after', hub_decimal(round(x.price_after, 2)),
               'launched_on', x.launched_on, 'records', m.records || coalesce(cause.records, '[]'::jsonb)) AS evidence
      FROM explained AS x
      JOIN year USING (load_id)
      JOIN month_record AS m USING (load_id)
      LEFT JOIN cause USING (load_id)
      LEFT JOIN promotion AS pr ON pr.id = x.promotion_id
    UNION ALL
    SELECT 'quarter_end', r.partner_id, r.base_id, r.month, r.version, r.product_group, 0.2, r.share, NULL, NULL, NULL,
           r.quarters,
           jsonb_build_object(
               'check', 'quarter_end', 'month', to_char(r.month, 'YYYY-MM'), 'quarter_units', hub_decimal(r.units),
               'late_units', hub_decimal(r.late_units), 'late_share', hub_decimal(r.share),
               'usual_share', hub_decimal(r.usual_share), 'quarters_before', r.quarters, 'records', l.records)
      FROM stuffing_rush AS r JOIN line_record AS l USING (partner_id, base_id, quarter)
)
INSERT INTO found
SELECT concat_ws('|', v.partner_id, v.base_id, v.check_name),
       ARRAY[p.code, base.code, to_char(v.month, 'YYYY-MM'), v.check_name],
       CASE WHEN v.check_name = 'quarter_end' THEN 'quarter_end' WHEN v.promotion_id IS NOT NULL THEN 'promo_preload'
            WHEN v.policy_id IS NOT NULL THEN 'price_buy_ahead' WHEN v.launched_on IS NOT NULL THEN 'launch'
            ELSE 'load' END,
       'case', v.version, NULL, v.partner_id, v.base_id, NULL, v.product_group, v.month, NULL, v.depth, v.strength,
       '{}'::text[], v.evidence,
       jsonb_build_array(
           hub_tried('short_history', 'none_found', v.compared || ' before'),
           hub_tried('promotion_ahead', CASE WHEN v.check_name <> 'load' THEN 'not_applicable'
                                             WHEN v.promotion_id IS NULL THEN 'none_found' ELSE 'found' END,
                     v.evidence ->> 'promotion'),
           hub_tried('price_rise', CASE WHEN v.check_name <> 'load' THEN 'not_applicable'
                                        WHEN v.policy_id IS NULL THEN 'none_found' ELSE 'found' END,
                     v.evidence ->> 'price_from'),
           hub_tried('launch', CASE WHEN v.check_name <> 'load' THEN 'not_applicable'
                                    WHEN v.launched_on IS NULL THEN 'none_found' ELSE 'found' END,
                     v.launched_on::text))
  FROM verdict AS v
  JOIN partner AS p ON p.id = v.partner_id
  JOIN product AS base ON base.id = v.base_id;
