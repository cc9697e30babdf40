-- usual --
-- The usual price around each line that is asked for: the median unit price of the other sell-out lines of its base article
-- and market on its day, else in its month, if there are five of them. Lines without it have no row. The ground holds the
-- articles and months of all of them.
WITH ground AS MATERIALIZED (
    SELECT DISTINCT base_id, month FROM peer_ground
), line AS (
    SELECT t.line_id, t.base_id, coalesce(r.market_id, 0) AS market_id, t.day, ground.month, t.unit_net
      FROM ground
      JOIN trade_line AS t
        ON t.base_id = ground.base_id AND t.day >= ground.month AND t.day < (ground.month + interval '1 month')::date
       AND t.kind = 'sell_out' AND t.unit_net IS NOT NULL
      LEFT JOIN region AS r ON r.id = t.region_id
), ranked AS MATERIALIZED (
    SELECT line_id, unit_net, dense_rank() OVER (ORDER BY base_id, market_id, day) AS day_id,
           dense_rank() OVER (ORDER BY base_id, market_id, month) AS month_id,
           row_number() OVER (PARTITION BY base_id, market_id, day ORDER BY unit_net, line_id)::int AS day_place,
           row_number() OVER (PARTITION BY base_id, market_id, month ORDER BY unit_net, line_id)::int AS month_place
      FROM line
), of_day AS (
    SELECT day_id, array_agg(unit_net ORDER BY unit_net, line_id) AS prices FROM ranked GROUP BY day_id HAVING count(*) >= 6
), of_month AS (
    SELECT month_id, array_agg(unit_net ORDER BY unit_net, line_id) AS prices
      FROM ranked GROUP BY month_id HAVING count(*) >= 6
)
INSERT INTO usual_found
SELECT r.line_id, r.unit_net, coalesce(hub_median_without(d.prices, r.day_place), hub_median_without(m.prices, r.month_place)),
       CASE WHEN d.prices IS NOT NULL THEN 'same_day' ELSE 'same_month' END
  FROM usual_asked
  JOIN ranked AS r USING (line_id)
  JOIN of_month AS m USING (month_id)
  LEFT JOIN of_day AS d USING (day_id);
