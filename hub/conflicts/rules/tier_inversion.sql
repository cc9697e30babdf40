-- desk --
-- Days of sellers and articles that something beside a changed line reaches, and the months of changed lines.
CREATE TEMP TABLE IF NOT EXISTS tier_touched (partner_id bigint, base_id bigint, day date, unit_net numeric) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS tier_month (base_id bigint, month date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS tier_cell (partner_id bigint, base_id bigint, day date) ON COMMIT DELETE ROWS;
-- What is asked about each line, and the lines that lie below.
CREATE TEMP TABLE IF NOT EXISTS tier_view (
    line_id bigint PRIMARY KEY, limit_id bigint, reference_kind text, mode text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS tier_low (
    line_id bigint PRIMARY KEY, reference_kind text, reference numeric, policy_id bigint, mode text, min_lines numeric,
    min_pack_units numeric
) ON COMMIT DELETE ROWS;

-- touch --
-- Lines on the days of changed prices and promotions, under changed deals, and of partners that changed.
WITH mark AS MATERIALIZED (
    SELECT noun, record_id, old FROM changed WHERE noun IN ('price_policy', 'promotion', 'deal_registration', 'partner')
), price AS (
    SELECT pp.product_id, pp.valid_from, pp.valid_to
      FROM mark AS c JOIN price_policy AS pp ON pp.id = c.record_id WHERE c.noun = 'price_policy'
    UNION
    SELECT old.product_id, old.valid_from, old.valid_to
      FROM mark AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (product_id bigint, valid_from date, valid_to date)
     WHERE c.noun = 'price_policy' AND c.old IS NOT NULL
), promo AS (
    SELECT pr.product_id, pr.product_group, pr.valid_from, pr.valid_to
      FROM mark AS c JOIN promotion AS pr ON pr.id = c.record_id WHERE c.noun = 'promotion'
    UNION
    SELECT old.product_id, old.product_group, old.valid_from, old.valid_to
      FROM mark AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (
               product_id bigint, product_group text, valid_from date, valid_to date)
     WHERE c.noun = 'promotion' AND c.old IS NOT NULL
), span AS (
    SELECT product_id AS base_id, valid_from, coalesce(valid_to, 'infinity') AS valid_to FROM price
    UNION
    SELECT p.id, promo.valid_from, promo.valid_to
      FROM promo
      JOIN product AS p
        ON p.base_id = p.id AND (promo.product_id IS NULL OR p.id = promo.product_id)
       AND (promo.product_group IS NULL OR p.product_group = promo.product_group)
), deal AS (
    SELECT d.key FROM mark AS c JOIN deal_registration AS d ON d.id = c.record_id WHERE c.noun = 'deal_registration'
    UNION
    SELECT old ->> 'key' FROM mark WHERE noun = 'deal_registration' AND old IS NOT NULL
)
INSERT INTO tier_touched
SELECT t.partner_id, t.base_id, t.day, t.unit_net
  FROM span
  JOIN trade_line AS t
    ON t.base_id = span.base_id AND t.day >= span.valid_from AND t.day < span.valid_to AND t.kind = 'sell_out'
UNION ALL
SELECT t.partner_id, t.base_id, t.day, t.unit_net
  FROM deal JOIN sales_order AS o ON o.deal_ref = deal.key JOIN trade_line AS t ON t.order_id = o.id AND t.kind = 'sell_out'
UNION ALL
SELECT t.partner_id, t.base_id, t.day, t.unit_net
  FROM mark AS c
  JOIN partner AS p ON p.id = c.record_id
  JOIN trade_line AS t ON t.partner_id = p.id AND t.kind = 'sell_out'
 WHERE c.noun = 'partner' AND c.old IS NOT NULL
   AND (c.old ->> 'model' <> p.model OR c.old ->> 'type' <> p.type OR c.old ->> 'code' <> p.code
        OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id);

-- months --
INSERT INTO tier_month
SELECT DISTINCT base_id, date_trunc('month', day::timestamp)::date FROM reached_line WHERE kind = 'sell_out';

-- weigh_touched --
ANALYZE tier_touched, tier_month;

-- keys --
-- A scope is seller|article|day: the lines that are counted together. Of what is reached, scopes where a finding stands and
-- those with a line below the highest price of its article on its day. Others in the month move what a pack check compares
-- with: that concerns standing findings of months whose prices lie far apart, or far below the level.
WITH worth AS (
    SELECT :base_currency::text AS currency, 1::numeric AS most
    UNION ALL
    SELECT currency, max(rate) FROM fx_rate WHERE deleted_at IS NULL AND currency <> :base_currency::text GROUP BY currency
), level AS (
    SELECT 'wholesale' AS kind UNION SELECT kind FROM price_level
), line AS MATERIALIZED (
    SELECT partner_id, base_id, day, unit_net FROM fresh_line WHERE kind = 'sell_out'
    UNION ALL
    SELECT partner_id, base_id, day, unit_net FROM tier_touched
), place AS MATERIALIZED (
    SELECT partner_id, base_id, day FROM reached_line WHERE kind = 'sell_out'
    UNION
    SELECT partner_id, base_id, day FROM tier_touched
), price AS MATERIALIZED (
    SELECT pp.product_id, pp.unit_price * worth.most AS price, pp.valid_from, coalesce(pp.valid_to, 'infinity') AS valid_to
      FROM price_policy AS pp
      JOIN level ON level.kind = pp.kind
      JOIN worth ON worth.currency = pp.currency
     WHERE pp.deleted_at IS NULL
       AND pp.product_id IN (SELECT base_id FROM tier_month UNION ALL SELECT base_id FROM tier_touched)
), top AS (
    SELECT product_id, max(price) AS price FROM price GROUP BY product_id
), apart AS MATERIALIZED (
    SELECT span.base_id, span.month
      FROM tier_month
      JOIN trade_span AS span USING (base_id, month)
      LEFT JOIN top ON top.product_id = span.base_id
     WHERE span.highest > 1.9 * span.lowest OR top.price > 1.9 * span.lowest
)
INSERT INTO judged
SELECT line.partner_id || '|' || line.base_id || '|' || line.day
  FROM line
 WHERE EXISTS (SELECT 1 FROM price
                WHERE price.product_id = line.base_id AND price.valid_from <= line.day AND line.day < price.valid_to
                  AND line.unit_net < price.price)
   AND line.partner_id IS NOT NULL
UNION
SELECT f.scope
  FROM place
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.partner_id = place.partner_id AND f.event_day = place.day AND f.state <> 'resolved_by_data'
   AND f.scope = place.partner_id || '|' || place.base_id || '|' || place.day
UNION
SELECT f.scope
  FROM apart
  JOIN product AS base ON base.id = apart.base_id
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.base_sku = base.code AND f.event_day >= apart.month
   AND f.event_day < (apart.month + interval '1 month')::date AND f.state <> 'resolved_by_data'
    ON CONFLICT DO NOTHING;

-- all_keys --
WITH worth AS (
    SELECT :base_currency::text AS currency, 1::numeric AS most
    UNION ALL
    SELECT currency, max(rate) FROM fx_rate WHERE deleted_at IS NULL AND currency <> :base_currency::text GROUP BY currency
), level AS (
    SELECT 'wholesale' AS kind UNION SELECT kind FROM price_level
)
INSERT INTO judged
SELECT DISTINCT line.partner_id || '|' || line.base_id || '|' || line.day
  FROM trade_line AS line
 WHERE line.kind = 'sell_out' AND line.partner_id IS NOT NULL
   AND EXISTS (SELECT 1
                 FROM price_policy AS pp
                 JOIN level ON level.kind = pp.kind
                 JOIN worth ON worth.currency = pp.currency
                WHERE pp.product_id = line.base_id AND pp.deleted_at IS NULL AND pp.valid_from <= line.day
                  AND (pp.valid_to IS NULL OR line.day < pp.valid_to) AND line.unit_net < pp.unit_price * worth.most);

-- cells --
INSERT INTO tier_cell
SELECT split_part(scope, '|', 1)::bigint, split_part(scope, '|', 2)::bigint, split_part(scope, '|', 3)::date FROM judged;

-- pick --
-- The priced lines of sellers that set their own price, less those under a deal that was approved or won. A deal is named by
-- its key, in the order's own source before any other.
INSERT INTO picked
SELECT t.line_id
  FROM tier_cell AS cell
  JOIN trade_line AS t
    ON t.base_id = cell.base_id AND t.day = cell.day AND t.partner_id = cell.partner_id AND t.kind = 'sell_out'
   AND t.unit_net IS NOT NULL
  JOIN sales_order AS o ON o.id = t.order_id
 WHERE (SELECT seller.model <> 'commission_agency' FROM partner AS seller WHERE seller.id = t.partner_id)
   AND NOT EXISTS (
       SELECT 1 FROM deal_registration AS d
        WHERE d.key = o.deal_ref AND d.status IN ('approved', 'won') AND d.deleted_at IS NULL
          AND (d.source_id = o.source_id
               OR NOT EXISTS (SELECT 1 FROM deal_registration AS own
                               WHERE own.source_id = o.source_id AND own.key = o.deal_ref)));

-- number --
-- What is asked about each line: the kind of price above its seller, its limits, and whether it may be looked at.
INSERT INTO tier_view
SELECT s.line_id, dense_rank() OVER (ORDER BY s.version, s.region_id, s.product_group), coalesce(level.kind, 'wholesale'),
       f.price_rules
  FROM sale AS s
  JOIN partner AS seller ON seller.id = s.partner_id
  LEFT JOIN region_profile AS j ON j.version = s.version AND j.region_id = coalesce(s.region_id, seller.home_region_id)
  JOIN profile AS f ON f.version = s.version AND f.name = coalesce(j.profile, 'default') AND f.price_rules <> 'off'
  LEFT JOIN LATERAL (
       SELECT one.kind
         FROM price_level AS one
         LEFT JOIN region AS r ON r.code = one.region
         LEFT JOIN region_cover AS c ON c.region_id = r.id AND c.covered_id = s.region_id
        WHERE one.version = s.version AND one.partner_type = seller.type
          AND (one.product_group IS NULL OR one.product_group = s.product_group)
          AND (one.region IS NULL OR c.region_id IS NOT NULL)
        ORDER BY coalesce(c.distance, 1000000), (one.product_group IS NULL)::int, one.place DESC
        LIMIT 1) AS level ON true;

-- questions --
INSERT INTO price_asked
SELECT s.line_id, v.reference_kind, s.base_id, s.region_id, s.channel, s.units, s.day
  FROM tier_view AS v JOIN sale AS s USING (line_id);

-- limit_places --
INSERT INTO limit_asked
SELECT DISTINCT v.limit_id, s.version, s.region_id, s.product_group FROM tier_view AS v JOIN sale AS s USING (line_id);

-- weigh --
ANALYZE sale (line_id, partner_id, base_id, day), tier_view, price_found, limit_found;

-- low --
WITH bar AS (
    SELECT limit_id,
           max(value) FILTER (WHERE name = 'tol') AS tol,
           max(value) FILTER (WHERE name = 'min_lines') AS min_lines,
           max(value) FILTER (WHERE name = 'min_pack_units') AS min_pack_units
      FROM limit_found
     GROUP BY limit_id
)
INSERT INTO tier_low
SELECT s.line_id, v.reference_kind, price.price, price.policy_id, v.mode, bar.min_lines, bar.min_pack_units
  FROM tier_view AS v
  JOIN sale AS s USING (line_id)
  JOIN price_found AS price ON price.asked_id = s.line_id AND price.kind = v.reference_kind
  JOIN bar ON bar.limit_id = v.limit_id
 WHERE s.unit_net < price.price * (1 - bar.tol);

-- allow --
-- Less what a promotion allows.
DELETE FROM tier_low AS low
 USING sale AS s, promotion AS pr
 WHERE s.line_id = low.line_id AND pr.deleted_at IS NULL AND pr.valid_from <= s.day AND s.day < pr.valid_to
   AND (pr.product_id IS NULL OR pr.product_id = s.base_id)
   AND (pr.product_group IS NULL OR pr.product_group = s.product_group)
   AND (pr.channel IS NULL OR pr.channel = s.channel)
   AND (pr.partner_id IS NULL OR pr.partner_id = s.partner_id)
   AND (pr.region_id IS NULL
        OR EXISTS (SELECT 1 FROM region_cover AS c WHERE c.region_id = pr.region_id AND c.covered_id = s.region_id))
   AND (pr.floor_price IS NULL OR s.unit_net >= round(pr.floor_price * hub_rate(pr.currency, s.day, :base_currency::text), 6));

-- ask_usual --
-- A pack check can only fire where prices of the month lie far apart, or against the level itself.
INSERT INTO usual_asked
SELECT low.line_id
  FROM tier_low AS low
  JOIN sale AS s USING (line_id)
  JOIN trade_span AS span ON span.base_id = s.base_id AND span.month = date_trunc('month', s.day::timestamp)::date
 WHERE span.highest > 1.9 * span.lowest OR low.reference > 1.9 * s.unit_net;

-- ground --
INSERT INTO peer_ground
SELECT DISTINCT s.base_id, date_trunc('month', s.day::timestamp)::date FROM usual_asked JOIN sale AS s USING (line_id);

-- judge --
WITH measured AS (
    SELECT low.*, s.source_id, s.order_key, s.number, s.product_id, s.sku, s.base_id, s.product_group, s.pack, s.units,
           s.returned, s.net_units, s.unit_net, s.amount, s.currency, s.partner_id, s.channel, s.invoice_ref, s.region_id,
           s.day, s.order_id, s.version, hub_ratio(low.reference - s.unit_net, low.reference) AS below,
           count(*) OVER of_day AS day_lines, sum(s.net_units) OVER of_day AS day_units
      FROM tier_low AS low JOIN sale AS s USING (line_id)
    WINDOW of_day AS (PARTITION BY s.partner_id, s.base_id, s.day)
), compared AS (
    SELECT m.line_id, coalesce(u.price, m.reference) AS usual_price, coalesce(u.kind, 'policy_price') AS usual_kind,
           hub_pack(m.unit_net, coalesce(u.price, m.reference)) AS k
      FROM usual_asked JOIN measured AS m USING (line_id) LEFT JOIN usual_found AS u USING (line_id)
), fired AS (
    SELECT c.line_id, c.usual_price, c.usual_kind, c.k
      FROM compared AS c
      JOIN measured AS m USING (line_id)
      LEFT JOIN pack_size AS size ON size.base_id = m.base_id AND size.k = c.k
     WHERE size.k IS NOT NULL OR c.k >= 4
), promo AS (
    SELECT m.line_id, pr.key,
           (pr.region_id IS NOT NULL AND c.region_id IS NULL)::int
           + (pr.channel IS NOT NULL AND pr.channel <> m.channel)::int
           + (pr.partner_id IS NOT NULL AND pr.partner_id <> m.partner_id)::int AS misses
      FROM measured AS m
      JOIN promotion AS pr
        ON pr.deleted_at IS NULL AND pr.valid_from <= m.day AND m.day < pr.valid_to
       AND (pr.product_id IS NULL OR pr.product_id = m.base_id)
       AND (pr.product_group IS NULL OR pr.product_group = m.product_group)
      LEFT JOIN region_cover AS c ON c.region_id = pr.region_id AND c.covered_id = m.region_id
), promos AS (
    SELECT line_id, count(*) AS searched,
           coalesce(jsonb_agg(key ORDER BY key COLLATE "C") FILTER (WHERE misses = 1), '[]'::jsonb) AS near
      FROM promo
     GROUP BY line_id
), line AS (
    SELECT m.*, fired.usual_price, fired.usual_kind, fired.k, coalesce(promos.searched, 0) AS searched,
           coalesce(promos.near, '[]'::jsonb) AS near
      FROM measured AS m LEFT JOIN fired USING (line_id) LEFT JOIN promos USING (line_id)
)
INSERT INTO found
SELECT x.partner_id || '|' || x.base_id || '|' || x.day, ARRAY[source.name, x.order_key, x.number::text],
       CASE WHEN x.k IS NOT NULL THEN 'pack_suspect'
            WHEN x.day_lines >= x.min_lines OR x.day_units >= x.min_pack_units THEN 'below_level'
            ELSE 'minor' END,
       x.mode, x.version, x.partner_id, NULL, x.product_id, x.region_id, x.product_group, x.day,
       (x.reference - x.unit_net) * x.net_units, hub_ratio(x.below, 0.20),
       CASE WHEN x.invoice_ref IS NOT NULL THEN 1.0 ELSE 0.7 END,
       CASE WHEN x.near <> '[]'::jsonb THEN ARRAY['near_promotion'] ELSE '{}'::text[] END,
       jsonb_build_object(
           'order', x.order_key, 'line', x.number, 'order_date', x.day, 'invoice_ref', x.invoice_ref, 'sku', x.sku,
           'channel', x.channel, 'ship_to', ship_to.code, 'units', hub_decimal(x.units), 'net_units', hub_decimal(x.net_units),
           'returned', hub_decimal(x.returned), 'unit_net', hub_decimal(round(x.unit_net, 2)),
           'reference_kind', x.reference_kind, 'reference', hub_decimal(round(x.reference, 2)),
           'from_units', hub_decimal(pp.min_units), 'percent_below', hub_decimal(round(100 * x.below, 2)),
           'day_lines', x.day_lines, 'day_units', hub_decimal(x.day_units), 'deal', o.deal_ref,
           'usual_price', hub_decimal(x.usual_price), 'usual_price_from', x.usual_kind, 'pack_factor', hub_decimal(x.k),
           'near_promotions', x.near, 'market_share_band', period.market_share_band,
           'records', jsonb_build_array(
               hub_evidence('sale_line', 'order_line', x.line_id, x.source_id, x.order_key || '|' || x.number,
                   jsonb_build_object(
                       'seller', seller.code, 'sku', x.sku, 'units', hub_decimal(x.units), 'pack', hub_decimal(x.pack),
                       'amount', hub_decimal(x.amount), 'currency', x.currency, 'tax_included', l.tax_included,
                       'tax_rate', hub_decimal(l.tax_rate),
                       'rate', hub_decimal(hub_rate(x.currency, x.day, :base_currency::text)),
                       'unit_net', hub_decimal(x.unit_net), 'order_date', x.day, 'ship_to', ship_to.code)),
               hub_evidence('reference_price', 'price_policy', pp.id, pp.source_id, pp.key, jsonb_build_object(
                   'kind', pp.kind, 'unit_price', hub_decimal(pp.unit_price), 'currency', pp.currency, 'region', place.code,
                   'channel', pp.channel, 'min_units', hub_decimal(pp.min_units), 'valid_from', pp.valid_from,
                   'valid_to', pp.valid_to)))),
       jsonb_build_array(
           hub_tried('profile_off', 'none_found', x.mode),
           hub_tried('commission_agency', 'none_found', seller.model),
           hub_tried('returned', CASE WHEN x.returned > 0 THEN 'found' ELSE 'none_found' END,
                     hub_decimal(x.returned) || ' of ' || hub_decimal(x.units) || ' units came back'),
           hub_tried('agreed_deal', CASE WHEN o.deal_ref IS NULL THEN 'not_applicable' ELSE 'none_found' END, o.deal_ref),
           hub_tried('promotion', 'none_found', x.searched || ' promotions looked at'),
           hub_tried('near_promotion', CASE WHEN x.near = '[]'::jsonb THEN 'none_found' ELSE 'found' END, NULL),
           hub_tried('pack_ratio', CASE WHEN x.k IS NULL THEN 'none_found' ELSE 'found' END, hub_decimal(x.k)),
           hub_tried('small_quantity',
                     CASE WHEN x.day_lines >= x.min_lines OR x.day_units >= x.min_pack_units THEN 'none_found' ELSE 'found' END,
                     x.day_lines || ' lines, ' || hub_decimal(x.day_units) || ' units that day'))
  FROM line AS x
  JOIN source ON source.id = x.source_id
  JOIN partner AS seller ON seller.id = x.partner_id
  JOIN sales_order AS o ON o.id = x.order_id
  JOIN order_line AS l ON l.id = x.line_id
  JOIN price_policy AS pp ON pp.id = x.policy_id
  JOIN policy_period AS period ON period.version = x.version
  LEFT JOIN region AS ship_to ON ship_to.id = x.region_id
  LEFT JOIN region AS place ON place.id = pp.region_id;
