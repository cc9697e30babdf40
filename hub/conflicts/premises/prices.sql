-- prices --
-- The one policy price that holds for each question, in the base currency; a question without a price, or without a rate,
-- has no row.
WITH question AS (
    SELECT DISTINCT kind, base_id, region_id, channel, units, day FROM price_asked
), answer AS (
    SELECT DISTINCT ON (q.kind, q.base_id, q.region_id, q.channel, q.units, q.day)
           q.kind, q.base_id, q.region_id, q.channel, q.units, q.day, pp.id AS policy_id,
           pp.unit_price * hub_rate(pp.currency, q.day, :base_currency::text) AS price
      FROM question AS q
      JOIN price_policy AS pp
        ON pp.product_id = q.base_id AND pp.kind = q.kind AND pp.deleted_at IS NULL
       AND pp.valid_from <= q.day AND (pp.valid_to IS NULL OR q.day < pp.valid_to)
       AND (pp.channel IS NULL OR pp.channel = q.channel) AND pp.min_units <= q.units
      LEFT JOIN region_cover AS c ON c.region_id = pp.region_id AND c.covered_id = q.region_id
     WHERE pp.region_id IS NULL OR c.region_id IS NOT NULL
     ORDER BY q.kind, q.base_id, q.region_id, q.channel, q.units, q.day, coalesce(c.distance, 1000000),
              (pp.channel IS NULL)::int, pp.min_units DESC, pp.valid_from DESC, pp.key COLLATE "C", pp.source_id
)
INSERT INTO price_found
SELECT DISTINCT asked.asked_id, asked.kind, answer.policy_id, answer.price
  FROM price_asked AS asked
  JOIN answer ON answer.kind = asked.kind AND answer.base_id = asked.base_id
             AND coalesce(answer.region_id, 0) = coalesce(asked.region_id, 0) AND answer.channel = asked.channel
             AND answer.units = asked.units AND answer.day = asked.day
 WHERE answer.price IS NOT NULL;
