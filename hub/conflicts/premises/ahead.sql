-- ahead --
-- For each month asked about, the first promotion for the partner that starts within 31 days after its end: goods are bought
-- before it. The channel it runs in says nothing of who buys.
INSERT INTO ahead_found
SELECT DISTINCT ON (a.ahead_id) a.ahead_id, pr.id
  FROM ahead_asked AS a
 CROSS JOIN LATERAL (SELECT (a.month + interval '1 month')::date AS first_day) AS after
  JOIN promotion AS pr
    ON pr.deleted_at IS NULL AND pr.valid_from >= after.first_day AND pr.valid_from < after.first_day + 31
   AND pr.valid_from < pr.valid_to
   AND (pr.product_id IS NULL OR pr.product_id = a.base_id)
   AND (pr.product_group IS NULL OR pr.product_group = a.product_group)
   AND (pr.partner_id IS NULL OR pr.partner_id = a.partner_id)
  LEFT JOIN region_cover AS c ON c.region_id = pr.region_id AND c.covered_id = a.region_id
 WHERE pr.region_id IS NULL OR c.region_id IS NOT NULL
 ORDER BY a.ahead_id, pr.valid_from, pr.key COLLATE "C", pr.source_id;
