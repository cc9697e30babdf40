-- product --
-- Products whose pack, base, group or code changed, and all that share the base, before or after.
WITH mark AS (
    SELECT c.record_id, p.base_id, (c.old ->> 'base_id')::bigint AS old_base_id
      FROM changed AS c JOIN product AS p ON p.id = c.record_id
     WHERE c.noun = 'product'
       AND (c.old IS NULL OR (c.old ->> 'base_id')::bigint <> p.base_id
            OR (c.old ->> 'units_per_pack')::numeric <> p.units_per_pack OR c.old ->> 'product_group' <> p.product_group
            OR c.old ->> 'code' <> p.code OR (c.old ->> 'deleted_at' IS NULL) <> (p.deleted_at IS NULL))
), base AS (
    SELECT base_id FROM mark UNION SELECT old_base_id FROM mark WHERE old_base_id IS NOT NULL UNION SELECT record_id FROM mark
)
INSERT INTO reached_product
SELECT p.id FROM product AS p JOIN base ON base.base_id = p.base_id
UNION
SELECT record_id FROM mark;

-- product_offers --
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM reached_product AS article
  JOIN product AS p ON p.id = article.product_id
  JOIN offer AS o ON o.product_id = article.product_id
UNION
SELECT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, (c.old ->> 'base_id')::bigint
  FROM changed AS c JOIN offer AS o ON o.product_id = c.record_id
 WHERE c.noun = 'product' AND c.old IS NOT NULL;

-- fx_rate --
-- The days for which a changed rate is the latest, and whether prices stand in its currency.
WITH mark AS (
    SELECT f.currency, f.day FROM changed AS c JOIN fx_rate AS f ON f.id = c.record_id WHERE c.noun = 'fx_rate'
    UNION
    SELECT c.old ->> 'currency', (c.old ->> 'day')::date FROM changed AS c WHERE c.noun = 'fx_rate' AND c.old IS NOT NULL
)
INSERT INTO reached_rate
SELECT mark.currency, mark.day,
       coalesce((SELECT min(later.day) FROM fx_rate AS later
                  WHERE later.currency = mark.currency AND later.day > mark.day AND later.deleted_at IS NULL),
                'infinity'::date),
       EXISTS (SELECT 1 FROM price_policy AS pp WHERE pp.currency = mark.currency)
       OR EXISTS (SELECT 1 FROM promotion AS pr WHERE pr.currency = mark.currency)
  FROM mark
 WHERE mark.currency <> coalesce(:base_currency::text, '');

-- rate_offers --
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM reached_rate AS rate
  JOIN offer AS o
    ON (o.observed_at AT TIME ZONE :timezone::text)::date >= rate.first_day
   AND (o.observed_at AT TIME ZONE :timezone::text)::date < rate.end_day
   AND (rate.in_prices OR o.currency = rate.currency)
  JOIN product AS p ON p.id = o.product_id;

-- offer --
INSERT INTO reached_offer
SELECT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM changed AS c JOIN offer AS o ON o.id = c.record_id JOIN product AS p ON p.id = o.product_id
 WHERE c.noun = 'offer'
 UNION
SELECT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM changed AS c
 CROSS JOIN LATERAL jsonb_to_record(c.old) AS o (listing_id text, observed_at timestamptz, product_id bigint)
  JOIN product AS p ON p.id = o.product_id
 WHERE c.noun = 'offer' AND c.old IS NOT NULL;

-- partner_alias --
-- Offers whose seller the changed names stand for.
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM (SELECT a.alias_key FROM changed AS c JOIN partner_alias AS a ON a.id = c.record_id WHERE c.noun = 'partner_alias'
        UNION
        SELECT c.old ->> 'alias_key' FROM changed AS c WHERE c.noun = 'partner_alias' AND c.old IS NOT NULL) AS name
  JOIN offer AS o ON o.seller_key = name.alias_key
  JOIN product AS p ON p.id = o.product_id;

