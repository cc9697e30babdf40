-- present --
-- The table the queue's schema makes last but one; the whole schema is applied in one transaction.
SELECT to_regclass('procrastinate_jobs') IS NOT NULL;

-- runs --
SELECT run.id, source.name AS source
  FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place)
  JOIN sync_run AS run ON run.id = wanted.id
  JOIN source ON source.id = run.source_id
 ORDER BY wanted.place;

-- mode --
SELECT mode FROM sync_run WHERE id = $1;

-- attach --
UPDATE sync_run SET job_id = given.job_id
  FROM unnest(:run_ids::bigint[], :job_ids::bigint[]) AS given (run_id, job_id)
 WHERE sync_run.id = given.run_id;

-- unattended --
-- Runs that should be under way: asked for and due, or begun by somebody who has not been heard of for a minute.
SELECT run.id
  FROM sync_run AS run
  JOIN stream ON stream.id = run.stream_id
  JOIN source ON source.id = run.source_id
 WHERE source.state = 'active'
   AND (run.state IN ('requested', 'rate_limited') AND coalesce(run.retry_at, run.requested_at) <= :now
        OR run.state = 'running' AND run.beat_at < :now - interval '1 minute')
 ORDER BY run.slot, stream.position, run.id;

-- request_all --
-- One run for each stream of a source that is read on schedule in this slot; a second clock changes nothing.
INSERT INTO sync_run (source_id, stream_id, mode, trigger, slot)
SELECT stream.source_id, stream.id, :mode, 'schedule', :slot
  FROM stream
  JOIN source ON source.id = stream.source_id
 WHERE stream.source_id = :source_id AND source.state = 'active' AND stream.schedule IS NOT NULL
   AND (:mode <> 'reconcile' OR stream.deletes = 'scan')
 ORDER BY stream.position
    ON CONFLICT (stream_id, slot) DO NOTHING
RETURNING id;

-- schedules --
-- Every schedule with the latest slot it has asked for.
SELECT source.id AS source_id, source.name, source.time_zone, min(stream.schedule) AS schedule,
       (SELECT max(run.slot) FROM sync_run AS run
         WHERE run.source_id = source.id AND run.trigger = 'schedule' AND run.mode = 'incremental') AS latest
  FROM source
  JOIN stream ON stream.source_id = source.id
 WHERE source.state = 'active' AND stream.schedule IS NOT NULL
 GROUP BY source.id;

-- scanned --
-- The sources whose deletions are found by comparing complete scans.
SELECT DISTINCT source.id AS source_id, source.name
  FROM source
  JOIN stream ON stream.source_id = source.id
 WHERE source.state = 'active' AND stream.deletes = 'scan' AND stream.schedule IS NOT NULL;

-- open_work --
SELECT EXISTS (SELECT FROM dirty_record) AS records, EXISTS (SELECT FROM backtest WHERE state = 'queued') AS backtests,
       EXISTS (SELECT FROM source_check WHERE state = 'queued') AS checks,
       EXISTS (SELECT FROM delivery
                WHERE state IN ('pending', 'retrying') AND NOT held AND coalesce(next_attempt_at, created_at) <= :now) AS deliveries;

-- sources --
SELECT source.name, source.title, source.connector, source.state, source.state_reason, source.managed_by,
       (SELECT min(stream.schedule) FROM stream WHERE stream.source_id = source.id) AS schedule,
       latest.state AS latest_run, latest.finished_at AS latest_run_at, latest.error_message AS latest_error,
       (SELECT count(*) FROM raw_record JOIN stream ON stream.id = raw_record.stream_id
         WHERE stream.source_id = source.id AND raw_record.deleted_at IS NULL) AS records,
       (SELECT count(*) FROM reject WHERE reject.source_id = source.id AND reject.state = 'open') AS open_rejects
  FROM source
  LEFT JOIN LATERAL (SELECT * FROM sync_run WHERE sync_run.source_id = source.id
                      ORDER BY requested_at DESC, id DESC LIMIT 1) AS latest ON true
 ORDER BY source.name;

-- failed_deliveries --
SELECT route, count(*) AS many, max(error) AS error FROM delivery WHERE state = 'failed' GROUP BY route ORDER BY route;

-- again --
-- A run that broke off is followed by a new one, later each time until one goes well: 30 s, 1 min ... 15 min.
WITH broken AS (
    SELECT run.id, run.source_id, run.stream_id, run.mode, run.upload_id, run.finished_at,
           (SELECT count(*) FROM sync_run AS other
             WHERE other.stream_id = run.stream_id AND other.trigger = 'resume' AND other.requested_at >
                   coalesce((SELECT max(good.finished_at) FROM sync_run AS good
                              WHERE good.stream_id = run.stream_id AND good.state LIKE 'succeeded%'), '-infinity')) AS retries
      FROM sync_run AS run
      JOIN source ON source.id = run.source_id
     WHERE run.state IN ('partial', 'failed') AND run.retry_at <= :now AND source.state = 'active'
       AND NOT EXISTS (SELECT FROM sync_run AS newer
                        WHERE newer.stream_id = run.stream_id AND newer.id > run.id
                          AND newer.upload_id IS NOT DISTINCT FROM run.upload_id)
)
INSERT INTO sync_run (source_id, stream_id, mode, trigger, slot, upload_id)
SELECT source_id, stream_id, mode, 'resume', :now, upload_id
  FROM broken
 WHERE finished_at + least(interval '15 minutes', interval '30 seconds' * power(2, least(retries, 5))) <= :now
    ON CONFLICT (stream_id, slot) DO NOTHING;

-- rejects --
-- What a source has in quarantine, in the order of the files.
SELECT source.name AS source, reject.place->>'file' AS file, reject.place->>'sheet' AS sheet,
       (reject.place->>'line')::bigint AS line, coalesce(reject.place->>'column', reject.field) AS "column", reject.value,
       reject.code, reject.message AS reason, reject.body AS raw
  FROM reject
  JOIN source ON source.id = reject.source_id
 WHERE source.name = $1 AND reject.state = 'open'
 ORDER BY file, sheet, line, reject.id;

-- alerts --
SELECT c.number AS "case", c.rule, a.reason, a.severity, a.state, a.raised_at,
       (SELECT coalesce(jsonb_object_agg(sums.state, sums.many), '{}')
          FROM (SELECT d.state, count(*) AS many FROM delivery AS d WHERE d.alert_id = a.id GROUP BY d.state) AS sums) AS deliveries
  FROM alert AS a
  JOIN conflict_case AS c ON c.id = a.case_id
 ORDER BY a.raised_at DESC, a.id DESC
 LIMIT :many;
