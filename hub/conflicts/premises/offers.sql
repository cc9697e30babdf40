-- offers --
-- The picked offers with their seller, their day, and the price of one base unit; without a rate that price is unknown.
INSERT INTO observed
SELECT o.id, o.source_id, source.name, o.key, o.listing_id, o.observed_at, d.day, date_trunc('month', d.day::timestamp)::date, o.seller,
       o.seller_key, o.channel, o.product_id, p.code, p.base_id, base.product_group, p.units_per_pack, seller.id, o.region_id,
       place.market_id, o.price, o.min_qty, o.min_qty * p.units_per_pack, o.currency, o.tax_included, o.tax_rate,
       hub_ratio(o.price * hub_rate(o.currency, d.day, :base_currency::text),
                 (CASE WHEN o.tax_included THEN 1 + o.tax_rate ELSE 1 END) * o.min_qty * p.units_per_pack),
       o.url, o.evidence_hash, o.basis, o.condition, policy_period.version, coalesce(j.profile, 'default')
  FROM picked_offer
  JOIN offer AS o ON o.id = picked_offer.offer_id
 CROSS JOIN LATERAL (SELECT (o.observed_at AT TIME ZONE :timezone::text)::date AS day) AS d
  JOIN source ON source.id = o.source_id
  JOIN product AS p ON p.id = o.product_id
  JOIN product AS base ON base.id = p.base_id
  JOIN policy_period ON d.day >= policy_period.valid_from AND d.day < policy_period.valid_to
  LEFT JOIN region AS place ON place.id = o.region_id
  LEFT JOIN partner AS seller ON seller.id = hub_seller(o.partner_id, o.seller_key, o.channel)
  LEFT JOIN region_profile AS j
    ON j.version = policy_period.version AND j.region_id = coalesce(o.region_id, seller.home_region_id);

-- peers --
-- The latest advertised offer of new goods of each seller, by day and by month, where its price is known.
WITH offered AS (
    SELECT p.base_id, coalesce(place.market_id, 0) AS market_id, ground.month, d.day, o.seller_key, o.observed_at,
           source.name AS source, o.listing_id,
           hub_ratio(o.price * hub_rate(o.currency, d.day, :base_currency::text),
                     (CASE WHEN o.tax_included THEN 1 + o.tax_rate ELSE 1 END) * o.min_qty * p.units_per_pack) AS unit_net
      FROM (SELECT DISTINCT base_id, month FROM peer_ground) AS ground
      JOIN product AS p ON p.base_id = ground.base_id
      JOIN offer AS o
        ON o.product_id = p.id AND o.observed_at >= (ground.month::timestamp AT TIME ZONE :timezone::text)
       AND o.observed_at < ((ground.month + interval '1 month') AT TIME ZONE :timezone::text)
       AND o.deleted_at IS NULL AND o.price_kind = 'advertised' AND o.condition = 'new'
     CROSS JOIN LATERAL (SELECT (o.observed_at AT TIME ZONE :timezone::text)::date AS day) AS d
      JOIN source ON source.id = o.source_id
      LEFT JOIN region AS place ON place.id = o.region_id
), known AS MATERIALIZED (
    SELECT * FROM offered WHERE unit_net IS NOT NULL
), of_day AS (
    SELECT DISTINCT ON (base_id, market_id, day, seller_key) base_id, market_id, month, day, seller_key, unit_net
      FROM known
     ORDER BY base_id, market_id, day, seller_key, observed_at DESC, source COLLATE "C" DESC, listing_id COLLATE "C" DESC
), of_month AS (
    SELECT DISTINCT ON (base_id, market_id, month, seller_key) base_id, market_id, month, seller_key, unit_net
      FROM known
     ORDER BY base_id, market_id, month, seller_key, observed_at DESC, source COLLATE "C" DESC, listing_id COLLATE "C" DESC
)
INSERT INTO peer_offer
SELECT base_id, market_id, month, day, seller_key, unit_net FROM of_day
UNION ALL
SELECT base_id, market_id, month, NULL, seller_key, unit_net FROM of_month;

-- packs --
-- The factors that packs of a base differ by.
WITH pack AS (
    SELECT DISTINCT p.base_id, p.units_per_pack AS size
      FROM (SELECT DISTINCT base_id FROM peer_ground) AS ground
      JOIN product AS p ON p.base_id = ground.base_id AND p.deleted_at IS NULL AND p.units_per_pack <> 1
)
INSERT INTO pack_size
SELECT base_id, size FROM pack
UNION
SELECT one.base_id, hub_ratio(one.size, other.size)
  FROM pack AS one JOIN pack AS other ON other.base_id = one.base_id
 WHERE one.size >= 2 * other.size AND mod(one.size, nullif(other.size, 0)) = 0
    ON CONFLICT DO NOTHING;
