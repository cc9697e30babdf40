-- sales_order --
-- Lines of changed orders, as they were and as they are.
WITH version AS (
    SELECT o.kind, o.source_id, o.partner_id, o.buyer_partner_id, o.ship_to_region_id AS region_id, o.ordered_on AS day,
           l.product_id, l.return_of_order, l.return_of_line
      FROM (SELECT DISTINCT record_id FROM changed WHERE noun = 'sales_order') AS mark
      JOIN sales_order AS o ON o.id = mark.record_id
      JOIN order_line AS l ON l.order_id = o.id
    UNION ALL
    SELECT o.kind, o.source_id, o.partner_id, o.buyer_partner_id, o.ship_to_region_id, o.ordered_on, l.product_id,
           l.return_of_order, l.return_of_line
      FROM changed AS mark
     CROSS JOIN LATERAL jsonb_to_record(mark.old -> 'order') AS o (
               kind text, source_id bigint, partner_id bigint, buyer_partner_id bigint, ship_to_region_id bigint,
               ordered_on date)
     CROSS JOIN LATERAL jsonb_to_recordset(mark.old -> 'lines') AS l (
               product_id bigint, return_of_order text, return_of_line int)
     WHERE mark.noun = 'sales_order' AND mark.old IS NOT NULL
), back AS (
    INSERT INTO reached_return
    SELECT DISTINCT source_id, return_of_order, return_of_line FROM version WHERE return_of_order IS NOT NULL
)
INSERT INTO reached_line
SELECT DISTINCT v.kind, v.partner_id, v.buyer_partner_id, v.region_id, v.day, p.product_group, p.base_id
  FROM version AS v JOIN product AS p ON p.id = v.product_id;

-- returned --
-- A return stands for the line that came back.
INSERT INTO reached_line
SELECT DISTINCT o.kind, o.partner_id, o.buyer_partner_id, o.ship_to_region_id, o.ordered_on, p.product_group, p.base_id
  FROM reached_return AS back
  JOIN sales_order AS o ON o.source_id = back.source_id AND o.key = back.order_key
  JOIN order_line AS l ON l.order_id = o.id AND l.number = back.number
  JOIN product AS p ON p.id = l.product_id;

-- product --
-- Lines and offers of products whose pack, base, group or code changed, and of all that share the base, before or after.
WITH mark AS (
    SELECT c.record_id, p.base_id, p.product_group, (c.old ->> 'base_id')::bigint AS old_base_id,
           c.old ->> 'product_group' AS old_group
      FROM changed AS c JOIN product AS p ON p.id = c.record_id
     WHERE c.noun = 'product'
       AND (c.old IS NULL OR (c.old ->> 'base_id')::bigint <> p.base_id
            OR (c.old ->> 'units_per_pack')::numeric <> p.units_per_pack OR c.old ->> 'product_group' <> p.product_group
            OR c.old ->> 'code' <> p.code OR (c.old ->> 'deleted_at' IS NULL) <> (p.deleted_at IS NULL))
), base AS (
    SELECT base_id FROM mark UNION SELECT old_base_id FROM mark WHERE old_base_id IS NOT NULL UNION SELECT record_id FROM mark
), article AS (
    SELECT p.id, p.product_group, p.base_id FROM product AS p JOIN base ON base.base_id = p.base_id
    UNION
    SELECT record_id, product_group, base_id FROM mark
    UNION
    SELECT record_id, old_group, coalesce(old_base_id, base_id) FROM mark WHERE old_group IS NOT NULL
), line AS (
    SELECT o.kind, o.source_id, o.partner_id, o.buyer_partner_id, o.ship_to_region_id, o.ordered_on,
           article.product_group, article.base_id, l.return_of_order, l.return_of_line
      FROM article JOIN order_line AS l ON l.product_id = article.id JOIN sales_order AS o ON o.id = l.order_id
), sold AS (
    INSERT INTO reached_line
    SELECT DISTINCT kind, partner_id, buyer_partner_id, ship_to_region_id, ordered_on, product_group, base_id FROM line
), back AS (
    INSERT INTO reached_return
    SELECT DISTINCT source_id, return_of_order, return_of_line FROM line WHERE return_of_order IS NOT NULL
)
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, article.base_id
  FROM article JOIN offer AS o ON o.product_id = article.id;

-- fx_rate --
-- Whatever is converted on the days for which a changed rate is the latest, where its currency is used at all.
WITH mark AS (
    SELECT f.currency, f.day FROM changed AS c JOIN fx_rate AS f ON f.id = c.record_id WHERE c.noun = 'fx_rate'
    UNION
    SELECT c.old ->> 'currency', (c.old ->> 'day')::date FROM changed AS c WHERE c.noun = 'fx_rate' AND c.old IS NOT NULL
), span AS (
    SELECT mark.currency, mark.day AS first_day,
           coalesce((SELECT min(later.day) FROM fx_rate AS later
                      WHERE later.currency = mark.currency AND later.day > mark.day AND later.deleted_at IS NULL),
                    'infinity'::date) AS end_day,
           EXISTS (SELECT 1 FROM price_policy AS pp WHERE pp.currency = mark.currency)
           OR EXISTS (SELECT 1 FROM promotion AS pr WHERE pr.currency = mark.currency) AS in_prices
      FROM mark
     WHERE mark.currency <> coalesce(:base_currency::text, '')
), sold AS (
    INSERT INTO reached_line
    SELECT DISTINCT o.kind, o.partner_id, o.buyer_partner_id, o.ship_to_region_id, o.ordered_on, p.product_group, p.base_id
      FROM span
      JOIN sales_order AS o ON o.ordered_on >= span.first_day AND o.ordered_on < span.end_day
       AND (span.in_prices OR o.currency = span.currency)
      JOIN order_line AS l ON l.order_id = o.id
      JOIN product AS p ON p.id = l.product_id
)
INSERT INTO reached_offer
SELECT DISTINCT o.listing_id, date_trunc('month', o.observed_at AT TIME ZONE :timezone::text)::date, p.base_id
  FROM span
  JOIN offer AS o
    ON (o.observed_at AT TIME ZONE :timezone::text)::date >= span.first_day
   AND (o.observed_at AT TIME ZONE :timezone::text)::date < span.end_day
   AND (span.in_prices OR o.currency = span.currency)
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
   AND (promo.product_group IS NULL OR p.product_group = promo.product_group)
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
