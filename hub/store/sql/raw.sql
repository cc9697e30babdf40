-- known --
-- What is stored of the keys of a batch; one look-up for all.
SELECT r.key, r.id, r.raw_hash, r.content_hash, r.version, r.deleted_at IS NOT NULL AS deleted
  FROM raw_record AS r
 WHERE r.stream_id = :stream_id AND r.key = ANY(:keys::text[]);

-- archive --
-- The payloads that are about to be replaced.
INSERT INTO raw_history (raw_id, stream_id, raw_hash, body, version, place, run_id, received_at)
SELECT r.id, r.stream_id, r.raw_hash, r.body, r.version, r.place, r.run_id, r.received_at
  FROM raw_record AS r JOIN staged_raw AS s ON s.id = r.id
 WHERE r.raw_hash <> s.raw_hash;

-- replace --
UPDATE raw_record AS r
   SET raw_hash = s.raw_hash, content_hash = s.content_hash, body = s.body, version = s.version, place = s.place,
       run_id = s.run_id, received_at = s.received_at, deleted_at = NULL, missed = 0
  FROM staged_raw AS s
 WHERE r.id = s.id;

-- renew --
-- Payloads that mean the same as before: only their bytes changed.
UPDATE raw_record AS r
   SET raw_hash = s.raw_hash
  FROM unnest(:ids::bigint[], :hashes::bytea[]) AS s (id, raw_hash)
 WHERE r.id = s.id;

-- seen --
UPDATE raw_record SET scan = :scan, missed = 0 WHERE id = ANY(:ids::bigint[]);

-- miss --
-- Keys that a complete scan did not see.
UPDATE raw_record SET missed = missed + 1
 WHERE stream_id = :stream_id AND scan < :scan AND deleted_at IS NULL;

-- missed --
SELECT key FROM raw_record
 WHERE stream_id = :stream_id AND deleted_at IS NULL AND scan < :scan AND missed >= :times
 ORDER BY id;

-- live --
SELECT count(*) FROM raw_record WHERE stream_id = :stream_id AND deleted_at IS NULL;

-- bury --
UPDATE raw_record AS r SET deleted_at = now(), version = coalesce(gone.version, r.version)
  FROM unnest(:keys::text[], :versions::text[]) AS gone (key, version)
 WHERE r.stream_id = :stream_id AND r.key = gone.key AND r.deleted_at IS NULL
RETURNING r.id;

-- set_aside --
-- A reject that comes again is the same reject.
INSERT INTO reject (source_id, stream_id, run_id, identity, key, body, version, reason, code, field, value, message, place,
                    waits_noun, waits_key)
SELECT s.source_id, s.stream_id, s.run_id, s.identity, s.key, s.body, s.version, s.reason, s.code, s.field, s.value,
       s.message, s.place, s.waits_noun, s.waits_key
  FROM staged_reject AS s
    ON CONFLICT (stream_id, identity) DO UPDATE
   SET run_id = excluded.run_id, key = excluded.key, body = excluded.body, version = excluded.version,
       reason = excluded.reason, code = excluded.code, field = excluded.field, value = excluded.value,
       message = excluded.message, place = excluded.place, waits_noun = excluded.waits_noun,
       waits_key = excluded.waits_key, state = 'open', last_seen_at = now(), occurrences = reject.occurrences + 1;

-- clear --
-- A good version of these keys has come, from the source or by a replay.
UPDATE reject SET state = :state, last_seen_at = now()
 WHERE stream_id = :stream_id AND identity = ANY(:identities::text[]) AND state = 'open';

-- clear_files --
-- These files were read again from start to end, and these rejects did not come again.
UPDATE reject SET state = 'superseded', last_seen_at = now()
 WHERE stream_id = :stream_id AND state = 'open' AND run_id <> :run_id AND place->>'file' = ANY(:files::text[]);

-- waiting --
-- Sources with rejects that waited for records which are there now.
SELECT DISTINCT s.name, r.stream_id
  FROM reject AS r
  JOIN source AS s ON s.id = r.source_id
 WHERE r.state = 'open' AND r.waits_noun = ANY(:nouns::text[])
   AND (EXISTS (SELECT 1 FROM identity_link AS l WHERE l.noun = r.waits_noun AND l.key = r.waits_key AND l.deleted_at IS NULL)
     OR r.waits_noun IN ('deal_registration', 'promotion', 'claim'))
 ORDER BY s.name, r.stream_id;

-- open_rejects --
-- What a connector itself refused, for a reason that lies outside the payload, is left to the next read.
SELECT r.id, r.key, r.body, r.version, r.place
  FROM reject AS r
 WHERE r.stream_id = :stream_id AND r.state = 'open' AND r.key IS NOT NULL AND r.id > :after
   AND r.code NOT IN ('cycle', 'header_conflict', 'bad_width', 'encoding', 'missing_column', 'missing_key')
   AND (:chosen::bigint[] IS NULL OR r.id = ANY(:chosen::bigint[]))
   AND (:nouns::text[] IS NULL OR r.waits_noun = ANY(:nouns::text[]))
 ORDER BY r.id
 LIMIT :most;

-- payloads --
-- Stored payloads of a stream, for mapping them again.
SELECT r.id, r.key, r.body, r.version, r.place
  FROM raw_record AS r
 WHERE r.stream_id = :stream_id AND r.deleted_at IS NULL AND r.id > :after
 ORDER BY r.id
 LIMIT :most;