-- partner --
-- Offers of partners whose model, seat or code changed.
WITH mark AS (
    SELECT c.record_id
      FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner'
       AND (c.old IS NULL OR c.old ->> 'model' <> p.model OR c.old ->> 'code' <> p.code
            OR (c.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id)
), seller AS (
    SELECT o.id FROM mark JOIN offer AS o ON o.partner_id = mark.record_id
    UNION
    SELECT o.id FROM mark JOIN partner_alias AS a ON a.partner_id = mark.record_id JOIN offer AS o ON o.seller_key = a.alias_key
)
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM seller JOIN offer AS o USING (id) JOIN product AS p ON p.id = o.product_id;

-- price_policy --
-- Offers on the days a changed price holds or held.
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM (SELECT pp.product_id, pp.valid_from, pp.valid_to
          FROM changed AS c JOIN price_policy AS pp ON pp.id = c.record_id WHERE c.noun = 'price_policy'
        UNION
        SELECT old.product_id, old.valid_from, old.valid_to
          FROM changed AS c
         CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (product_id bigint, valid_from date, valid_to date)
         WHERE c.noun = 'price_policy' AND c.old IS NOT NULL) AS price
  JOIN product AS p ON p.base_id = price.product_id
  JOIN offer AS o
    ON o.product_id = p.id AND (o.observed_at AT TIME ZONE :timezone::text)::date >= price.valid_from
   AND (price.valid_to IS NULL OR (o.observed_at AT TIME ZONE :timezone::text)::date < price.valid_to);

-- promotion --
-- Offers on the days a changed promotion runs or ran, wherever it runs: one that misses by place still counts as near.
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM (SELECT pr.product_id, pr.product_group, pr.valid_from, pr.valid_to
          FROM changed AS c JOIN promotion AS pr ON pr.id = c.record_id WHERE c.noun = 'promotion'
        UNION
        SELECT old.product_id, old.product_group, old.valid_from, old.valid_to
          FROM changed AS c
         CROSS JOIN LATERAL jsonb_to_record(c.old) AS old (
                   product_id bigint, product_group text, valid_from date, valid_to date)
         WHERE c.noun = 'promotion' AND c.old IS NOT NULL) AS promo
  JOIN product AS p
    ON (promo.product_id IS NULL OR p.base_id = promo.product_id)
  JOIN product AS base
    ON base.id = p.base_id AND (promo.product_group IS NULL OR base.product_group = promo.product_group)
  JOIN offer AS o
    ON o.product_id = p.id AND (o.observed_at AT TIME ZONE :timezone::text)::date >= promo.valid_from
   AND (o.observed_at AT TIME ZONE :timezone::text)::date < promo.valid_to;

-- sweeping --
-- Whether something changed that reaches everything: the policy, or how regions lie to one another.
SELECT EXISTS (SELECT 1 FROM changed WHERE noun = 'policy_version')
    OR EXISTS (
       SELECT 1 FROM changed AS c JOIN region AS r ON r.id = c.record_id
        WHERE c.noun = 'region'
          AND CASE WHEN c.old IS NULL
                   THEN EXISTS (SELECT 1 FROM region_neighbour AS n WHERE n.region_id = r.id)
                     OR EXISTS (SELECT 1 FROM region AS child WHERE child.parent_id = r.id)
                   ELSE (c.old ->> 'parent_id')::bigint IS DISTINCT FROM r.parent_id
                     OR (c.old ->> 'market_id')::bigint IS DISTINCT FROM r.market_id
                     OR c.old -> 'neighbour_codes' <> to_jsonb(r.neighbour_codes)
                     OR c.old -> 'path' <> to_jsonb(r.path)
                     OR c.old ->> 'kind' <> r.kind OR c.old ->> 'code' <> r.code
                     OR (c.old ->> 'deleted_at' IS NULL) <> (r.deleted_at IS NULL) END);
