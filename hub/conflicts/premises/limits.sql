-- limits --
-- The thresholds that hold in each place: the nearest region first, then the product group, then the later line.
INSERT INTO limit_found
SELECT DISTINCT ON (a.limit_id, t.name) a.limit_id, t.name, t.value
  FROM limit_asked AS a
  JOIN threshold AS t
    ON t.version = a.version AND t.rule = :rule::text
   AND (t.product_group IS NULL OR t.product_group = a.product_group)
  LEFT JOIN region AS r ON r.code = t.region
  LEFT JOIN region_cover AS c ON c.region_id = r.id AND c.covered_id = a.region_id
 WHERE t.region IS NULL OR c.region_id IS NOT NULL
 ORDER BY a.limit_id, t.name, coalesce(c.distance, 1000000), (t.product_group IS NULL)::int, t.place DESC;
