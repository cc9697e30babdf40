-- prices --
-- The one policy price that holds for each question, in the base currency; a question without a price, or without a rate,
-- has no row.
WITH asked AS MATERIALIZED (
    SELECT price_asked.*, dense_rank() OVER (ORDER BY kind, base_id, region_id, channel, units, day) AS question
      FROM price_asked
), one AS (
    SELECT DISTINCT question, kind, base_id, region_id, channel, units, day FROM asked
), answer AS MATERIALIZED (
    SELECT DISTINCT ON (q.question) q.question, pp.id AS policy_id,
           pp.unit_price * hub_rate(pp.currency, q.day, :base_currency::text) AS price
      FROM one AS q
      JOIN price_policy AS pp
        ON pp.product_id = q.base_id AND pp.kind = q.kind AND pp.deleted_at IS NULL
       AND pp.valid_from <= q.day AND (pp.valid_to IS NULL OR q.day < pp.valid_to)
       AND (pp.channel IS NULL OR pp.channel = q.channel) AND pp.min_units <= q.units
      LEFT JOIN region_cover AS c ON c.region_id = pp.region_id AND c.covered_id = q.region_id
     WHERE pp.region_id IS NULL OR c.region_id IS NOT NULL
     ORDER BY q.question, coalesce(c.distance, 1000000), (pp.channel IS NULL)::int, pp.min_units DESC, pp.valid_from DESC,
              pp.key COLLATE "C", pp.source_id
)
INSERT INTO price_found
SELECT asked.asked_id, asked.kind, answer.policy_id, answer.price
  FROM asked JOIN answer USING (question)
 WHERE answer.price IS NOT NULL;
