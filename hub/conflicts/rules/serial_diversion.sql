-- desk --
CREATE TEMP TABLE IF NOT EXISTS strayed_cell (
    scope text, partner_id bigint, base_id bigint, region_id bigint, lot text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_serial (serial text PRIMARY KEY) ON COMMIT DELETE ROWS;
-- A scan with the shipment it follows. Where it went is the ground, which is asked about once for all trips to it.
CREATE TEMP TABLE IF NOT EXISTS strayed_trip (
    scan_id bigint PRIMARY KEY, ship_id bigint, scope text, serial text, partner_id bigint, base_id bigint, product_group text,
    region_id bigint, lot text, ship_day date, scan_day date, scanned_at timestamptz, scan_key text, accuracy_km numeric,
    version int, limit_id bigint, ground_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_ground (
    ground_id bigint PRIMARY KEY, partner_id bigint, product_group text, region_id bigint
) ON COMMIT DELETE ROWS;
-- The days between which nothing changes about who may sell on a ground; each is asked about once, as a spot and a seat.
CREATE TEMP TABLE IF NOT EXISTS strayed_period (
    period_id bigint PRIMARY KEY, ground_id bigint, start_day date, end_day date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_stray (
    scan_id bigint PRIMARY KEY, is_first boolean, month date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_lot (scope text PRIMARY KEY, serials numeric) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_cluster (
    cluster_id bigint PRIMARY KEY, scope text, month date, partner_id bigint, base_id bigint, product_group text,
    region_id bigint, lot text, event_day date, version int, mode text, serials numeric, lot_serials numeric,
    border_serials numeric, period_id bigint, bound_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_home (
    cluster_id bigint, grant_id bigint, region_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS strayed_border (cluster_id bigint PRIMARY KEY, pair text) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is partner|base|region|lot: the shipments and scans that count together, over all months. It is reached by every
-- event of its serials, by other shipments of the lot, and by what decides who may sell where the goods were seen.
WITH RECURSIVE moved AS (
    SELECT e.serial, e.product_id, e.event, e.partner_id, e.region_id, e.lot
      FROM changed AS c JOIN serial_event AS e ON e.id = c.record_id WHERE c.noun = 'serial_event'
    UNION
    SELECT e.serial, e.product_id, e.event, e.partner_id, e.region_id, e.lot
      FROM changed AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS e (
               serial text, product_id bigint, event text, partner_id bigint, region_id bigint, lot text)
     WHERE c.noun = 'serial_event' AND c.old IS NOT NULL
), lot_mate AS (
    SELECT other.serial
      FROM (SELECT DISTINCT partner_id, lot FROM moved WHERE event = 'ship_out' AND lot IS NOT NULL) AS lot
      JOIN serial_event AS other ON other.lot = lot.lot AND other.partner_id = lot.partner_id AND other.event = 'ship_out'
), given AS (
    SELECT g.partner_id, g.region_id
      FROM changed AS c JOIN territory_grant AS g ON g.id = c.record_id WHERE c.noun = 'territory_grant'
    UNION
    SELECT (c.old ->> 'partner_id')::bigint, (c.old ->> 'region_id')::bigint
      FROM changed AS c WHERE c.noun = 'territory_grant' AND c.old IS NOT NULL
), member AS (
    SELECT p.id, c.old ->> 'code' <> p.code AS renamed
      FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL
       AND ((c.old ->> 'parent_id')::bigint IS DISTINCT FROM p.parent_id OR c.old ->> 'code' <> p.code
            OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id)
), below AS (
    SELECT partner_id FROM given
    UNION
    SELECT id FROM member
    UNION
    SELECT p.id FROM below JOIN partner AS p ON p.parent_id = below.partner_id
), place AS (
    SELECT c.covered_id AS region_id
      FROM (SELECT region_id FROM given
            UNION
            SELECT g.region_id FROM member JOIN territory_grant AS g ON g.partner_id = member.id WHERE member.renamed) AS root
      JOIN region_cover AS c ON c.region_id = root.region_id
), concerned AS (
    SELECT serial FROM moved
    UNION
    SELECT serial FROM lot_mate
    UNION
    SELECT e.serial FROM reached_product AS article JOIN serial_event AS e ON e.product_id = article.product_id
    UNION
    SELECT e.serial FROM below JOIN serial_event AS e ON e.partner_id = below.partner_id AND e.event = 'ship_out'
    UNION
    SELECT e.serial FROM place JOIN serial_event AS e ON e.region_id = place.region_id AND e.event <> 'ship_out'
), event AS (
    SELECT e.serial, e.product_id, e.event, e.partner_id, e.region_id, e.lot FROM concerned JOIN serial_event AS e USING (serial)
    UNION
    SELECT serial, product_id, event, partner_id, region_id, lot FROM moved
), price AS (
    SELECT pp.product_id, pp.valid_from, pp.valid_to
      FROM changed AS c JOIN price_policy AS pp ON pp.id = c.record_id
     WHERE c.noun = 'price_policy' AND pp.kind = 'wholesale'
    UNION
    SELECT pp.product_id, pp.valid_from, pp.valid_to
      FROM changed AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS pp (product_id bigint, kind text, valid_from date, valid_to date)
     WHERE c.noun = 'price_policy' AND c.old IS NOT NULL AND pp.kind = 'wholesale'
)
INSERT INTO judged
SELECT concat_ws('|', ship.partner_id, p.base_id, scan.region_id, coalesce(ship.lot, '-'))
  FROM event AS ship
  JOIN event AS scan ON scan.serial = ship.serial AND scan.event IN ('retail_scan', 'consumer_scan')
  JOIN product AS p ON p.id = ship.product_id
 WHERE ship.event = 'ship_out' AND ship.partner_id IS NOT NULL AND scan.region_id IS NOT NULL
UNION
SELECT c.scope
  FROM price JOIN conflict AS c ON c.product_id = price.product_id AND c.event_day >= price.valid_from
                               AND coalesce(c.event_day < price.valid_to, true)
 WHERE c.rule = :rule::text AND c.state <> 'resolved_by_data'
UNION
SELECT c.scope
  FROM reached_rate AS rate JOIN conflict AS c ON c.event_day >= rate.first_day AND c.event_day < rate.end_day
 WHERE rate.in_prices AND c.rule = :rule::text AND c.state <> 'resolved_by_data'
UNION
SELECT c.scope
  FROM reached_product AS article JOIN conflict AS c USING (product_id)
 WHERE c.rule = :rule::text AND c.state <> 'resolved_by_data'
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT concat_ws('|', ship.partner_id, p.base_id, scan.region_id, coalesce(ship.lot, '-'))
  FROM serial_event AS ship
  JOIN serial_event AS scan
    ON scan.serial = ship.serial AND scan.event IN ('retail_scan', 'consumer_scan') AND scan.deleted_at IS NULL
  JOIN product AS p ON p.id = ship.product_id
 WHERE ship.event = 'ship_out' AND ship.deleted_at IS NULL AND ship.partner_id IS NOT NULL AND scan.region_id IS NOT NULL
    ON CONFLICT DO NOTHING;

-- cells --
INSERT INTO strayed_cell
SELECT scope, split_part(scope, '|', 1)::bigint, split_part(scope, '|', 2)::bigint, split_part(scope, '|', 3)::bigint,
       split_part(scope, '|', 4)
  FROM judged;

-- serials --
-- What was shipped to the partner of the lot; for goods without a lot, all that were.
INSERT INTO strayed_serial
SELECT ship.serial
  FROM (SELECT DISTINCT partner_id, base_id, lot FROM strayed_cell WHERE lot <> '-') AS cell
  JOIN product AS p ON p.base_id = cell.base_id
  JOIN serial_event AS ship
    ON ship.product_id = p.id AND ship.lot = cell.lot AND ship.partner_id = cell.partner_id AND ship.event = 'ship_out'
   AND ship.deleted_at IS NULL
UNION
SELECT ship.serial
  FROM (SELECT DISTINCT partner_id, base_id FROM strayed_cell WHERE lot = '-') AS cell
  JOIN product AS p ON p.base_id = cell.base_id
  JOIN serial_event AS ship
    ON ship.product_id = p.id AND ship.lot IS NULL AND ship.partner_id = cell.partner_id AND ship.event = 'ship_out'
   AND ship.deleted_at IS NULL;

-- trips --
-- Each scan with the last thing that happened to the serial before it. Where that was a return, the goods had come back and
-- the scan says nothing of a partner.
WITH event AS MATERIALIZED (
    SELECT e.id, e.serial, e.product_id, e.event, e.partner_id, e.region_id, e.happened_at, e.key, e.lot, e.accuracy_km,
           e.event IN ('ship_out', 'return') AS is_move,
           count(*) FILTER (WHERE e.event IN ('ship_out', 'return')) OVER (
               PARTITION BY e.serial
               ORDER BY e.happened_at, e.event IN ('retail_scan', 'consumer_scan'), e.key COLLATE "C", e.source_id) AS place
      FROM strayed_serial JOIN serial_event AS e ON e.serial = strayed_serial.serial AND e.deleted_at IS NULL
), trip AS (
    SELECT scan.id AS scan_id, ship.id AS ship_id, cell.scope, scan.serial, ship.partner_id, p.base_id, base.product_group,
           scan.region_id, cell.lot, (ship.happened_at AT TIME ZONE :timezone::text)::date AS ship_day,
           (scan.happened_at AT TIME ZONE :timezone::text)::date AS scan_day, scan.happened_at AS scanned_at,
           scan.key AS scan_key, scan.accuracy_km
      FROM event AS scan
      JOIN event AS ship
        ON ship.serial = scan.serial AND ship.place = scan.place AND ship.event = 'ship_out' AND NOT scan.is_move
      JOIN product AS p ON p.id = ship.product_id
      JOIN product AS base ON base.id = p.base_id
      JOIN strayed_cell AS cell
        ON cell.partner_id = ship.partner_id AND cell.base_id = p.base_id AND cell.region_id = scan.region_id
       AND cell.lot = coalesce(ship.lot, '-')
)
INSERT INTO strayed_trip
SELECT trip.*, policy_period.version,
       dense_rank() OVER (ORDER BY policy_period.version, trip.region_id, trip.product_group),
       dense_rank() OVER (ORDER BY trip.partner_id, trip.product_group, trip.region_id)
  FROM trip
  JOIN policy_period ON trip.scan_day >= policy_period.valid_from AND trip.scan_day < policy_period.valid_to;

-- limit_questions --
INSERT INTO limit_asked SELECT DISTINCT limit_id, version, region_id, product_group FROM strayed_trip;

-- drop_unsure --
-- A position known to within a province is none.
DELETE FROM strayed_trip AS t
 USING limit_found AS bar
 WHERE bar.limit_id = t.limit_id AND bar.name = 'max_accuracy_km' AND t.accuracy_km > bar.value;

-- grounds --
INSERT INTO strayed_ground SELECT DISTINCT ground_id, partner_id, product_group, region_id FROM strayed_trip;

-- periods --
-- Who may sell on a ground changes only where a grant begins or ends: of those that cover it, or of the partner and whom it
-- stands below.
WITH RECURSIVE chain AS (
    SELECT DISTINCT partner_id, partner_id AS above_id FROM strayed_ground
    UNION
    SELECT chain.partner_id, p.parent_id FROM chain JOIN partner AS p ON p.id = chain.above_id WHERE p.parent_id IS NOT NULL
), relevant AS (
    SELECT ground.ground_id, g.valid_from, g.valid_to
      FROM strayed_ground AS ground
      JOIN region_cover AS c ON c.covered_id = ground.region_id
      JOIN territory_grant AS g
        ON g.region_id = c.region_id AND g.product_group IN (ground.product_group, '*') AND g.deleted_at IS NULL
    UNION ALL
    SELECT ground.ground_id, g.valid_from, g.valid_to
      FROM strayed_ground AS ground
      JOIN chain USING (partner_id)
      JOIN territory_grant AS g
        ON g.partner_id = chain.above_id AND g.product_group IN (ground.product_group, '*') AND g.deleted_at IS NULL
), edge AS (
    SELECT ground_id, '-infinity'::date AS day FROM strayed_ground
    UNION
    SELECT ground_id, valid_from FROM relevant
    UNION
    SELECT ground_id, valid_to FROM relevant WHERE valid_to IS NOT NULL
)
INSERT INTO strayed_period
SELECT row_number() OVER (ORDER BY ground_id, day), ground_id, day,
       lead(day, 1, 'infinity'::date) OVER (PARTITION BY ground_id ORDER BY day)
  FROM edge;

-- spots --
INSERT INTO spot
SELECT period.period_id, ground.product_group, ground.region_id, '', period.start_day
  FROM strayed_period AS period JOIN strayed_ground AS ground USING (ground_id);

-- seats --
INSERT INTO seat
SELECT period.period_id, ground.partner_id, ground.product_group, period.start_day
  FROM strayed_period AS period JOIN strayed_ground AS ground USING (ground_id);

-- weigh --
ANALYZE strayed_trip, strayed_ground, strayed_period, governing, bound;

-- stray --
-- Scans where the partner was authorised on no day from shipment to scan. A partner without any grant on the day of shipment
-- belongs where its seat is, and in the whole province around it.
WITH allowed AS (
    SELECT b.seat_id AS period_id
      FROM bound AS b JOIN governing AS g ON g.spot_id = b.seat_id AND g.partner_id = b.partner_id
    UNION
    -- Doubt counts for the partner: a grant for a named segment may have been meant.
    SELECT period.period_id
      FROM strayed_period AS period
      JOIN strayed_ground AS ground USING (ground_id)
      JOIN bound AS b ON b.seat_id = period.period_id
      JOIN territory_grant AS g
        ON g.partner_id = b.partner_id AND g.segment <> '*' AND g.product_group IN (ground.product_group, '*')
       AND g.deleted_at IS NULL AND g.valid_from <= period.start_day
       AND (g.valid_to IS NULL OR period.start_day < g.valid_to)
      JOIN region_cover AS c ON c.region_id = g.region_id AND c.covered_id = ground.region_id
), province AS (
    SELECT DISTINCT ON (asked.region_id) asked.region_id, above.id AS province_id
      FROM (SELECT region_id FROM strayed_ground
            UNION
            SELECT p.home_region_id FROM strayed_ground AS ground JOIN partner AS p ON p.id = ground.partner_id) AS asked
      JOIN region_cover AS c ON c.covered_id = asked.region_id
      JOIN region AS above ON above.id = c.region_id AND above.kind = 'province'
     ORDER BY asked.region_id, c.distance
), at_home AS (
    SELECT ground.ground_id
      FROM strayed_ground AS ground
      JOIN partner AS p ON p.id = ground.partner_id
      LEFT JOIN region_cover AS c ON c.region_id = p.home_region_id AND c.covered_id = ground.region_id
      LEFT JOIN province AS mine ON mine.region_id = p.home_region_id
      LEFT JOIN province AS there ON there.region_id = ground.region_id
     WHERE p.home_region_id IS NULL OR c.region_id IS NOT NULL OR mine.province_id = there.province_id
), entitled AS (
    SELECT t.scan_id
      FROM strayed_trip AS t
      JOIN strayed_period AS period
        ON period.ground_id = t.ground_id AND period.start_day <= t.scan_day AND period.end_day > t.ship_day
      JOIN allowed USING (period_id)
    UNION
    SELECT t.scan_id
      FROM strayed_trip AS t
      JOIN at_home USING (ground_id)
      JOIN strayed_period AS period
        ON period.ground_id = t.ground_id AND period.start_day <= t.ship_day AND period.end_day > t.ship_day
     WHERE NOT EXISTS (SELECT 1 FROM bound AS b WHERE b.seat_id = period.period_id)
)
INSERT INTO strayed_stray
SELECT t.scan_id, row_number() OVER of_serial = 1, date_trunc('month', first_value(t.scan_day) OVER of_serial)::date
  FROM strayed_trip AS t
 WHERE NOT EXISTS (SELECT 1 FROM entitled WHERE entitled.scan_id = t.scan_id)
WINDOW of_serial AS (PARTITION BY t.scope, t.serial ORDER BY t.scanned_at, t.scan_key COLLATE "C", t.scan_id);

-- lots --
-- How many serials of the lot the partner got in all, whatever article they are of.
INSERT INTO strayed_lot
SELECT cell.scope, count(DISTINCT ship.serial)
  FROM strayed_cell AS cell
  JOIN serial_event AS ship
    ON ship.lot = cell.lot AND ship.partner_id = cell.partner_id AND ship.event = 'ship_out' AND ship.deleted_at IS NULL
 WHERE cell.lot <> '-'
   AND EXISTS (SELECT 1 FROM strayed_stray JOIN strayed_trip AS t USING (scan_id) WHERE t.scope = cell.scope)
 GROUP BY cell.scope;

-- clusters --
-- Enough serials, or enough of the lot, where the profile of the event day lets the rule look.
WITH summed AS (
    SELECT t.scope, s.month, min(t.scan_day) AS event_day, count(*) AS serials
      FROM strayed_stray AS s JOIN strayed_trip AS t USING (scan_id)
     WHERE s.is_first
     GROUP BY t.scope, s.month
), first_trip AS (
    SELECT DISTINCT ON (t.scope, s.month) s.month, t.*
      FROM strayed_stray AS s JOIN strayed_trip AS t USING (scan_id)
     WHERE s.is_first
     ORDER BY t.scope, s.month, t.scan_day, t.scan_id
), bar AS (
    SELECT limit_id, max(value) FILTER (WHERE name = 'min_serials') AS min_serials,
           max(value) FILTER (WHERE name = 'min_lot_share') AS min_lot_share,
           max(value) FILTER (WHERE name = 'border_serials') AS border_serials
      FROM limit_found
     GROUP BY limit_id
)
INSERT INTO strayed_cluster
SELECT row_number() OVER (ORDER BY t.scope, t.month), t.scope, t.month, t.partner_id, t.base_id, t.product_group, t.region_id,
       t.lot, s.event_day, t.version, f.territory_rules, s.serials, lot.serials, bar.border_serials, period.period_id,
       b.partner_id
  FROM summed AS s
  JOIN first_trip AS t USING (scope, month)
  JOIN bar ON bar.limit_id = t.limit_id
  JOIN strayed_period AS period
    ON period.ground_id = t.ground_id AND period.start_day <= s.event_day AND period.end_day > s.event_day
  LEFT JOIN bound AS b ON b.seat_id = period.period_id
  LEFT JOIN strayed_lot AS lot ON lot.scope = t.scope
  LEFT JOIN region_profile AS j ON j.version = t.version AND j.region_id = t.region_id
  JOIN profile AS f ON f.version = t.version AND f.name = coalesce(j.profile, 'default')
  LEFT JOIN distribution AS d ON d.version = t.version AND d.product_group = t.product_group
 WHERE (s.serials >= bar.min_serials OR (s.serials >= 2 AND hub_ratio(s.serials, lot.serials) >= bar.min_lot_share))
   AND f.territory_rules <> 'off'
   AND NOT (f.needs_exclusive_system AND coalesce(d.kind, 'exclusive') IN ('selective', 'open'));

-- questions --
INSERT INTO price_asked
SELECT cluster_id, 'wholesale', base_id, region_id, NULL, serials, event_day FROM strayed_cluster;

-- homes --
-- Where the partner belongs: the grants it holds through on the day, without any its seat.
INSERT INTO strayed_home
SELECT c.cluster_id, g.id, g.region_id
  FROM strayed_cluster AS c
  JOIN territory_grant AS g
    ON g.partner_id = c.bound_id AND g.product_group IN (c.product_group, '*') AND g.deleted_at IS NULL
   AND g.valid_from <= c.event_day AND (g.valid_to IS NULL OR c.event_day < g.valid_to)
UNION ALL
SELECT c.cluster_id, NULL, p.home_region_id
  FROM strayed_cluster AS c JOIN partner AS p ON p.id = c.partner_id
 WHERE c.bound_id IS NULL AND p.home_region_id IS NOT NULL;

-- borders --
INSERT INTO strayed_border
SELECT DISTINCT ON (c.cluster_id) c.cluster_id, inside.code || '–' || outside.code
  FROM strayed_cluster AS c
  JOIN strayed_home AS home USING (cluster_id)
  JOIN region_cover AS near ON near.covered_id = c.region_id
  JOIN region_neighbour AS n ON n.neighbour_id = near.region_id
  JOIN region_cover AS mine ON mine.region_id = home.region_id AND mine.covered_id = n.region_id
  JOIN region AS inside ON inside.id = n.region_id
  JOIN region AS outside ON outside.id = n.neighbour_id
 WHERE NOT EXISTS (SELECT 1 FROM region_cover AS own
                    WHERE own.region_id = home.region_id AND own.covered_id = c.region_id)
 ORDER BY c.cluster_id, inside.code COLLATE "C", outside.code COLLATE "C";

-- judge --
WITH holder AS (
    SELECT DISTINCT ON (c.cluster_id) c.cluster_id, p.id, p.code
      FROM strayed_cluster AS c
      JOIN governing AS g ON g.spot_id = c.period_id AND g.exclusivity <> 'non_exclusive'
      JOIN partner AS p ON p.id = g.partner_id
     ORDER BY c.cluster_id, p.code COLLATE "C"
), grant_told AS (
    SELECT said.cluster_id, jsonb_agg(hub_evidence(said.code, 'territory_grant', g.id, g.source_id, g.key, jsonb_build_object(
               'partner', p.code, 'region', r.code, 'product_group', g.product_group, 'segment', g.segment,
               'exclusivity', g.exclusivity, 'valid_from', g.valid_from, 'valid_to', g.valid_to,
               'contract_ref', g.contract_ref)) ORDER BY said.code, g.key COLLATE "C", g.source_id) AS records
      FROM (SELECT cluster_id, 'partner_grant' AS code, grant_id FROM strayed_home WHERE grant_id IS NOT NULL
            UNION
            SELECT c.cluster_id, 'holder_grant', g.grant_id
              FROM strayed_cluster AS c JOIN governing AS g ON g.spot_id = c.period_id) AS said
      JOIN territory_grant AS g ON g.id = said.grant_id
      JOIN partner AS p ON p.id = g.partner_id
      JOIN region AS r ON r.id = g.region_id
     GROUP BY said.cluster_id
), seen AS (
    SELECT c.cluster_id, t.scan_id, t.ship_id, t.serial, t.ship_day, t.scan_day, s.is_first,
           dense_rank() OVER (PARTITION BY c.cluster_id ORDER BY t.serial COLLATE "C") AS place
      FROM strayed_stray AS s
      JOIN strayed_trip AS t USING (scan_id)
      JOIN strayed_cluster AS c ON c.scope = t.scope AND c.month = s.month
), told AS (
    SELECT seen.cluster_id,
           jsonb_agg(jsonb_build_object(
               'serial', seen.serial, 'shipped', seen.ship_day, 'scanned', seen.scan_day,
               'days_between', seen.scan_day - seen.ship_day) ORDER BY seen.serial COLLATE "C")
               FILTER (WHERE seen.is_first) AS serials,
           to_jsonb(array_agg(DISTINCT scan.photo_hash COLLATE "C") FILTER (WHERE scan.photo_hash IS NOT NULL)) AS photos,
           jsonb_agg(hub_evidence('ship_out', 'serial_event', ship.id, ship.source_id, ship.key, jsonb_build_object(
               'serial', ship.serial, 'partner', p.code, 'happened_at', hub_instant(ship.happened_at), 'lot', ship.lot,
               'invoice_ref', ship.invoice_ref)) ORDER BY seen.serial COLLATE "C", seen.scan_id)
               FILTER (WHERE seen.is_first)
           || jsonb_agg(hub_evidence('scan', 'serial_event', scan.id, scan.source_id, scan.key, jsonb_build_object(
               'serial', scan.serial, 'event', scan.event, 'region', r.code, 'happened_at', hub_instant(scan.happened_at),
               'accuracy_km', hub_decimal(scan.accuracy_km), 'photo_hash', scan.photo_hash))
               ORDER BY seen.serial COLLATE "C", scan.happened_at, seen.scan_id) AS records
      FROM seen
      JOIN serial_event AS scan ON scan.id = seen.scan_id
      JOIN serial_event AS ship ON ship.id = seen.ship_id
      JOIN partner AS p ON p.id = ship.partner_id
      JOIN region AS r ON r.id = scan.region_id
     WHERE seen.place <= 100
     GROUP BY seen.cluster_id
)
INSERT INTO found
SELECT c.scope, ARRAY[accused.code, base.code, place.code, c.lot, to_char(c.month, 'YYYY-MM')],
       CASE WHEN holder.id IS NULL THEN 'benign'
            WHEN border.pair IS NOT NULL AND c.serials <= c.border_serials THEN 'natural'
            ELSE 'suspected' END,
       c.mode, c.version, c.partner_id, holder.id, c.base_id, c.region_id, c.product_group, c.event_day,
       c.serials * price.price, hub_ratio(c.serials, 10), 1.0, '{}'::text[],
       jsonb_build_object(
           'serial_count', c.serials, 'serials', told.serials, 'lot', c.lot, 'lot_serials', c.lot_serials,
           'lot_share', hub_decimal(hub_ratio(c.serials, c.lot_serials)), 'photo_hashes', coalesce(told.photos, '[]'::jsonb),
           'month', to_char(c.month, 'YYYY-MM'), 'holder', coalesce(holder.code, '-'), 'bound_partner', bound_partner.code,
           'home_region', home.code, 'adjacent', border.pair, 'local_wholesale', hub_decimal(price.price),
           'records', told.records || coalesce(grant_told.records, '[]'::jsonb)
               || CASE WHEN pp.id IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(hub_evidence('wholesale_price', 'price_policy',
                      pp.id, pp.source_id, pp.key, jsonb_build_object('unit_price', hub_decimal(pp.unit_price),
                      'currency', pp.currency, 'valid_from', pp.valid_from, 'valid_to', pp.valid_to))) END),
       jsonb_build_array(
           hub_tried('position_unsure', 'none_found', NULL),
           hub_tried('returned', 'none_found', NULL),
           hub_tried('profile_off', 'none_found', c.mode),
           hub_tried('authorised', CASE WHEN c.bound_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, bound_partner.code),
           hub_tried('home_region', CASE WHEN c.bound_id IS NULL THEN 'none_found' ELSE 'not_applicable' END, home.code),
           hub_tried('few_serials', 'none_found', c.serials || coalesce(' of ' || c.lot_serials || ' in the lot', '')),
           hub_tried('unserved', CASE WHEN holder.id IS NULL THEN 'found' ELSE 'none_found' END, place.code),
           hub_tried('border', CASE WHEN border.pair IS NULL THEN 'none_found' ELSE 'found' END, border.pair))
  FROM strayed_cluster AS c
  JOIN told USING (cluster_id)
  JOIN partner AS accused ON accused.id = c.partner_id
  JOIN product AS base ON base.id = c.base_id
  JOIN region AS place ON place.id = c.region_id
  LEFT JOIN region AS home ON home.id = accused.home_region_id
  LEFT JOIN partner AS bound_partner ON bound_partner.id = c.bound_id
  LEFT JOIN holder USING (cluster_id)
  LEFT JOIN strayed_border AS border USING (cluster_id)
  LEFT JOIN grant_told USING (cluster_id)
  LEFT JOIN price_found AS price ON price.asked_id = c.cluster_id AND price.kind = 'wholesale'
  LEFT JOIN price_policy AS pp ON pp.id = price.policy_id;
