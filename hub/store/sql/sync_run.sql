-- request --
-- One run for one slot of a stream; a second clock changes nothing.
INSERT INTO sync_run (source_id, stream_id, mode, trigger, slot, retry_at)
VALUES (:source_id, :stream_id, :mode, :trigger, :slot, :not_before)
    ON CONFLICT (stream_id, slot) DO NOTHING
RETURNING id;

-- readable --
-- Before the run itself: whoever pauses or removes a source takes its row first too.
SELECT source.id
  FROM source
  JOIN sync_run AS run ON run.source_id = source.id
 WHERE run.id = :run_id AND source.state <> 'paused'
   FOR SHARE OF source;

-- claimable --
-- A run that is done stays done, and its stream's fence stays as it is. One that is running has lost its worker.
SELECT stream_id FROM sync_run WHERE id = :run_id AND state IN ('requested', 'running', 'rate_limited') FOR UPDATE;

-- raise_fence --
-- Whoever held the stream before can still read, but can no longer commit.
UPDATE stream SET fence = fence + 1 WHERE id = :stream_id
RETURNING id, source_id, name, fence, state, watermark, scan, now() AS at;

-- take --
UPDATE sync_run
   SET state = 'running', started_at = coalesce(started_at, now()), beat_at = now(), attempts = attempts + 1,
       fence = :fence, watermark_before = :watermark, error_kind = NULL, error_message = NULL, retry_at = NULL
 WHERE id = :run_id
RETURNING id, mode, trigger, slot, upload_id;

-- supersede --
-- What is read of an upload is read by no other run.
UPDATE sync_run SET state = 'superseded', finished_at = now()
 WHERE stream_id = :stream_id AND state = 'requested' AND slot < :slot AND mode = :mode AND upload_id IS NULL;

-- count --
UPDATE sync_run
   SET beat_at = now(), records_read = records_read + :read, records_new = records_new + :new,
       records_changed = records_changed + :changed, records_unchanged = records_unchanged + :unchanged,
       records_stale = records_stale + :stale, records_superseded = records_superseded + :superseded,
       records_removed = records_removed + :removed, records_rejected = records_rejected + :rejected,
       records_announced = coalesce(:announced, records_announced), expected = coalesce(:expected, expected),
       notes = CASE WHEN :note::text IS NULL THEN notes ELSE notes || to_jsonb(:note::text) END
 WHERE id = :run_id;

-- advance --
-- Moves the bookmark for the holder of the fence alone.
UPDATE stream
   SET state = coalesce(:state, state), watermark = greatest(watermark, :watermark),
       data_version = data_version + :moved, scan = :scan
 WHERE id = :stream_id AND fence = :fence
RETURNING id;

-- finish --
UPDATE sync_run AS r
   SET state = :state, finished_at = now(), error_kind = :error_kind, error_message = :error_message,
       error_retryable = :error_retryable, retry_at = :retry_at, request_count = request_count + :requests,
       bytes_received = bytes_received + :bytes, throttled_count = throttled_count + :throttled,
       waited_ms = waited_ms + :waited_ms,
       watermark_after = (SELECT watermark FROM stream WHERE id = r.stream_id)
 WHERE r.id = :run_id AND r.fence = :fence AND r.state = 'running'
RETURNING r.id;

-- entered --
-- In a slot of its own, also for a second record of the same instant.
INSERT INTO sync_run (source_id, stream_id, mode, state, slot, started_at, finished_at, attempts, records_read)
SELECT source_id, id, 'incremental', 'succeeded', clock_timestamp(), :at, :at, 1, 1
  FROM stream WHERE source_id = :source_id AND name = :stream
RETURNING id, stream_id;
