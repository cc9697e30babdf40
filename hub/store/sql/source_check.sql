-- ask --
-- Whoever asks for the same source waits for the one before.
WITH waiting AS (
    SELECT id FROM source_check WHERE source_id = :source_id AND state = 'queued'
), made AS (
    INSERT INTO source_check (source_id, requested_by, requested_at)
    SELECT :source_id, :user_id, :now WHERE NOT EXISTS (SELECT FROM waiting)
    RETURNING id
)
SELECT id FROM waiting UNION ALL SELECT id FROM made ORDER BY id LIMIT 1;

-- waiting --
-- One whose worker fell silent stays among them: nothing of it was kept.
SELECT one.id, source.name AS source
  FROM source_check AS one
  JOIN source ON source.id = one.source_id
 WHERE one.state = 'queued'
 ORDER BY one.requested_at, one.id;

-- answered --
UPDATE source_check
   SET state = 'done', finished_at = :now, account = :account, streams = :streams, missing = :missing::text[]
 WHERE id = :id AND state = 'queued';

-- failed --
UPDATE source_check SET state = 'failed', finished_at = :now, error = :reason WHERE id = :id AND state = 'queued';
