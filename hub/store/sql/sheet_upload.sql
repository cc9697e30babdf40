-- announce --
INSERT INTO sheet_upload (file_name, size, sha256, requested_by, requested_at, expires_at)
SELECT :file_name::text, :size::int, :sha256::text, :user_id::bigint, :at::timestamptz, :expires_at::timestamptz
 WHERE (SELECT count(*) FROM sheet_upload AS upload
         WHERE requested_by IS NOT DISTINCT FROM :user_id AND state <> 'imported' AND expires_at > :at) < :most::bigint
RETURNING id;

-- found --
SELECT upload.id, file_name, size, sha256, upload.state, expires_at, source_id, source.name AS source
  FROM sheet_upload AS upload
  LEFT JOIN source ON source.id = upload.source_id
 WHERE upload.id = :id;

-- held --
SELECT upload.id, file_name, size, sha256, upload.state, expires_at, source_id, source.name AS source
  FROM sheet_upload AS upload
  LEFT JOIN source ON source.id = upload.source_id
 WHERE upload.id = :id
   FOR UPDATE OF upload;

-- receive --
-- Of several that send the same file the first to end wins. One that began in time may end late.
UPDATE sheet_upload SET state = 'received', sha256 = :sha256, received_at = :at, expires_at = :expires_at
 WHERE id = :id AND state = 'requested'
RETURNING id;

-- loading --
SELECT id FROM sheet_upload WHERE source_id = :source_id AND hub_upload_unread(id) LIMIT 1;

-- imported --
WITH awake AS (UPDATE source SET state = 'active', state_reason = NULL WHERE id = :source_id AND state = 'needs_attention')
UPDATE sheet_upload SET state = 'imported', source_id = :source_id, imported_at = :at WHERE id = :upload_id;

-- load --
WITH asked AS (
    INSERT INTO sync_run (source_id, stream_id, mode, slot, upload_id)
    SELECT source_id, id, 'incremental', :at, :upload_id FROM stream WHERE source_id = :source_id ORDER BY position, id
    RETURNING id, stream_id
)
SELECT asked.id FROM asked JOIN stream ON stream.id = asked.stream_id ORDER BY stream.position, stream.id;

-- runs --
SELECT run.id
  FROM sync_run AS run
  JOIN stream ON stream.id = run.stream_id
 WHERE run.upload_id = :id
 ORDER BY stream.position, run.id;

-- forget --
-- What is on its way when its time is over has an hour to arrive.
DELETE FROM sheet_upload
 WHERE state = 'requested' AND expires_at < :at::timestamptz - interval '1 hour' OR state = 'received' AND expires_at < :at;

-- needed --
SELECT id FROM sheet_upload WHERE id = ANY(:ids::bigint[]) AND (state <> 'imported' OR hub_upload_unread(id));
