-- territory --
-- Who governs each spot on its day: of the live grants that cover it, those with the smallest (distance, group, segment).
-- All ties govern.
WITH candidate AS (
    SELECT s.spot_id, g.id AS grant_id, g.partner_id, g.region_id AS granted_id, g.exclusivity,
           rank() OVER (PARTITION BY s.spot_id
                        ORDER BY c.distance, (g.product_group = '*')::int, (g.segment = '*')::int) AS place
      FROM spot AS s
      JOIN region_cover AS c ON c.covered_id = s.region_id
      JOIN territory_grant AS g
        ON g.region_id = c.region_id AND g.product_group IN (s.product_group, '*') AND g.segment IN (s.segment, '*')
       AND g.deleted_at IS NULL AND g.valid_from <= s.day AND (g.valid_to IS NULL OR s.day < g.valid_to)
)
INSERT INTO governing SELECT spot_id, grant_id, partner_id, granted_id, exclusivity FROM candidate WHERE place = 1;

-- binding --
-- Through whom each partner holds on the day: itself or the nearest partner above it that has a live grant for the group.
WITH RECURSIVE chain AS (
    SELECT DISTINCT partner_id, partner_id AS above_id, 0 AS level FROM seat
    UNION ALL
    SELECT chain.partner_id, p.parent_id, chain.level + 1
      FROM chain JOIN partner AS p ON p.id = chain.above_id
     WHERE p.parent_id IS NOT NULL AND chain.level < 100
)
INSERT INTO bound
SELECT DISTINCT ON (s.seat_id) s.seat_id, chain.above_id
  FROM seat AS s
  JOIN chain ON chain.partner_id = s.partner_id
  JOIN territory_grant AS g
    ON g.partner_id = chain.above_id AND g.product_group IN (s.product_group, '*') AND g.deleted_at IS NULL
   AND g.valid_from <= s.day AND (g.valid_to IS NULL OR s.day < g.valid_to)
 ORDER BY s.seat_id, chain.level;
