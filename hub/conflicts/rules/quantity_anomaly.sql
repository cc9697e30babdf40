-- desk --
CREATE TEMP TABLE IF NOT EXISTS quantity_buyer (partner_id bigint, base_id bigint) ON COMMIT DELETE ROWS;
-- What was bought in each month with a purchase, before and after what was agreed as a deal is taken off.
CREATE TEMP TABLE IF NOT EXISTS quantity_bought (
    partner_id bigint, base_id bigint, month date, units numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS quantity_agreed (
    line_id bigint PRIMARY KEY, partner_id bigint, base_id bigint, month date, units numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS quantity_month (
    partner_id bigint, base_id bigint, month date, units numeric, first_month date, version int, limit_id bigint,
    home_id bigint, product_group text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS quantity_peak (
    peak_id bigint PRIMARY KEY, partner_id bigint, base_id bigint, month date, units numeric, z_limit numeric, version int,
    home_id bigint, product_group text, median numeric, months_before bigint, past jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS quantity_spread (
    peak_id bigint PRIMARY KEY, mad numeric, scale numeric, z numeric
) ON COMMIT DELETE ROWS;

-- buyers --
-- Who bought what, as it was and as it is; what is bought by partners who moved or were renamed; what was bought under deals
-- that became an agreement or ceased to be one; and where a finding stands that a promotion may explain.
WITH deal AS (
    SELECT d.key FROM changed AS c JOIN deal_registration AS d ON d.id = c.record_id WHERE c.noun = 'deal_registration'
    UNION
    SELECT old ->> 'key' FROM changed WHERE noun = 'deal_registration' AND old IS NOT NULL
), promo AS (
    SELECT pr.product_id, pr.valid_from
      FROM changed AS c JOIN promotion AS pr ON pr.id = c.record_id WHERE c.noun = 'promotion'
    UNION
    SELECT old.product_id, old.valid_from
      FROM changed AS c CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (product_id bigint, valid_from date)
     WHERE c.noun = 'promotion' AND c.old IS NOT NULL
)
INSERT INTO quantity_buyer
SELECT buyer_partner_id, base_id FROM reached_line WHERE kind = 'sell_in' AND buyer_partner_id IS NOT NULL
UNION
SELECT t.buyer_partner_id, t.base_id
  FROM changed AS c
  JOIN partner AS p ON p.id = c.record_id
  JOIN trade_line AS t ON t.buyer_partner_id = p.id AND t.kind = 'sell_in'
 WHERE c.noun = 'partner' AND c.old IS NOT NULL
   AND (c.old ->> 'code' <> p.code OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id)
UNION
SELECT t.buyer_partner_id, t.base_id
  FROM deal
  JOIN sales_order AS o ON o.deal_ref = deal.key
  JOIN trade_line AS t ON t.order_id = o.id AND t.kind = 'sell_in' AND t.buyer_partner_id IS NOT NULL
UNION
SELECT f.partner_id, f.product_id
  FROM promo
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.state <> 'resolved_by_data'
   AND promo.valid_from >= (f.event_day + interval '1 month')::date
   AND promo.valid_from < (f.event_day + interval '1 month')::date + 31
   AND (promo.product_id IS NULL OR promo.product_id = f.product_id);

-- weigh_buyers --
ANALYZE quantity_buyer;

-- bought --
-- A median above nothing needs purchases in half of the months before, so whoever bought in fewer months, or never enough in
-- one, has no finding.
WITH least AS (
    SELECT ceil(min(value) FILTER (WHERE name = 'min_n') / 2) + 1 AS months, min(value) FILTER (WHERE name = 'min_units') AS units
      FROM threshold WHERE rule = :rule::text
), summed AS (
    SELECT b.partner_id, b.base_id, date_trunc('month', t.day::timestamp)::date AS month, sum(t.net_units) AS units
      FROM quantity_buyer AS b
      JOIN trade_line AS t ON t.buyer_partner_id = b.partner_id AND t.base_id = b.base_id AND t.kind = 'sell_in'
     GROUP BY b.partner_id, b.base_id, date_trunc('month', t.day::timestamp)
), often AS (
    SELECT summed.*, count(*) OVER pair AS months, max(units) OVER pair AS most
      FROM summed
    WINDOW pair AS (PARTITION BY partner_id, base_id)
)
INSERT INTO quantity_bought
SELECT often.partner_id, often.base_id, often.month, often.units
  FROM often JOIN least ON often.months >= least.months AND often.most >= least.units;

-- all_bought --
WITH least AS (
    SELECT ceil(min(value) FILTER (WHERE name = 'min_n') / 2) + 1 AS months, min(value) FILTER (WHERE name = 'min_units') AS units
      FROM threshold WHERE rule = :rule::text
), summed AS (
    SELECT buyer_partner_id AS partner_id, base_id, date_trunc('month', day::timestamp)::date AS month, sum(net_units) AS units
      FROM trade_line
     WHERE kind = 'sell_in' AND buyer_partner_id IS NOT NULL
     GROUP BY buyer_partner_id, base_id, date_trunc('month', day::timestamp)
), often AS (
    SELECT summed.*, count(*) OVER pair AS months, max(units) OVER pair AS most
      FROM summed
    WINDOW pair AS (PARTITION BY partner_id, base_id)
)
INSERT INTO quantity_bought
SELECT often.partner_id, often.base_id, often.month, often.units
  FROM often JOIN least ON often.months >= least.months AND often.most >= least.units;

-- keys --
-- A scope is buyer|base over all months, for a month counts in the two years after it.
INSERT INTO judged
SELECT DISTINCT concat_ws('|', partner_id, base_id) FROM quantity_bought
UNION
SELECT f.scope
  FROM quantity_buyer AS b
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.partner_id = b.partner_id AND f.product_id = b.base_id AND f.state <> 'resolved_by_data'
    ON CONFLICT DO NOTHING;

-- weigh_bought --
ANALYZE quantity_bought;

-- agreed --
-- Lines under a deal that was approved or won. A deal is named by its key, in the order's own source before any other.
INSERT INTO quantity_agreed
SELECT DISTINCT t.line_id, t.buyer_partner_id, t.base_id, date_trunc('month', t.day::timestamp)::date, t.net_units
  FROM (SELECT DISTINCT partner_id, base_id FROM quantity_bought) AS pair
  JOIN trade_line AS t
    ON t.buyer_partner_id = pair.partner_id AND t.base_id = pair.base_id AND t.kind = 'sell_in'
  JOIN sales_order AS o ON o.id = t.order_id
  JOIN deal_registration AS d ON d.key = o.deal_ref AND d.status IN ('approved', 'won') AND d.deleted_at IS NULL
 WHERE d.source_id = o.source_id
    OR NOT EXISTS (SELECT 1 FROM deal_registration AS own WHERE own.source_id = o.source_id AND own.key = o.deal_ref);

-- months --
WITH agreed AS (
    SELECT partner_id, base_id, month, sum(units) AS units FROM quantity_agreed GROUP BY partner_id, base_id, month
), open_month AS (
    SELECT b.partner_id, b.base_id, b.month, b.units - coalesce(agreed.units, 0) AS units, p.home_region_id AS home_id,
           base.product_group
      FROM quantity_bought AS b
      JOIN partner AS p ON p.id = b.partner_id
      JOIN product AS base ON base.id = b.base_id
      LEFT JOIN agreed ON agreed.partner_id = b.partner_id AND agreed.base_id = b.base_id AND agreed.month = b.month
     WHERE b.units > coalesce(agreed.units, 0)
)
INSERT INTO quantity_month
SELECT m.partner_id, m.base_id, m.month, m.units, min(m.month) OVER (PARTITION BY m.partner_id, m.base_id), v.version,
       dense_rank() OVER (ORDER BY v.version, m.home_id, m.product_group), m.home_id, m.product_group
  FROM open_month AS m JOIN policy_period AS v ON m.month >= v.valid_from AND m.month < v.valid_to;

-- limit_places --
INSERT INTO limit_asked SELECT DISTINCT limit_id, version, home_id, product_group FROM quantity_month;

-- weigh --
ANALYZE quantity_month, limit_found;

-- peaks --
-- Months well above the median of those before, from the first purchase on and at most `history` of them; a month without a
-- purchase counts as nothing.
WITH bar AS (
    SELECT limit_id, max(value) FILTER (WHERE name = 'history') AS history, max(value) FILTER (WHERE name = 'min_n') AS min_n,
           max(value) FILTER (WHERE name = 'z') AS z, max(value) FILTER (WHERE name = 'factor') AS factor,
           max(value) FILTER (WHERE name = 'min_units') AS min_units
      FROM limit_found
     GROUP BY limit_id
), span AS (
    SELECT m.*, bar.z, bar.factor, bar.min_n,
           greatest(m.first_month, (m.month - make_interval(months => floor(least(bar.history, 1200))::int))::date) AS start_month
      FROM quantity_month AS m JOIN bar USING (limit_id)
     WHERE m.units >= bar.min_units
), counted AS (
    SELECT span.*, (12 * (extract(year FROM month) - extract(year FROM start_month))
                    + extract(month FROM month) - extract(month FROM start_month))::int AS months_before
      FROM span
), past AS (
    SELECT c.partner_id, c.base_id, c.month, array_agg(b.units ORDER BY b.units) AS bought,
           jsonb_object_agg(to_char(b.month, 'YYYY-MM'), hub_decimal(b.units)) AS past
      FROM counted AS c
      JOIN quantity_month AS b
        ON b.partner_id = c.partner_id AND b.base_id = c.base_id AND b.month >= c.start_month AND b.month < c.month
     WHERE c.months_before >= c.min_n
     GROUP BY c.partner_id, c.base_id, c.month, c.months_before
    HAVING 2 * count(*) >= c.months_before
), usual AS (
    SELECT c.*, past.past,
           hub_median(array_fill(0::numeric, ARRAY[c.months_before - cardinality(past.bought)]) || past.bought) AS median
      FROM counted AS c JOIN past USING (partner_id, base_id, month)
)
INSERT INTO quantity_peak
SELECT row_number() OVER (ORDER BY partner_id, base_id, month), partner_id, base_id, month, units, z, version, home_id,
       product_group, median, months_before, past
  FROM usual
 WHERE median > 0 AND units > factor * median;

-- spreads --
-- How far the months before lie from their median: by the median distance, else by the mean one.
WITH distance AS (
    SELECT p.peak_id, abs(coalesce((p.past ->> to_char(p.month - make_interval(months => back), 'YYYY-MM'))::numeric, 0)
                          - p.median) AS away
      FROM quantity_peak AS p CROSS JOIN LATERAL generate_series(1, p.months_before::int) AS back
), spread AS (
    SELECT peak_id, hub_median(array_agg(away ORDER BY away)) AS mad, hub_ratio(sum(away), count(*)) AS mean
      FROM distance
     GROUP BY peak_id
)
INSERT INTO quantity_spread
SELECT peak_id, mad, scale, hub_ratio(p.units - p.median, scale)
  FROM (SELECT peak_id, mad, nullif(CASE WHEN mad = 0 THEN 1.2533 * mean ELSE 1.4826 * mad END, 0) AS scale
          FROM spread) AS s
  JOIN quantity_peak AS p USING (peak_id);

-- promotions_asked --
INSERT INTO ahead_asked
SELECT p.peak_id, p.partner_id, p.base_id, p.product_group, p.home_id, p.month
  FROM quantity_peak AS p JOIN quantity_spread AS s USING (peak_id)
 WHERE s.z > p.z_limit OR s.z IS NULL;

-- judge --
WITH line AS (
    SELECT a.ahead_id AS peak_id, t.line_id, t.day, t.net_units, l.source_id, o.key || '|' || l.number AS key, p.code AS sku,
           d.line_id IS NOT NULL AS agreed,
           row_number() OVER (PARTITION BY a.ahead_id, d.line_id IS NOT NULL
                              ORDER BY t.net_units DESC, t.day, o.key COLLATE "C", l.number, t.line_id) AS place
      FROM ahead_asked AS a
      JOIN trade_line AS t
        ON t.buyer_partner_id = a.partner_id AND t.base_id = a.base_id AND t.kind = 'sell_in' AND t.day >= a.month
       AND t.day < (a.month + interval '1 month')::date
      JOIN sales_order AS o ON o.id = t.order_id
      JOIN order_line AS l ON l.id = t.line_id
      JOIN product AS p ON p.id = t.product_id
      LEFT JOIN quantity_agreed AS d ON d.line_id = t.line_id
), lines AS (
    SELECT peak_id, count(*) FILTER (WHERE agreed) AS agreed,
           jsonb_agg(hub_evidence('purchase_line', 'order_line', line_id, source_id, key, jsonb_build_object(
               'day', day, 'sku', sku, 'net_units', hub_decimal(net_units))) ORDER BY place)
               FILTER (WHERE NOT agreed AND place <= 200) AS records
      FROM line
     GROUP BY peak_id
)
INSERT INTO found
SELECT concat_ws('|', x.partner_id, x.base_id), ARRAY[p.code, base.code, to_char(x.month, 'YYYY-MM')],
       CASE WHEN pr.id IS NOT NULL THEN 'promo_preload' ELSE 'anomaly' END,
       'case', x.version, x.partner_id, NULL, x.base_id, NULL, x.product_group, x.month, NULL,
       CASE WHEN s.z IS NULL THEN 1 ELSE hub_ratio(s.z - 3.5, 3.5) END, 0.2, '{}'::text[],
       jsonb_build_object(
           'month', to_char(x.month, 'YYYY-MM'), 'units', hub_decimal(x.units), 'median', hub_decimal(x.median),
           'times_median', hub_decimal(round(hub_ratio(x.units, x.median), 2)), 'mad', hub_decimal(s.mad),
           'scale', hub_decimal(s.scale), 'z', hub_decimal(s.z), 'months_before', x.months_before, 'bought_before', x.past,
           'deal_lines', lines.agreed, 'promotion', pr.key, 'promotion_from', pr.valid_from,
           'records', lines.records || CASE WHEN pr.id IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
               hub_evidence('promotion', 'promotion', pr.id, pr.source_id, pr.key, jsonb_build_object(
                   'valid_from', pr.valid_from, 'valid_to', pr.valid_to, 'channel', pr.channel))) END),
       jsonb_build_array(
           hub_tried('agreed_deal', CASE WHEN lines.agreed > 0 THEN 'found' ELSE 'none_found' END, lines.agreed || ' lines'),
           hub_tried('short_history', 'none_found', x.months_before || ' months'),
           hub_tried('wide_spread', CASE WHEN s.z IS NULL THEN 'not_applicable' ELSE 'none_found' END, hub_decimal(s.z)),
           hub_tried('promotion_ahead', CASE WHEN pr.id IS NULL THEN 'none_found' ELSE 'found' END, pr.key))
  FROM ahead_asked AS a
  JOIN quantity_peak AS x ON x.peak_id = a.ahead_id
  JOIN quantity_spread AS s USING (peak_id)
  JOIN lines USING (peak_id)
  JOIN partner AS p ON p.id = x.partner_id
  JOIN product AS base ON base.id = x.base_id
  LEFT JOIN ahead_found AS ahead ON ahead.ahead_id = x.peak_id
  LEFT JOIN promotion AS pr ON pr.id = ahead.promotion_id;
