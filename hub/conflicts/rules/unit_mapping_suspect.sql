-- desk --
CREATE TEMP TABLE IF NOT EXISTS unit_cell (base_id bigint, month date, month_end date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS unit_member (
    noun text, record_id bigint, source_id bigint, key text, product_id bigint, base_id bigint, month date, unit_net numeric,
    usual numeric, usual_from text, k numeric, pack numeric
) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is base|month over all markets, for a finding gathers the records of all markets. Where the prices of a month lie
-- close together no line can be a multiple of another, and none was.
INSERT INTO judged
SELECT base_id || '|' || to_char(month, 'YYYY-MM')
  FROM (SELECT DISTINCT base_id, date_trunc('month', day::timestamp)::date AS month FROM reached_line WHERE kind = 'sell_out') AS cell
  JOIN trade_span AS span USING (base_id, month)
 WHERE span.highest > 1.9 * span.lowest
UNION
SELECT base_id || '|' || to_char(month, 'YYYY-MM') FROM reached_offer
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT base_id || '|' || to_char(month, 'YYYY-MM') FROM trade_span WHERE highest > 1.9 * lowest
UNION
SELECT p.base_id || '|' || to_char(o.observed_at AT TIME ZONE :timezone::text, 'YYYY-MM')
  FROM offer AS o JOIN product AS p ON p.id = o.product_id
 WHERE o.deleted_at IS NULL
    ON CONFLICT DO NOTHING;

-- cells --
INSERT INTO unit_cell
SELECT base_id, month, (month + interval '1 month')::date
  FROM (SELECT split_part(scope, '|', 1)::bigint AS base_id, (split_part(scope, '|', 2) || '-01')::date AS month
          FROM judged) AS cell;

-- weigh_cells --
ANALYZE unit_cell;

-- ground --
INSERT INTO peer_ground SELECT base_id, month FROM unit_cell;

-- ask_usual --
INSERT INTO usual_asked
SELECT t.line_id
  FROM unit_cell AS cell
  JOIN trade_span AS span ON span.base_id = cell.base_id AND span.month = cell.month AND span.highest > 1.9 * span.lowest
  JOIN trade_line AS t
    ON t.base_id = span.base_id AND t.day >= span.month AND t.day < (span.month + interval '1 month')::date
   AND t.kind = 'sell_out' AND t.unit_net IS NOT NULL;

-- pick --
INSERT INTO picked
SELECT line_id FROM usual_found WHERE hub_pack(unit_net, price) IS NOT NULL;

-- pick_offers --
INSERT INTO picked_offer
SELECT o.id
  FROM unit_cell AS cell
  JOIN product AS p ON p.base_id = cell.base_id
  JOIN offer AS o
    ON o.product_id = p.id AND o.observed_at >= (cell.month::timestamp AT TIME ZONE :timezone::text)
   AND o.observed_at < ((cell.month + interval '1 month') AT TIME ZONE :timezone::text)
 WHERE o.deleted_at IS NULL AND o.price_kind = 'advertised';

-- weigh --
ANALYZE observed (offer_id, base_id, month, version, profile), peer_offer (base_id, market_id, month);

-- line_members --
INSERT INTO unit_member
SELECT 'order_line', s.line_id, s.source_id, s.order_key || '|' || s.number, s.product_id, s.base_id,
       date_trunc('month', s.day::timestamp)::date, s.unit_net, u.price, u.kind, hub_pack(s.unit_net, u.price), s.pack
  FROM sale AS s JOIN usual_found AS u USING (line_id);

-- questions --
INSERT INTO price_asked
SELECT o.offer_id, kind.name, o.base_id, o.region_id, o.channel, o.units, o.day
  FROM observed AS o
  JOIN profile AS f ON f.version = o.version AND f.name = o.profile
 CROSS JOIN LATERAL unnest(f.price_reference) AS kind (name)
 WHERE o.unit_net IS NOT NULL;

-- offer_members --
-- Offers against the median of other sellers of the day, else of the month, if there are five, else the reference price.
WITH reference AS (
    SELECT DISTINCT ON (o.offer_id) o.offer_id, found.price
      FROM observed AS o
      JOIN profile AS f ON f.version = o.version AND f.name = o.profile
      JOIN price_found AS found ON found.asked_id = o.offer_id
     ORDER BY o.offer_id, array_position(f.price_reference, found.kind)
), crowd AS (
    SELECT base_id, market_id, month, day, array_agg(unit_net ORDER BY unit_net, seller_key COLLATE "C") AS prices,
           array_agg(seller_key ORDER BY unit_net, seller_key COLLATE "C") AS sellers
      FROM peer_offer
     GROUP BY base_id, market_id, month, day
), around AS (
    SELECT o.offer_id, crowd.day IS NOT NULL AS same_day, crowd.prices,
           array_position(crowd.sellers, o.seller_key) AS place
      FROM observed AS o
      JOIN crowd ON crowd.base_id = o.base_id AND crowd.market_id = coalesce(o.market_id, 0) AND crowd.month = o.month
                AND (crowd.day = o.day OR crowd.day IS NULL)
), other AS (
    SELECT offer_id, same_day,
           CASE WHEN place IS NULL THEN hub_median(prices) ELSE hub_median_without(prices, place) END AS price
      FROM around
     WHERE cardinality(prices) - (place IS NOT NULL)::int >= 5
), usual AS (
    SELECT offer_id, max(price) FILTER (WHERE same_day) AS of_day, max(price) FILTER (WHERE NOT same_day) AS of_month
      FROM other
     GROUP BY offer_id
), compared AS (
    SELECT o.offer_id, coalesce(usual.of_day, usual.of_month, reference.price) AS usual,
           CASE WHEN usual.of_day IS NOT NULL THEN 'same_day' WHEN usual.of_month IS NOT NULL THEN 'same_month'
                ELSE 'policy_price' END AS usual_from
      FROM observed AS o LEFT JOIN usual USING (offer_id) LEFT JOIN reference USING (offer_id)
)
INSERT INTO unit_member
SELECT 'offer', o.offer_id, o.source_id, o.key, o.product_id, o.base_id, o.month, o.unit_net, c.usual, c.usual_from,
       hub_pack(o.unit_net, c.usual), o.pack
  FROM compared AS c JOIN observed AS o USING (offer_id)
 WHERE hub_pack(o.unit_net, c.usual) IS NOT NULL;

-- unpriced_offers --
INSERT INTO skipped
SELECT 'no_rate', count(*) FROM observed WHERE unit_net IS NULL
HAVING count(*) > 0;

-- judge --
WITH member AS (
    SELECT m.*, CASE WHEN m.unit_net < m.usual THEN 'per_unit_too_low' ELSE 'per_unit_too_high' END AS direction,
           size.k IS NOT NULL AS is_pack
      FROM unit_member AS m
      LEFT JOIN pack_size AS size ON size.base_id = m.base_id AND size.k = m.k
     WHERE size.k IS NOT NULL OR m.k >= 4
), numbered AS (
    SELECT member.*,
           row_number() OVER (PARTITION BY source_id, product_id, direction, k, month
                              ORDER BY noun COLLATE "C" DESC, key COLLATE "C") AS place
      FROM member
), gathered AS (
    SELECT source_id, product_id, base_id, direction, k, month, is_pack, pack, count(*) AS members,
           count(*) FILTER (WHERE noun = 'order_line') AS lines,
           jsonb_agg(hub_evidence(CASE noun WHEN 'offer' THEN 'observation' ELSE 'sale_line' END, noun, record_id, source_id, key,
               jsonb_build_object('unit_net', hub_decimal(unit_net), 'usual_price', hub_decimal(usual),
                                  'usual_price_from', usual_from)) ORDER BY place) FILTER (WHERE place <= 200) AS records
      FROM numbered
     GROUP BY source_id, product_id, base_id, direction, k, month, is_pack, pack
)
INSERT INTO found
SELECT g.base_id || '|' || to_char(g.month, 'YYYY-MM'),
       ARRAY[source.name, p.code, g.direction, g.k::text, to_char(g.month, 'YYYY-MM')],
       CASE WHEN g.is_pack THEN 'pack_factor' ELSE 'integer_ratio' END,
       'case', policy_period.version, NULL, NULL, g.product_id, NULL, base.product_group, g.month, NULL, 0, 0.2, '{}'::text[],
       jsonb_build_object(
           'source', source.name, 'sku', p.code, 'direction', g.direction, 'k', hub_decimal(g.k),
           'month', to_char(g.month, 'YYYY-MM'), 'members', g.members, 'lines', g.lines, 'offers', g.members - g.lines,
           'units_per_pack', hub_decimal(g.pack),
           'proposed_units_per_pack', hub_decimal(CASE g.direction WHEN 'per_unit_too_low' THEN hub_ratio(g.pack, g.k)
                                                                   ELSE g.pack * g.k END),
           'records', g.records),
       jsonb_build_array(
           hub_tried('pack_factor', CASE WHEN g.is_pack THEN 'found' ELSE 'none_found' END, hub_decimal(g.k)))
  FROM gathered AS g
  JOIN source ON source.id = g.source_id
  JOIN product AS p ON p.id = g.product_id
  JOIN product AS base ON base.id = p.base_id
  JOIN policy_period ON g.month >= policy_period.valid_from AND g.month < policy_period.valid_to;
