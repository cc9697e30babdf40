-- settle_levels --
-- Depth in the partner tree. A parent that leads back to the partner itself counts as none.
WITH RECURSIVE tree AS (
    SELECT p.id, ARRAY[p.id] AS path
      FROM partner AS p
     WHERE p.parent_id IS NULL OR NOT EXISTS (SELECT 1 FROM partner AS up WHERE up.id = p.parent_id)
    UNION ALL
    SELECT p.id, tree.path || p.id
      FROM tree JOIN partner AS p ON p.parent_id = tree.id
     WHERE NOT p.id = ANY(tree.path)
)
UPDATE partner AS p
   SET level = coalesce(cardinality(tree.path) - 1, 0)
  FROM partner AS same LEFT JOIN tree ON tree.id = same.id
 WHERE same.id = p.id AND p.level IS DISTINCT FROM coalesce(cardinality(tree.path) - 1, 0);
