-- desk --
CREATE TEMP TABLE IF NOT EXISTS unknown_pair (scope text, channel text, seller_key text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS unknown_sighting (
    offer_id bigint PRIMARY KEY, scope text, seller_key text, day date, version int, region_id bigint, product_group text,
    limit_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS unknown_hint (seller_key text PRIMARY KEY, closest jsonb) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is channel|seller key. It is reached by its offers and their articles, by the names its key stands for, by the
-- passing of the day an offer leaves the window, and by names that begin as it does, of which three are shown as a hint.
WITH named AS (
    SELECT a.alias_key FROM changed AS c JOIN partner_alias AS a ON a.id = c.record_id WHERE c.noun = 'partner_alias'
    UNION
    SELECT c.old ->> 'alias_key' FROM changed AS c WHERE c.noun = 'partner_alias' AND c.old IS NOT NULL
), hinting AS (
    SELECT left(alias_key, 1) AS letter FROM named
    UNION
    SELECT left(a.alias_key, 1)
      FROM changed AS c
      JOIN partner AS p ON p.id = c.record_id
      JOIN partner_alias AS a ON a.partner_id = p.id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL AND c.old ->> 'code' <> p.code
), edge AS (
    SELECT DISTINCT ((least(last.since_day, :today::date) - least(t.value, 36500)::int + 1)::timestamp AT TIME ZONE :timezone::text) AS start_at,
           ((greatest(last.since_day, :today::date) - least(t.value, 36500)::int + 1)::timestamp AT TIME ZONE :timezone::text) AS end_at
      FROM threshold AS t
     CROSS JOIN (SELECT (:since::timestamptz AT TIME ZONE :timezone::text)::date AS since_day) AS last
     WHERE t.rule = :rule::text AND t.name = 'window_days' AND last.since_day <> :today::date
), reached AS (
    SELECT o.channel, o.seller_key FROM changed AS c JOIN offer AS o ON o.id = c.record_id WHERE c.noun = 'offer'
    UNION
    SELECT c.old ->> 'channel', c.old ->> 'seller_key' FROM changed AS c WHERE c.noun = 'offer' AND c.old IS NOT NULL
    UNION
    SELECT o.channel, o.seller_key FROM named JOIN offer AS o ON o.seller_key = named.alias_key
    UNION
    SELECT o.channel, o.seller_key FROM reached_product AS article JOIN offer AS o USING (product_id)
    UNION
    SELECT o.channel, o.seller_key
      FROM edge JOIN offer AS o ON o.observed_at >= edge.start_at AND o.observed_at < edge.end_at
)
INSERT INTO judged
SELECT channel || '|' || seller_key FROM reached
UNION
SELECT c.scope
  FROM hinting JOIN conflict AS c ON left(c.parts[1], 1) = hinting.letter
 WHERE c.rule = :rule::text AND c.state <> 'resolved_by_data'
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT channel || '|' || seller_key FROM offer WHERE partner_id IS NULL AND deleted_at IS NULL
    ON CONFLICT DO NOTHING;

-- pairs --
-- Sellers without a confirmed name for the channel or for any.
INSERT INTO unknown_pair
SELECT pair.scope, pair.channel, pair.seller_key
  FROM (SELECT scope, split_part(scope, '|', 1) AS channel, substr(scope, strpos(scope, '|') + 1) AS seller_key
          FROM judged) AS pair
 WHERE NOT EXISTS (SELECT 1 FROM partner_alias AS a
                    WHERE a.alias_key = pair.seller_key AND a.channel IN (pair.channel, '*') AND a.status = 'confirmed'
                      AND a.deleted_at IS NULL);

-- sightings --
-- Their offers for which the source names nobody either, as far back as any window reaches.
WITH span AS (
    SELECT ((:today::date - least(max(value), 36500)::int + 1)::timestamp AT TIME ZONE :timezone::text) AS start_at
      FROM threshold WHERE rule = :rule::text AND name = 'window_days'
)
INSERT INTO unknown_sighting
SELECT o.id, pair.scope, o.seller_key, d.day, policy_period.version, o.region_id, base.product_group,
       dense_rank() OVER (ORDER BY policy_period.version, o.region_id, base.product_group)
  FROM span
 CROSS JOIN unknown_pair AS pair
  JOIN offer AS o
    ON o.seller_key = pair.seller_key AND o.channel = pair.channel AND o.partner_id IS NULL AND o.deleted_at IS NULL
   AND o.observed_at >= span.start_at
 CROSS JOIN LATERAL (SELECT (o.observed_at AT TIME ZONE :timezone::text)::date AS day) AS d
  JOIN policy_period ON d.day >= policy_period.valid_from AND d.day < policy_period.valid_to
  JOIN product AS p ON p.id = o.product_id
  JOIN product AS base ON base.id = p.base_id;

-- limit_questions --
INSERT INTO limit_asked SELECT DISTINCT limit_id, version, region_id, product_group FROM unknown_sighting;

-- keep_recent --
DELETE FROM unknown_sighting AS s
 USING limit_found AS bar
 WHERE bar.limit_id = s.limit_id AND bar.name = 'window_days' AND s.day <= :today::date - least(bar.value, 36500)::int;

-- weigh --
ANALYZE unknown_pair, unknown_sighting;

-- neighbours --
-- Up to three confirmed names that begin like the seller's. In byte order those stand next to it, before or after.
WITH name AS (
    SELECT DISTINCT a.alias_key, p.code
      FROM partner_alias AS a
      JOIN partner AS p ON p.id = a.partner_id
     WHERE a.status = 'confirmed' AND a.deleted_at IS NULL AND EXISTS (SELECT 1 FROM unknown_sighting)
), placed AS (
    SELECT name.*, row_number() OVER (ORDER BY alias_key COLLATE "C", code COLLATE "C") AS place FROM name
), seller AS (
    SELECT seller_key, count(*) FILTER (WHERE seller_key IS NULL) OVER (ORDER BY key COLLATE "C", place) AS before
      FROM (SELECT alias_key AS key, place, NULL AS seller_key FROM placed
            UNION ALL
            SELECT seller_key, 0, seller_key FROM unknown_sighting GROUP BY seller_key) AS word
), near AS (
    SELECT seller.seller_key, placed.alias_key, placed.code,
           (SELECT count(*) FROM generate_series(1, least(length(seller.seller_key), length(placed.alias_key))) AS n
             WHERE left(seller.seller_key, n) = left(placed.alias_key, n)) AS same
      FROM seller JOIN placed ON placed.place BETWEEN seller.before - 2 AND seller.before + 3
     WHERE seller.seller_key IS NOT NULL
), ranked AS (
    SELECT near.*, row_number() OVER (PARTITION BY seller_key
                                      ORDER BY same DESC, alias_key COLLATE "C", code COLLATE "C") AS place
      FROM near WHERE same > 0
)
INSERT INTO unknown_hint
SELECT seller_key, jsonb_agg(jsonb_build_object('alias', alias_key, 'partner', code) ORDER BY place)
  FROM ranked WHERE place <= 3 GROUP BY seller_key;

-- judge --
WITH ever AS (
    SELECT pair.scope, min(o.observed_at) AS first_at
      FROM (SELECT DISTINCT scope FROM unknown_sighting) AS kept
      JOIN unknown_pair AS pair USING (scope)
      JOIN offer AS o ON o.seller_key = pair.seller_key AND o.channel = pair.channel AND o.deleted_at IS NULL
     GROUP BY pair.scope
), seen AS (
    SELECT s.scope, o.id, o.source_id, o.key, o.listing_id, o.seller, o.observed_at, o.price, o.currency, o.url, p.code AS sku,
           row_number() OVER (PARTITION BY s.scope ORDER BY o.observed_at DESC, o.key COLLATE "C" DESC, o.id DESC) AS recency,
           row_number() OVER (PARTITION BY s.scope, o.source_id, o.listing_id
                              ORDER BY o.observed_at DESC, o.id DESC) AS of_listing
      FROM unknown_sighting AS s JOIN offer AS o ON o.id = s.offer_id JOIN product AS p ON p.id = o.product_id
), told AS (
    SELECT seen.*, count(*) FILTER (WHERE of_listing = 1) OVER (PARTITION BY scope ORDER BY recency) AS listing_place FROM seen
), summed AS (
    SELECT scope, count(*) AS offers, count(*) FILTER (WHERE of_listing = 1) AS listings, max(observed_at) AS last_at,
           count(url) > 0 AS with_url, max(seller) FILTER (WHERE recency = 1) AS seller,
           to_jsonb(array_agg(DISTINCT sku COLLATE "C")) AS products,
           jsonb_agg(listing_id ORDER BY recency) FILTER (WHERE of_listing = 1 AND listing_place <= 100) AS listing_ids,
           jsonb_agg(hub_evidence('offer', 'offer', id, source_id, key, jsonb_build_object(
               'seller', seller, 'listing_id', listing_id, 'observed_at', hub_instant(observed_at), 'sku', sku,
               'price', hub_decimal(price), 'currency', currency, 'url', url)) ORDER BY recency)
               FILTER (WHERE of_listing = 1 AND listing_place <= 100) AS records
      FROM told
     GROUP BY scope
), reviewed AS (
    SELECT pair.scope, jsonb_agg(hub_evidence('alias', 'partner_alias', a.id, a.source_id, a.key, jsonb_build_object(
               'alias', a.alias, 'channel', a.channel, 'status', a.status))
               ORDER BY a.channel = '*', a.key COLLATE "C", a.source_id) AS records
      FROM unknown_pair AS pair
      JOIN partner_alias AS a
        ON a.alias_key = pair.seller_key AND a.channel IN (pair.channel, '*') AND a.status = 'not_partner'
       AND a.deleted_at IS NULL
     GROUP BY pair.scope
)
INSERT INTO found
SELECT s.scope, ARRAY[pair.seller_key, pair.channel],
       CASE WHEN reviewed.scope IS NOT NULL THEN 'reviewed' ELSE 'unmatched' END,
       'case', policy_period.version, NULL, NULL, NULL, NULL, NULL, d.day, NULL, hub_ratio(s.offers, 10),
       CASE WHEN s.with_url THEN 0.7 ELSE 0.4 END, '{}'::text[],
       jsonb_build_object(
           'seller', s.seller, 'seller_key', pair.seller_key, 'channel', pair.channel, 'offers', s.offers,
           'listings', s.listings, 'listing_ids', s.listing_ids, 'products', s.products, 'first_seen', hub_instant(ever.first_at),
           'last_seen', hub_instant(s.last_at), 'closest_aliases', coalesce(hint.closest, '[]'::jsonb),
           'records', s.records || coalesce(reviewed.records, '[]'::jsonb)),
       jsonb_build_array(
           hub_tried('named_by_source', 'none_found', NULL),
           hub_tried('confirmed_alias', 'none_found', pair.seller_key),
           hub_tried('outside_window', 'none_found', s.offers || ' offers'),
           hub_tried('reviewed', CASE WHEN reviewed.scope IS NULL THEN 'none_found' ELSE 'found' END, NULL))
  FROM summed AS s
  JOIN unknown_pair AS pair USING (scope)
  JOIN ever USING (scope)
 CROSS JOIN LATERAL (SELECT (ever.first_at AT TIME ZONE :timezone::text)::date AS day) AS d
  JOIN policy_period ON d.day >= policy_period.valid_from AND d.day < policy_period.valid_to
  LEFT JOIN reviewed USING (scope)
  LEFT JOIN unknown_hint AS hint ON hint.seller_key = pair.seller_key;
