-- desk --
CREATE TEMP TABLE IF NOT EXISTS below_listing (listing_id text, month date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS below_limit (offer_id bigint PRIMARY KEY, limit_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS below_view (
    offer_id bigint PRIMARY KEY, reference_kind text, reference numeric, policy_id bigint, qualifies boolean, confirmed boolean,
    mode text
) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is listing|month, over all sources. A change reaches every later month of its listing, where it may be the
-- observation just before, and the standing findings of the same article and month, whose pack check it may decide.
WITH start AS (
    SELECT listing_id, min(month) AS month FROM reached_offer GROUP BY listing_id
), ground AS (
    SELECT DISTINCT base_id, month FROM reached_offer
)
INSERT INTO judged
SELECT listing_id || '|' || to_char(month, 'YYYY-MM') FROM reached_offer
UNION
SELECT o.listing_id || '|' || to_char(o.observed_at AT TIME ZONE :timezone::text, 'YYYY-MM')
  FROM start JOIN offer AS o USING (listing_id)
 WHERE o.observed_at >= (start.month::timestamp AT TIME ZONE :timezone::text)
UNION
SELECT c.scope
  FROM ground
  JOIN product AS p ON p.base_id = ground.base_id
  JOIN conflict AS c
    ON c.rule = :rule::text AND c.product_id = p.id AND c.state <> 'resolved_by_data'
   AND date_trunc('month', c.event_day::timestamp) = ground.month
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT listing_id || '|' || to_char(observed_at AT TIME ZONE :timezone::text, 'YYYY-MM')
  FROM offer WHERE deleted_at IS NULL
    ON CONFLICT DO NOTHING;

-- listings --
INSERT INTO below_listing
SELECT left(scope, -length(split_part(scope, '|', -1)) - 1), (split_part(scope, '|', -1) || '-01')::date FROM judged;

-- pick --
-- The compared offers of each listing and month, and the one just before them: advertised, of new goods, and not by an agency
-- that does not set its price. One whose price is not known, or that stands where prices are not looked at, is passed over.
WITH span AS (
    SELECT listing_id, (month::timestamp AT TIME ZONE :timezone::text) AS start_at,
           ((month + interval '1 month') AT TIME ZONE :timezone::text) AS end_at
      FROM below_listing
), inside AS (
    SELECT o.id
      FROM span
      JOIN offer AS o
        ON o.listing_id = span.listing_id AND o.observed_at >= span.start_at AND o.observed_at < span.end_at
     WHERE o.deleted_at IS NULL AND o.price_kind = 'advertised' AND o.condition = 'new'
       AND NOT EXISTS (SELECT 1 FROM partner AS seller
                        WHERE seller.id = hub_seller(o.partner_id, o.seller_key, o.channel)
                          AND seller.model = 'commission_agency')
), before AS (
    SELECT last.id
      FROM span
     CROSS JOIN LATERAL (
           SELECT o.id
             FROM offer AS o
             JOIN source ON source.id = o.source_id
            CROSS JOIN LATERAL (SELECT (o.observed_at AT TIME ZONE :timezone::text)::date AS day) AS d
             JOIN policy_period AS p ON d.day >= p.valid_from AND d.day < p.valid_to
             LEFT JOIN partner AS seller ON seller.id = hub_seller(o.partner_id, o.seller_key, o.channel)
             LEFT JOIN region_profile AS j
               ON j.version = p.version AND j.region_id = coalesce(o.region_id, seller.home_region_id)
             JOIN profile AS f
               ON f.version = p.version AND f.name = coalesce(j.profile, 'default') AND f.price_rules <> 'off'
            WHERE o.listing_id = span.listing_id AND o.observed_at < span.start_at
              AND o.deleted_at IS NULL AND o.price_kind = 'advertised' AND o.condition = 'new'
              AND seller.model IS DISTINCT FROM 'commission_agency'
              AND hub_rate(o.currency, d.day, :base_currency::text) IS NOT NULL
            ORDER BY o.observed_at DESC, source.name COLLATE "C" DESC
            LIMIT 1) AS last
)
INSERT INTO picked_offer SELECT id FROM inside UNION SELECT id FROM before;

-- questions --
INSERT INTO price_asked
SELECT o.offer_id, kind.name, o.base_id, o.region_id, o.channel, o.units, o.day
  FROM observed AS o
  JOIN profile AS f ON f.version = o.version AND f.name = o.profile AND f.price_rules <> 'off'
 CROSS JOIN LATERAL unnest(f.price_reference) AS kind (name);

-- limit_questions --
INSERT INTO below_limit
SELECT offer_id, dense_rank() OVER (ORDER BY version, region_id, product_group) FROM observed;

-- limit_places --
INSERT INTO limit_asked
SELECT DISTINCT l.limit_id, o.version, o.region_id, o.product_group FROM below_limit AS l JOIN observed AS o USING (offer_id);

-- weigh --
ANALYZE observed (offer_id, listing_id, month, version, profile), below_limit, price_found, limit_found;

-- views --
-- What each observation says: compared with the first reference that has a price, unless a promotion allows it.
WITH reference AS (
    SELECT DISTINCT ON (o.offer_id) o.offer_id, found.kind, found.price, found.policy_id, f.price_rules
      FROM observed AS o
      JOIN profile AS f ON f.version = o.version AND f.name = o.profile AND f.price_rules <> 'off'
      JOIN price_found AS found ON found.asked_id = o.offer_id
     ORDER BY o.offer_id, array_position(f.price_reference, found.kind)
), bar AS (
    SELECT limit_id, max(value) FILTER (WHERE name = 'tol') AS tol,
           max(value) FILTER (WHERE name = 'tol_recommended') AS tol_recommended
      FROM limit_found
     GROUP BY limit_id
), low AS (
    SELECT o.offer_id
      FROM observed AS o
      JOIN reference AS r USING (offer_id)
      JOIN below_limit AS l USING (offer_id)
      JOIN bar ON bar.limit_id = l.limit_id
     WHERE o.unit_net < r.price * (1 - CASE WHEN r.kind = 'map' THEN bar.tol ELSE bar.tol_recommended END)
), exempt AS (
    SELECT DISTINCT o.offer_id
      FROM low
      JOIN observed AS o USING (offer_id)
      JOIN promotion AS pr
        ON pr.deleted_at IS NULL AND pr.valid_from <= o.day AND o.day < pr.valid_to
       AND (pr.product_id IS NULL OR pr.product_id = o.base_id)
       AND (pr.product_group IS NULL OR pr.product_group = o.product_group)
       AND (pr.channel IS NULL OR pr.channel = o.channel)
       AND (pr.partner_id IS NULL OR pr.partner_id = o.partner_id)
      LEFT JOIN region_cover AS c ON c.region_id = pr.region_id AND c.covered_id = o.region_id
     WHERE (pr.region_id IS NULL OR c.region_id IS NOT NULL)
       AND (pr.floor_price IS NULL OR o.unit_net >= round(pr.floor_price * hub_rate(pr.currency, o.day, :base_currency::text), 6))
), said AS (
    SELECT o.offer_id, o.listing_id, o.observed_at, o.source, r.kind, r.price, r.policy_id, r.price_rules,
           low.offer_id IS NOT NULL AND exempt.offer_id IS NULL AS qualifies
      FROM observed AS o
      JOIN profile AS f ON f.version = o.version AND f.name = o.profile AND f.price_rules <> 'off'
      LEFT JOIN reference AS r USING (offer_id)
      LEFT JOIN low USING (offer_id)
      LEFT JOIN exempt USING (offer_id)
     WHERE o.unit_net IS NOT NULL
)
INSERT INTO below_view
SELECT offer_id, kind, price, policy_id, qualifies,
       qualifies AND coalesce(lag(qualifies) OVER (PARTITION BY listing_id ORDER BY observed_at, source COLLATE "C"), false),
       price_rules
  FROM said;

-- ground --
INSERT INTO peer_ground
SELECT DISTINCT o.base_id, o.month
  FROM below_view AS v
  JOIN observed AS o USING (offer_id)
  JOIN below_listing AS l ON l.listing_id = o.listing_id AND l.month = o.month
 WHERE v.qualifies;

-- unpriced --
INSERT INTO skipped
SELECT 'no_rate', count(*)
  FROM observed AS o JOIN below_listing AS l ON l.listing_id = o.listing_id AND l.month = o.month
 WHERE o.unit_net IS NULL
HAVING count(*) > 0;

-- judge --
WITH qualifying AS (
    SELECT o.*, v.reference_kind, v.reference, v.policy_id AS reference_id, v.confirmed, v.mode,
           row_number() OVER (PARTITION BY o.source_id, o.listing_id, o.month ORDER BY o.unit_net, o.observed_at) AS place
      FROM below_view AS v
      JOIN observed AS o USING (offer_id)
      JOIN below_listing AS l ON l.listing_id = o.listing_id AND l.month = o.month
     WHERE v.qualifies
), month_of AS (
    SELECT q.source_id, q.listing_id, q.month, min(q.day) AS first_day, bool_or(q.confirmed) AS confirmed,
           count(*) AS observations,
           jsonb_agg(hub_evidence('observation', 'offer', q.offer_id, q.source_id, q.key, jsonb_build_object(
               'observed_at', hub_instant(q.observed_at), 'price', hub_decimal(q.price), 'currency', q.currency,
               'tax_included', q.tax_included, 'tax_rate', hub_decimal(q.tax_rate), 'sku', q.sku,
               'min_qty', hub_decimal(q.min_qty), 'pack', hub_decimal(q.pack),
               'rate', hub_decimal(hub_rate(q.currency, q.day, :base_currency::text)),
               'unit_net', hub_decimal(q.unit_net))) ORDER BY q.observed_at) AS records
      FROM qualifying AS q
     GROUP BY q.source_id, q.listing_id, q.month
), lowest AS (
    SELECT q.*, m.first_day, m.confirmed AS month_confirmed, m.observations, m.records, p.version AS event_version,
           p.market_share_band
      FROM qualifying AS q
      JOIN month_of AS m USING (source_id, listing_id, month)
      JOIN policy_period AS p ON m.first_day >= p.valid_from AND m.first_day < p.valid_to
     WHERE q.place = 1
), peers AS (
    SELECT l.offer_id, peer.day IS NOT NULL AS same_day, array_agg(peer.unit_net ORDER BY peer.unit_net) AS prices
      FROM lowest AS l
      JOIN peer_offer AS peer
        ON peer.base_id = l.base_id AND peer.market_id = coalesce(l.market_id, 0) AND peer.month = l.month
       AND (peer.day = l.day OR peer.day IS NULL) AND peer.seller_key <> l.seller_key
     GROUP BY l.offer_id, peer.day IS NOT NULL
    HAVING count(*) >= 5
), usual AS (
    SELECT l.offer_id, coalesce(hub_median(day.prices), hub_median(month.prices), l.reference) AS price,
           CASE WHEN day.offer_id IS NOT NULL THEN 'same_day' WHEN month.offer_id IS NOT NULL THEN 'same_month'
                ELSE 'policy_price' END AS kind
      FROM lowest AS l
      LEFT JOIN peers AS day ON day.offer_id = l.offer_id AND day.same_day
      LEFT JOIN peers AS month ON month.offer_id = l.offer_id AND NOT month.same_day
), pack AS (
    SELECT l.offer_id, usual.price, usual.kind, hub_pack(l.unit_net, usual.price) AS k
      FROM lowest AS l JOIN usual USING (offer_id)
), promo AS (
    SELECT l.offer_id, pr.id, pr.source_id, pr.key, pr.channel, pr.floor_price, pr.currency, pr.valid_from, pr.valid_to,
           place.code AS region, meant.code AS partner,
           (pr.region_id IS NOT NULL AND c.region_id IS NULL)::int
           + (pr.channel IS NOT NULL AND pr.channel <> l.channel)::int
           + (pr.partner_id IS NOT NULL AND pr.partner_id IS DISTINCT FROM l.partner_id)::int AS misses
      FROM lowest AS l
      JOIN promotion AS pr
        ON pr.deleted_at IS NULL AND pr.valid_from <= l.day AND l.day < pr.valid_to
       AND (pr.product_id IS NULL OR pr.product_id = l.base_id)
       AND (pr.product_group IS NULL OR pr.product_group = l.product_group)
      LEFT JOIN region_cover AS c ON c.region_id = pr.region_id AND c.covered_id = l.region_id
      LEFT JOIN region AS place ON place.id = pr.region_id
      LEFT JOIN partner AS meant ON meant.id = pr.partner_id
), promos AS (
    SELECT offer_id, count(*) AS searched,
           coalesce(jsonb_agg(key ORDER BY key COLLATE "C") FILTER (WHERE misses = 1), '[]'::jsonb) AS near,
           coalesce(jsonb_agg(hub_evidence('near_promotion', 'promotion', id, source_id, key, jsonb_build_object(
               'region', region, 'channel', channel, 'partner', partner, 'floor_price', hub_decimal(floor_price),
               'currency', currency, 'valid_from', valid_from, 'valid_to', valid_to))
               ORDER BY key COLLATE "C", source_id) FILTER (WHERE misses = 1), '[]'::jsonb) AS near_records
      FROM promo
     GROUP BY offer_id
), judged_offer AS (
    SELECT l.*, pack.price AS usual_price, pack.kind AS usual_kind,
           CASE WHEN pack.k >= 4 OR EXISTS (SELECT 1 FROM pack_size AS s WHERE s.base_id = l.base_id AND s.k = pack.k)
                THEN pack.k END AS pack_factor,
           coalesce(promos.searched, 0) AS searched, coalesce(promos.near, '[]'::jsonb) AS near,
           coalesce(promos.near_records, '[]'::jsonb) AS near_records,
           hub_ratio(l.reference - l.unit_net, l.reference) AS below
      FROM lowest AS l
      JOIN pack USING (offer_id)
      LEFT JOIN promos USING (offer_id)
)
INSERT INTO found
SELECT x.listing_id || '|' || to_char(x.month, 'YYYY-MM'), ARRAY[x.source, x.listing_id, to_char(x.month, 'YYYY-MM')],
       CASE WHEN x.pack_factor IS NOT NULL THEN 'pack_suspect' WHEN x.month_confirmed THEN 'below_policy'
            ELSE 'unconfirmed' END,
       x.mode, x.event_version, x.partner_id, NULL, x.product_id, x.region_id, x.product_group, x.first_day, NULL,
       hub_ratio(x.below, 0.20), CASE WHEN x.evidence_hash IS NOT NULL THEN 0.7 ELSE 0.4 END,
       CASE WHEN x.near <> '[]'::jsonb THEN ARRAY['near_promotion'] ELSE '{}'::text[] END,
       jsonb_build_object(
           'seller', x.seller, 'channel', x.channel, 'listing_id', x.listing_id, 'url', x.url,
           'evidence_hash', x.evidence_hash, 'basis', x.basis, 'observed_at', hub_instant(x.observed_at),
           'unit_net', hub_decimal(round(x.unit_net, 2)), 'reference_kind', x.reference_kind,
           'reference', hub_decimal(round(x.reference, 2)), 'percent_below', hub_decimal(round(100 * x.below, 2)),
           'observations', x.observations, 'confirmed', x.month_confirmed, 'usual_price', hub_decimal(x.usual_price),
           'usual_price_from', x.usual_kind, 'pack_factor', hub_decimal(x.pack_factor), 'near_promotions', x.near,
           'market_share_band', x.market_share_band,
           'records', x.records || jsonb_build_array(hub_evidence('reference_price', 'price_policy', pp.id, pp.source_id, pp.key,
               jsonb_build_object('kind', pp.kind, 'unit_price', hub_decimal(pp.unit_price), 'currency', pp.currency,
                   'region', place.code, 'channel', pp.channel, 'min_units', hub_decimal(pp.min_units),
                   'valid_from', pp.valid_from, 'valid_to', pp.valid_to))) || x.near_records),
       jsonb_build_array(
           hub_tried('profile_off', 'none_found', x.mode),
           hub_tried('promotion', 'none_found', x.searched || ' promotions looked at'),
           hub_tried('near_promotion', CASE WHEN x.near = '[]'::jsonb THEN 'none_found' ELSE 'found' END, NULL),
           hub_tried('pack_ratio', CASE WHEN x.pack_factor IS NULL THEN 'none_found' ELSE 'found' END,
                     hub_decimal(x.pack_factor)),
           hub_tried('seen_once', CASE WHEN x.month_confirmed THEN 'none_found' ELSE 'found' END,
                     x.observations || ' observations'))
  FROM judged_offer AS x
  JOIN price_policy AS pp ON pp.id = x.reference_id
  LEFT JOIN region AS place ON place.id = pp.region_id;
