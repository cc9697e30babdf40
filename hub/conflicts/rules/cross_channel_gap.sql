-- desk --
-- Weeks of articles that something beside a changed line reaches.
CREATE TEMP TABLE IF NOT EXISTS gap_touched (base_id bigint, week date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS gap_week (base_id bigint, week date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS gap_cell (
    cell_id bigint PRIMARY KEY, base_id bigint, market_id bigint, week date, product_group text, version int, mode text,
    gap numeric, min_n numeric, bulk_units numeric
) ON COMMIT DELETE ROWS;
-- The lines of those cells; `left_out` says why a line does not count.
CREATE TEMP TABLE IF NOT EXISTS gap_line (
    line_id bigint PRIMARY KEY, cell_id bigint, base_id bigint, market_id bigint, week date, product_group text, day date,
    channel text, partner_id bigint, region_id bigint, units numeric, unit_net numeric, left_out text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS gap_promotion (line_id bigint, key text) ON COMMIT DELETE ROWS;

-- touch --
-- Weeks on the days of changed promotions, and those in which partners sold whose model changed.
WITH mark AS MATERIALIZED (
    SELECT noun, record_id, old FROM changed WHERE noun IN ('promotion', 'partner')
), promo AS (
    SELECT pr.product_id, pr.product_group, pr.valid_from, pr.valid_to
      FROM mark AS c JOIN promotion AS pr ON pr.id = c.record_id WHERE c.noun = 'promotion'
    UNION
    SELECT old.product_id, old.product_group, old.valid_from, old.valid_to
      FROM mark AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (
               product_id bigint, product_group text, valid_from date, valid_to date)
     WHERE c.noun = 'promotion' AND c.old IS NOT NULL
)
INSERT INTO gap_touched
SELECT t.base_id, date_trunc('week', t.day::timestamp)::date
  FROM promo
  JOIN product AS p
    ON p.base_id = p.id AND (promo.product_id IS NULL OR p.id = promo.product_id)
   AND (promo.product_group IS NULL OR p.product_group = promo.product_group)
  JOIN trade_line AS t
    ON t.base_id = p.id AND t.day >= promo.valid_from AND t.day < promo.valid_to AND t.kind = 'sell_out'
UNION
SELECT t.base_id, date_trunc('week', t.day::timestamp)::date
  FROM mark AS c
  JOIN partner AS p ON p.id = c.record_id
  JOIN trade_line AS t ON t.partner_id = p.id AND t.kind = 'sell_out'
 WHERE c.noun = 'partner' AND c.old IS NOT NULL AND c.old ->> 'model' <> p.model;

-- weigh_touched --
ANALYZE gap_touched;

-- keys --
-- A scope is article|week over all markets. Of the weeks that are reached, those where a finding stands and those with lines
-- enough for two channels; lines of every kind are counted, for the index alone answers that. Where prices of a month lie far
-- apart a line may move the pack check of others in all its weeks.
WITH least AS (
    SELECT 2 * min(value) AS lines FROM threshold WHERE rule = :rule::text AND name = 'min_n'
), cell AS MATERIALIZED (
    SELECT DISTINCT base_id, day, date_trunc('month', day::timestamp)::date AS month FROM reached_line WHERE kind = 'sell_out'
), week AS MATERIALIZED (
    SELECT base_id, date_trunc('week', day::timestamp)::date AS week FROM cell
    UNION
    SELECT base_id, week FROM gap_touched
    UNION
    SELECT wide.base_id, day.one::date
      FROM (SELECT DISTINCT cell.base_id, cell.month
              FROM cell JOIN trade_span AS span USING (base_id, month) WHERE span.highest > 1.9 * span.lowest) AS wide
     CROSS JOIN LATERAL generate_series(date_trunc('week', wide.month), wide.month + interval '1 month - 1 day',
                                        interval '7 days') AS day (one)
     ORDER BY 1, 2
)
INSERT INTO judged
SELECT week.base_id || '|' || week.week
  FROM week CROSS JOIN least
 WHERE (SELECT count(*)
          FROM trade_line AS t
         WHERE t.base_id = week.base_id AND t.day >= week.week AND t.day < week.week + 7) >= least.lines
UNION
SELECT f.scope
  FROM week
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.scope = week.base_id || '|' || week.week AND f.state <> 'resolved_by_data';

-- all_keys --
WITH least AS (
    SELECT 2 * min(value) AS lines FROM threshold WHERE rule = :rule::text AND name = 'min_n'
)
INSERT INTO judged
SELECT base_id || '|' || date_trunc('week', day::timestamp)::date
  FROM trade_line
 WHERE kind = 'sell_out'
 GROUP BY base_id, date_trunc('week', day::timestamp)::date
HAVING count(*) >= (SELECT lines FROM least);

-- cells --
INSERT INTO gap_week SELECT split_part(scope, '|', 1)::bigint, split_part(scope, '|', 2)::date FROM judged;

-- weigh_cells --
ANALYZE gap_week;

-- lines --
INSERT INTO gap_line
SELECT t.line_id, dense_rank() OVER (ORDER BY t.base_id, coalesce(r.market_id, 0), w.week), t.base_id, r.market_id, w.week,
       t.product_group, t.day, t.channel, t.partner_id, t.region_id, t.units, t.unit_net
  FROM gap_week AS w
  JOIN trade_line AS t
    ON t.base_id = w.base_id AND t.day >= w.week AND t.day < w.week + 7 AND t.kind = 'sell_out' AND t.unit_net IS NOT NULL
  LEFT JOIN region AS r ON r.id = t.region_id;

-- markets --
-- The markets of each week that may be looked at; the limits are those of the Monday.
INSERT INTO gap_cell
SELECT DISTINCT x.cell_id, x.base_id, x.market_id, x.week, base.product_group, period.version, f.price_rules
  FROM gap_line AS x
  JOIN product AS base ON base.id = x.base_id
  JOIN policy_period AS period ON x.week >= period.valid_from AND x.week < period.valid_to
  LEFT JOIN region_profile AS j ON j.version = period.version AND j.region_id = x.market_id
  JOIN profile AS f ON f.version = period.version AND f.name = coalesce(j.profile, 'default') AND f.price_rules <> 'off';

-- limit_places --
INSERT INTO limit_asked SELECT cell_id, version, market_id, product_group FROM gap_cell;

-- few --
-- Cells where fewer than two channels have lines enough hold nothing, whatever is left out.
WITH bar AS (
    SELECT limit_id,
           max(value) FILTER (WHERE name = 'gap') AS gap,
           max(value) FILTER (WHERE name = 'min_n') AS min_n,
           max(value) FILTER (WHERE name = 'consumer_bulk_units') AS bulk_units
      FROM limit_found
     GROUP BY limit_id
), kept AS (
    UPDATE gap_cell AS cell SET gap = bar.gap, min_n = bar.min_n, bulk_units = bar.bulk_units
      FROM bar
     WHERE bar.limit_id = cell.cell_id
    RETURNING cell.cell_id, cell.min_n
), full_channel AS (
    SELECT x.cell_id
      FROM gap_line AS x JOIN kept USING (cell_id)
     GROUP BY x.cell_id, x.channel, kept.min_n
    HAVING count(*) >= kept.min_n
), enough AS (
    SELECT cell_id FROM full_channel GROUP BY cell_id HAVING count(*) >= 2
)
DELETE FROM gap_line AS x WHERE NOT EXISTS (SELECT 1 FROM enough WHERE enough.cell_id = x.cell_id);

-- weigh --
ANALYZE gap_line, gap_cell;

-- promotions --
-- Lines that a promotion fits, whatever its floor.
INSERT INTO gap_promotion
SELECT x.line_id, pr.key
  FROM gap_line AS x
  JOIN promotion AS pr
    ON pr.deleted_at IS NULL AND pr.valid_from <= x.day AND x.day < pr.valid_to
   AND (pr.product_id IS NULL OR pr.product_id = x.base_id)
   AND (pr.product_group IS NULL OR pr.product_group = x.product_group)
   AND (pr.channel IS NULL OR pr.channel = x.channel)
   AND (pr.partner_id IS NULL OR pr.partner_id = x.partner_id)
  LEFT JOIN region_cover AS c ON c.region_id = pr.region_id AND c.covered_id = x.region_id
 WHERE pr.region_id IS NULL OR c.region_id IS NOT NULL;

-- ask_usual --
-- A pack check can only fire where prices of the month lie far apart.
INSERT INTO usual_asked
SELECT x.line_id
  FROM gap_line AS x
  JOIN trade_span AS span ON span.base_id = x.base_id AND span.month = date_trunc('month', x.day::timestamp)::date
 WHERE span.highest > 1.9 * span.lowest;

-- ground --
INSERT INTO peer_ground
SELECT DISTINCT x.base_id, date_trunc('month', x.day::timestamp)::date FROM usual_asked JOIN gap_line AS x USING (line_id);

-- leave_out --
-- Why lines do not count, the first reason that fits.
WITH reason AS (
    SELECT x.line_id,
           CASE WHEN EXISTS (SELECT 1 FROM gap_promotion AS promo WHERE promo.line_id = x.line_id) THEN 'promotion'
                WHEN hub_pack(x.unit_net, u.price) >= 4 OR size.k IS NOT NULL THEN 'pack_ratio'
                WHEN seller.model = 'commission_agency' THEN 'commission_agency'
                WHEN coalesce(class.class, 'consumer') = 'consumer' AND x.units >= cell.bulk_units THEN 'bulk' END AS why
      FROM gap_line AS x
      JOIN gap_cell AS cell USING (cell_id)
      LEFT JOIN partner AS seller ON seller.id = x.partner_id
      LEFT JOIN channel_class AS class ON class.version = cell.version AND class.channel = x.channel
      LEFT JOIN usual_found AS u ON u.line_id = x.line_id
      LEFT JOIN pack_size AS size ON size.base_id = x.base_id AND size.k = hub_pack(x.unit_net, u.price)
)
UPDATE gap_line AS x SET left_out = reason.why FROM reason WHERE reason.line_id = x.line_id AND reason.why IS NOT NULL;

-- judge --
WITH channel AS MATERIALIZED (
    SELECT x.cell_id, x.channel, coalesce(class.class, 'consumer') AS class, count(*) AS lines, sum(x.units) AS units,
           hub_ratio(sum(x.unit_net * x.units), sum(x.units)) AS price, min(x.unit_net) AS lowest, max(x.unit_net) AS highest
      FROM gap_line AS x
      JOIN gap_cell AS cell USING (cell_id)
      LEFT JOIN channel_class AS class ON class.version = cell.version AND class.channel = x.channel
     WHERE x.left_out IS NULL
     GROUP BY x.cell_id, x.channel, coalesce(class.class, 'consumer'), cell.min_n
    HAVING count(*) >= cell.min_n
), pair AS (
    SELECT cell_id, low.channel AS low_channel, high.channel AS high_channel, low.class AS low_class, high.class AS high_class,
           low.price AS low_price, high.price AS high_price, low.lines AS low_lines, high.lines AS high_lines,
           low.units AS low_units, high.units AS high_units, low.lowest AS low_lowest, low.highest AS low_highest,
           high.lowest AS high_lowest, high.highest AS high_highest, 1 - hub_ratio(low.price, high.price) AS apart
      FROM channel AS low JOIN channel AS high USING (cell_id)
     WHERE low.channel <> high.channel AND NOT (low.class = 'trade' AND high.class = 'consumer')
), wide AS MATERIALIZED (
    SELECT pair.*, cell.base_id, cell.market_id, cell.week, cell.product_group, cell.version, cell.mode
      FROM pair JOIN gap_cell AS cell USING (cell_id)
     WHERE pair.apart > cell.gap
), left_count AS (
    SELECT x.cell_id, count(*) AS lines,
           count(*) FILTER (WHERE left_out = 'promotion') AS promotion,
           count(*) FILTER (WHERE left_out = 'pack_ratio') AS pack_ratio,
           count(*) FILTER (WHERE left_out = 'commission_agency') AS commission_agency,
           count(*) FILTER (WHERE left_out = 'bulk') AS bulk
      FROM gap_line AS x JOIN (SELECT DISTINCT cell_id FROM wide) AS one USING (cell_id)
     GROUP BY x.cell_id
), promos AS (
    SELECT x.cell_id, jsonb_agg(DISTINCT promo.key ORDER BY promo.key) AS keys
      FROM gap_line AS x JOIN gap_promotion AS promo USING (line_id)
     GROUP BY x.cell_id
), ranked AS (
    SELECT x.cell_id, x.channel, x.line_id, x.unit_net, x.units, x.day, l.key, l.source_id,
           row_number() OVER (PARTITION BY x.cell_id, x.channel ORDER BY x.unit_net, source.name COLLATE "C", l.key COLLATE "C")
               AS from_below,
           row_number() OVER (PARTITION BY x.cell_id, x.channel
                              ORDER BY x.unit_net DESC, source.name COLLATE "C", l.key COLLATE "C") AS from_above
      FROM gap_line AS x
      JOIN (SELECT DISTINCT cell_id FROM wide) AS one USING (cell_id)
      JOIN order_line AS l ON l.id = x.line_id
      JOIN source ON source.id = l.source_id
     WHERE x.left_out IS NULL
), shown AS (
    SELECT w.cell_id, w.low_channel, w.high_channel,
           jsonb_agg(hub_evidence(CASE WHEN r.channel = w.low_channel THEN 'low_line' ELSE 'high_line' END, 'order_line',
               r.line_id, r.source_id, r.key, jsonb_build_object('channel', r.channel, 'order_date', r.day,
               'units', hub_decimal(r.units), 'unit_net', hub_decimal(r.unit_net)))
               ORDER BY r.channel = w.high_channel, r.unit_net, r.key COLLATE "C", r.source_id) AS records
      FROM wide AS w
      JOIN ranked AS r
        ON r.cell_id = w.cell_id AND r.channel IN (w.low_channel, w.high_channel) AND (r.from_below <= 5 OR r.from_above <= 5)
     GROUP BY w.cell_id, w.low_channel, w.high_channel
)
INSERT INTO found
SELECT w.base_id || '|' || w.week,
       ARRAY[base.code, coalesce(market.code, '-'), to_char(w.week, 'IYYY-"W"IW'), w.low_channel, w.high_channel],
       CASE WHEN w.apart > 0 THEN 'gap' END, w.mode, w.version, NULL, NULL, w.base_id, w.market_id, w.product_group, w.week,
       NULL, hub_ratio(w.apart, 0.30), 0.4, '{}'::text[],
       jsonb_build_object(
           'base', base.code, 'market', market.code, 'week', to_char(w.week, 'IYYY-"W"IW'),
           'low_channel', w.low_channel, 'low_class', w.low_class, 'low_price', hub_decimal(round(w.low_price, 2)),
           'low_lines', w.low_lines, 'low_units', hub_decimal(w.low_units), 'low_lowest', hub_decimal(w.low_lowest),
           'low_highest', hub_decimal(w.low_highest),
           'high_channel', w.high_channel, 'high_class', w.high_class, 'high_price', hub_decimal(round(w.high_price, 2)),
           'high_lines', w.high_lines, 'high_units', hub_decimal(w.high_units), 'high_lowest', hub_decimal(w.high_lowest),
           'high_highest', hub_decimal(w.high_highest),
           'gap_percent', hub_decimal(round(100 * w.apart, 2)), 'lines', c.lines,
           'promotions', coalesce(promos.keys, '[]'::jsonb),
           'left_out_percent', jsonb_build_object(
               'promotion', hub_decimal(round(100 * hub_ratio(c.promotion, c.lines), 2)),
               'pack_ratio', hub_decimal(round(100 * hub_ratio(c.pack_ratio, c.lines), 2)),
               'commission_agency', hub_decimal(round(100 * hub_ratio(c.commission_agency, c.lines), 2)),
               'bulk', hub_decimal(round(100 * hub_ratio(c.bulk, c.lines), 2))),
           'market_share_band', period.market_share_band,
           'records', shown.records),
       jsonb_build_array(
           hub_tried('profile_off', 'none_found', w.mode),
           hub_tried('promotion', CASE WHEN c.promotion > 0 THEN 'found' ELSE 'none_found' END, c.promotion || ' lines'),
           hub_tried('pack_ratio', CASE WHEN c.pack_ratio > 0 THEN 'found' ELSE 'none_found' END, c.pack_ratio || ' lines'),
           hub_tried('commission_agency', CASE WHEN c.commission_agency > 0 THEN 'found' ELSE 'none_found' END,
                     c.commission_agency || ' lines'),
           hub_tried('bulk', CASE WHEN c.bulk > 0 THEN 'found' ELSE 'none_found' END, c.bulk || ' lines'),
           hub_tried('few_lines', 'none_found', w.low_lines || ' and ' || w.high_lines || ' lines'),
           hub_tried('trade_below_consumer', 'none_found', w.low_class || ', ' || w.high_class))
  FROM wide AS w
  JOIN product AS base ON base.id = w.base_id
  JOIN policy_period AS period ON period.version = w.version
  JOIN left_count AS c USING (cell_id)
  JOIN shown ON shown.cell_id = w.cell_id AND shown.low_channel = w.low_channel AND shown.high_channel = w.high_channel
  LEFT JOIN promos ON promos.cell_id = w.cell_id
  LEFT JOIN region AS market ON market.id = w.market_id;
