-- desk --
CREATE TEMP TABLE IF NOT EXISTS oversell_place (
    scope text PRIMARY KEY, location_id bigint, base_id bigint
) ON COMMIT DELETE ROWS;
-- The count of each SKU that holds at the instant of judgement, and what is then promised.
CREATE TEMP TABLE IF NOT EXISTS oversell_level (
    scope text, level_id bigint, as_of timestamptz, pack numeric, units numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS oversell_commitment (
    scope text, reservation_id bigint, place bigint, units numeric, running numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS oversell_shortage (
    shortage_id bigint PRIMARY KEY, scope text, location_id bigint, base_id bigint, on_hand numeric, committed numeric,
    counted_at timestamptz, day date, version int
) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is location|base. Beside changed records it is reached by time that passes, forwards or backwards: a count becomes
-- the latest, a promise ends, and a count becomes too old, which matters only where a finding stands.
WITH article AS (
    SELECT p.id AS product_id, p.base_id FROM reached_product AS r JOIN product AS p ON p.id = r.product_id
    UNION
    SELECT record_id, (old ->> 'base_id')::bigint FROM changed WHERE noun = 'product' AND old IS NOT NULL
), moved AS (
    SELECT l.location_id, l.product_id
      FROM changed AS c JOIN inventory_level AS l ON l.id = c.record_id WHERE c.noun = 'inventory_level'
    UNION
    SELECT r.location_id, r.product_id
      FROM changed AS c JOIN reservation AS r ON r.id = c.record_id WHERE c.noun = 'reservation'
    UNION
    SELECT old.location_id, old.product_id
      FROM changed AS c CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (location_id bigint, product_id bigint)
     WHERE c.noun IN ('inventory_level', 'reservation') AND c.old IS NOT NULL
    UNION
    SELECT location_id, product_id FROM inventory_level
     WHERE as_of > least(:since::timestamptz, :at::timestamptz) AND as_of <= greatest(:since::timestamptz, :at::timestamptz)
    UNION
    SELECT location_id, product_id FROM reservation
     WHERE expires_at > least(:since::timestamptz, :at::timestamptz)
       AND expires_at <= greatest(:since::timestamptz, :at::timestamptz) AND status = 'open'
    UNION
    SELECT l.location_id, l.product_id FROM article JOIN inventory_level AS l USING (product_id)
    UNION
    SELECT r.location_id, r.product_id FROM article JOIN reservation AS r USING (product_id)
), moved_place AS (
    SELECT w.id FROM changed AS c JOIN location AS w ON w.id = c.record_id
     WHERE c.noun = 'location' AND c.old IS NOT NULL
       AND (c.old ->> 'code' <> w.code OR (c.old ->> 'partner_id')::bigint IS DISTINCT FROM w.partner_id
            OR (c.old ->> 'region_id')::bigint IS DISTINCT FROM w.region_id)
), renamed AS (
    SELECT p.id FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL AND c.old ->> 'code' <> p.code
)
INSERT INTO judged
SELECT moved.location_id || '|' || p.base_id FROM moved JOIN product AS p ON p.id = moved.product_id
UNION
SELECT moved.location_id || '|' || article.base_id FROM moved JOIN article USING (product_id)
UNION
SELECT f.scope
  FROM conflict AS f
 WHERE f.rule = :rule::text AND f.state <> 'resolved_by_data'
   AND (f.product_id IN (SELECT base_id FROM article) OR f.affected_id IN (SELECT id FROM renamed)
        OR split_part(f.scope, '|', 1)::bigint IN (SELECT id FROM moved_place)
        OR (f.evidence ->> 'stale_after')::timestamptz BETWEEN least(:since::timestamptz, :at::timestamptz)
                                                          AND greatest(:since::timestamptz, :at::timestamptz))
    ON CONFLICT DO NOTHING;

-- all_keys --
-- Where something is promised.
INSERT INTO judged
SELECT DISTINCT r.location_id || '|' || p.base_id
  FROM reservation AS r JOIN product AS p ON p.id = r.product_id
 WHERE r.status = 'open' AND r.deleted_at IS NULL
    ON CONFLICT DO NOTHING;

-- places --
INSERT INTO oversell_place
SELECT scope, split_part(scope, '|', 1)::bigint, split_part(scope, '|', 2)::bigint FROM judged;

-- levels --
-- The latest count of each SKU, over all sources; of two of one instant that of the source last by name.
WITH latest AS (
    SELECT place.scope, place.location_id, p.id AS product_id, p.units_per_pack,
           (SELECT max(l.as_of) FROM inventory_level AS l
             WHERE l.location_id = place.location_id AND l.product_id = p.id AND l.as_of <= :at::timestamptz
               AND l.deleted_at IS NULL) AS as_of
      FROM oversell_place AS place JOIN product AS p ON p.base_id = place.base_id
)
INSERT INTO oversell_level
SELECT DISTINCT ON (latest.scope, latest.product_id) latest.scope, l.id, l.as_of, latest.units_per_pack,
       l.on_hand * latest.units_per_pack
  FROM latest
  JOIN inventory_level AS l
    ON l.location_id = latest.location_id AND l.product_id = latest.product_id AND l.as_of = latest.as_of
   AND l.deleted_at IS NULL
  JOIN source ON source.id = l.source_id
 ORDER BY latest.scope, latest.product_id, source.name COLLATE "C" DESC, l.key COLLATE "C" DESC;

-- commitments --
-- What is promised and neither delivered, cancelled nor over, in the order it was promised.
INSERT INTO oversell_commitment
SELECT place.scope, r.id, row_number() OVER promised, r.qty * p.units_per_pack,
       sum(r.qty * p.units_per_pack) OVER (promised ROWS UNBOUNDED PRECEDING)
  FROM oversell_place AS place
  JOIN product AS p ON p.base_id = place.base_id
  JOIN reservation AS r
    ON r.location_id = place.location_id AND r.product_id = p.id AND r.status = 'open' AND r.deleted_at IS NULL
   AND (r.expires_at IS NULL OR r.expires_at > :at::timestamptz)
  JOIN source ON source.id = r.source_id
WINDOW promised AS (PARTITION BY place.scope ORDER BY r.reserved_at, source.name COLLATE "C", r.key COLLATE "C");

-- unmeasured --
-- Nothing can be said where nothing was counted.
INSERT INTO skipped
SELECT 'no_level', count(*)
  FROM (SELECT DISTINCT scope FROM oversell_commitment) AS promised
 WHERE NOT EXISTS (SELECT 1 FROM oversell_level AS l WHERE l.scope = promised.scope)
HAVING count(*) > 0;

-- shortages --
WITH stock AS (
    SELECT scope, sum(units) AS on_hand, min(as_of) AS counted_at FROM oversell_level GROUP BY scope
), promised AS (
    SELECT scope, sum(units) AS committed FROM oversell_commitment GROUP BY scope
)
INSERT INTO oversell_shortage
SELECT row_number() OVER (ORDER BY place.scope), place.scope, place.location_id, place.base_id, stock.on_hand,
       promised.committed, stock.counted_at, d.day, policy_period.version
  FROM oversell_place AS place
  JOIN stock USING (scope)
  JOIN promised USING (scope)
 CROSS JOIN LATERAL (SELECT (stock.counted_at AT TIME ZONE :timezone::text)::date AS day) AS d
  JOIN policy_period ON d.day >= policy_period.valid_from AND d.day < policy_period.valid_to
 WHERE promised.committed > stock.on_hand;

-- limit_places --
INSERT INTO limit_asked
SELECT s.shortage_id, s.version, w.region_id, p.product_group
  FROM oversell_shortage AS s JOIN location AS w ON w.id = s.location_id JOIN product AS p ON p.id = s.base_id;

-- judge --
WITH counts AS (
    SELECT s.shortage_id,
           jsonb_agg(hub_evidence('stock_level', 'inventory_level', l.id, l.source_id, l.key, jsonb_build_object(
               'sku', p.code, 'as_of', hub_instant(l.as_of), 'on_hand', hub_decimal(l.on_hand), 'pack', hub_decimal(x.pack),
               'units', hub_decimal(x.units), 'in_transit', hub_decimal(l.in_transit),
               'safety_stock', hub_decimal(l.safety_stock))) ORDER BY p.code COLLATE "C") AS records
      FROM oversell_shortage AS s
      JOIN oversell_level AS x USING (scope)
      JOIN inventory_level AS l ON l.id = x.level_id
      JOIN product AS p ON p.id = l.product_id
     GROUP BY s.shortage_id
), promise AS (
    SELECT s.shortage_id, x.place, x.units, x.running, x.running > s.on_hand AS unmet, r.*
      FROM oversell_shortage AS s
      JOIN oversell_commitment AS x USING (scope)
      JOIN reservation AS r ON r.id = x.reservation_id
), channel AS (
    SELECT shortage_id, jsonb_object_agg(channel, hub_decimal(units)) AS units, count(*) AS channels
      FROM (SELECT shortage_id, channel, sum(units) AS units FROM promise GROUP BY shortage_id, channel) AS summed
     GROUP BY shortage_id
), promises AS (
    SELECT m.shortage_id, count(*) AS commitments, bool_and(m.order_ref IS NOT NULL) AS all_ordered,
           (array_agg(m.key ORDER BY m.place) FILTER (WHERE m.unmet))[1] AS first_unmet,
           jsonb_agg(hub_evidence('commitment', 'reservation', m.id, m.source_id, m.key, jsonb_build_object(
               'channel', m.channel, 'order_ref', m.order_ref, 'sku', p.code, 'qty', hub_decimal(m.qty),
               'units', hub_decimal(m.units), 'running_total', hub_decimal(m.running),
               'reserved_at', hub_instant(m.reserved_at), 'expires_at', hub_instant(m.expires_at)))
               ORDER BY m.place) FILTER (WHERE m.place <= 200) AS records
      FROM promise AS m JOIN product AS p ON p.id = m.product_id
     GROUP BY m.shortage_id
), aged AS (
    SELECT s.*, s.committed - s.on_hand AS short, bar.value AS max_age,
           s.counted_at + make_interval(secs => (least(bar.value, 876000) * 3600)::float8) AS stale_after
      FROM oversell_shortage AS s
      JOIN limit_found AS bar ON bar.limit_id = s.shortage_id AND bar.name = 'max_stock_age_hours'
)
INSERT INTO found
SELECT a.scope, ARRAY[w.code, base.code],
       CASE WHEN :at::timestamptz > a.stale_after THEN 'stale_stock' ELSE 'oversell' END,
       'case', a.version, NULL, w.partner_id, a.base_id, w.region_id, base.product_group, a.day, NULL,
       CASE WHEN a.on_hand = 0 THEN 1 ELSE hub_ratio(a.short, a.on_hand) END,
       CASE WHEN promises.all_ordered THEN 0.7 ELSE 0.4 END, '{}'::text[],
       jsonb_build_object(
           'location', w.code, 'on_hand', hub_decimal(a.on_hand), 'committed', hub_decimal(a.committed),
           'short', hub_decimal(a.short), 'commitments', promises.commitments, 'channels', channel.channels,
           'by_channel', channel.units, 'first_unmet', promises.first_unmet, 'counted_at', hub_instant(a.counted_at),
           'stale_after', hub_instant(a.stale_after), 'records', counts.records || promises.records),
       jsonb_build_array(
           hub_tried('closed_commitment', 'none_found', promises.commitments || ' open commitments'),
           hub_tried('old_count', CASE WHEN :at::timestamptz > a.stale_after THEN 'found' ELSE 'none_found' END,
                     hub_decimal(a.max_age) || ' hours'))
  FROM aged AS a
  JOIN location AS w ON w.id = a.location_id
  JOIN product AS base ON base.id = a.base_id
  JOIN counts USING (shortage_id)
  JOIN promises USING (shortage_id)
  JOIN channel USING (shortage_id);
