-- settle_paths --
-- Path, depth and market of every region. A parent that leads back to the region itself counts as none.
WITH RECURSIVE tree AS (
    SELECT r.id, ARRAY[r.id] AS path, 0 AS depth, r.id AS market_id
      FROM region AS r
     WHERE r.parent_id IS NULL OR NOT EXISTS (SELECT 1 FROM region AS p WHERE p.id = r.parent_id)
    UNION ALL
    SELECT r.id, tree.path || r.id, tree.depth + 1, CASE WHEN r.kind = 'country' THEN r.id ELSE tree.market_id END
      FROM tree JOIN region AS r ON r.parent_id = tree.id
     WHERE NOT r.id = ANY(tree.path)
), whole AS (
    SELECT id, path, depth, market_id FROM tree
    UNION ALL
    SELECT r.id, ARRAY[r.id], 0, r.id FROM region AS r WHERE NOT EXISTS (SELECT 1 FROM tree WHERE tree.id = r.id)
), moved AS (
    SELECT r.id, to_jsonb(r) AS old FROM region AS r JOIN whole USING (id)
     WHERE (r.path, r.depth, coalesce(r.market_id, 0)) IS DISTINCT FROM (whole.path, whole.depth, whole.market_id)
), written AS (
    UPDATE region AS r SET path = whole.path, depth = whole.depth, market_id = whole.market_id
      FROM whole JOIN moved USING (id) WHERE r.id = whole.id
    RETURNING r.id
)
SELECT moved.id, moved.old FROM moved JOIN written USING (id);

-- drop_covers --
DELETE FROM region_cover AS c
 WHERE NOT EXISTS (SELECT 1 FROM region AS r WHERE r.id = c.covered_id AND c.region_id = ANY(r.path)
                                               AND r.depth - array_position(r.path, c.region_id) + 1 = c.distance);

-- add_covers --
INSERT INTO region_cover (region_id, covered_id, distance)
SELECT above.id, r.id, r.depth - above.place::int + 1
  FROM region AS r, unnest(r.path) WITH ORDINALITY AS above (id, place)
    ON CONFLICT (region_id, covered_id) DO NOTHING;

-- drop_neighbours --
DELETE FROM region_neighbour AS n
 WHERE NOT EXISTS (SELECT 1 FROM region AS a JOIN region AS b ON b.code = ANY(a.neighbour_codes)
                    WHERE (a.id, b.id) IN ((n.region_id, n.neighbour_id), (n.neighbour_id, n.region_id))
                      AND a.deleted_at IS NULL AND b.deleted_at IS NULL);

-- add_neighbours --
INSERT INTO region_neighbour (region_id, neighbour_id)
SELECT pair.one, pair.other
  FROM region AS a
  JOIN region AS b ON b.code = ANY(a.neighbour_codes) AND b.id <> a.id
 CROSS JOIN LATERAL (VALUES (a.id, b.id), (b.id, a.id)) AS pair (one, other)
 WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL
    ON CONFLICT (region_id, neighbour_id) DO NOTHING;
