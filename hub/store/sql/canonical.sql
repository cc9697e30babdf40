-- latest_levels --
-- The newest count of each source, place and product.
UPDATE inventory_level AS l
   SET is_latest = ranked.newest
  FROM (SELECT s.id, row_number() OVER (PARTITION BY s.source_id, s.location_id, s.product_id
                                            ORDER BY s.deleted_at IS NULL DESC, s.as_of DESC, s.id DESC) = 1
                     AND s.deleted_at IS NULL AS newest
          FROM inventory_level AS s
         WHERE EXISTS (SELECT 1 FROM inventory_level AS t
                        WHERE t.id = ANY(:ids::bigint[]) AND t.source_id = s.source_id
                          AND t.location_id = s.location_id AND t.product_id = s.product_id)) AS ranked
 WHERE ranked.id = l.id AND l.is_latest IS DISTINCT FROM ranked.newest;
