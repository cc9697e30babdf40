-- of_source --
SELECT m.product_id, p.base_id, m.numerator, m.denominator
  FROM unit_mapping AS m JOIN product AS p ON p.id = m.product_id
 WHERE m.source_id = :source_id AND m.state = 'accepted';

-- proposal --
-- What an open finding proposes, and how many lines of the source hang on it.
SELECT c.id AS conflict_id, source.id AS source_id, source.name AS source, c.product_id, article.code AS sku,
       CASE c.evidence ->> 'direction' WHEN 'per_unit_too_low' THEN (c.evidence ->> 'units_per_pack')::numeric
            ELSE (c.evidence ->> 'units_per_pack')::numeric * (c.evidence ->> 'k')::numeric END AS numerator,
       CASE c.evidence ->> 'direction' WHEN 'per_unit_too_low' THEN (c.evidence ->> 'k')::numeric ELSE 1 END AS denominator,
       (SELECT count(*) FROM order_line AS l
         WHERE l.source_id = source.id AND l.product_id = c.product_id AND l.deleted_at IS NULL)::int AS line_count
  FROM conflict AS c
  JOIN source ON source.name = c.evidence ->> 'source'
  JOIN product AS article ON article.code = c.evidence ->> 'sku'
 WHERE c.id = :conflict_id AND c.rule = 'unit_mapping_suspect' AND c.state = 'open';

-- held --
SELECT state, proposed_by FROM unit_mapping WHERE conflict_id = :conflict_id FOR UPDATE;

-- propose --
INSERT INTO unit_mapping (source_id, product_id, numerator, denominator, conflict_id, line_count, proposed_by, proposed_at)
VALUES (:source_id, :product_id, :numerator, :denominator, :conflict_id, :line_count, :user_id, :at)
    ON CONFLICT (source_id, product_id) DO NOTHING
RETURNING id;

-- accept --
UPDATE unit_mapping SET state = 'accepted', accepted_by = :user_id, accepted_at = :at WHERE conflict_id = :conflict_id;

-- withdraw --
DELETE FROM unit_mapping WHERE conflict_id = :conflict_id RETURNING source_id;

-- streams --
-- The streams of the source a finding is about, in the order they are read.
SELECT stream.source_id, stream.id
  FROM conflict AS c
  JOIN source ON source.name = c.evidence ->> 'source'
  JOIN stream ON stream.source_id = source.id
 WHERE c.id = :conflict_id
 ORDER BY stream.position, stream.id;
