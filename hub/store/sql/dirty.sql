-- mark --
INSERT INTO dirty_record (noun, record_id, old)
SELECT mark.noun, mark.record_id, mark.old
  FROM unnest(:nouns::text[], :ids::bigint[], :olds::jsonb[]) AS mark (noun, record_id, old);

-- changed --
-- The marks one transaction works on. The table lives as long as the connection, its rows as long as the transaction.
CREATE TEMP TABLE IF NOT EXISTS changed (
    mark_id bigint, noun text, record_id bigint, old jsonb, marked_at timestamptz
) ON COMMIT DELETE ROWS;

-- take --
WITH taken AS (
    INSERT INTO changed (mark_id, noun, record_id, old, marked_at)
    SELECT id, noun, record_id, old, marked_at FROM dirty_record ORDER BY id LIMIT :limit::bigint FOR UPDATE SKIP LOCKED
    RETURNING 1
)
SELECT count(*) FROM taken;

-- waiting --
SELECT count(*) FROM dirty_record;

-- settle --
DELETE FROM dirty_record AS d USING changed WHERE d.id = changed.mark_id;
