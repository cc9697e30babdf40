-- declare --
-- Nothing where the API declares what the file holds, or another connector under a name that has records.
INSERT INTO source (name, title, connector, connector_version, kind, quality, time_zone, default_currency, is_masters, managed_by,
                    settings)
VALUES (:name, :title, :connector, :connector_version, :kind, :quality, :time_zone, :default_currency, :is_masters, :managed_by,
        :settings)
    ON CONFLICT (name) DO UPDATE
   SET title = excluded.title, connector = excluded.connector, connector_version = excluded.connector_version,
       kind = excluded.kind, quality = excluded.quality, time_zone = excluded.time_zone,
       default_currency = excluded.default_currency, is_masters = excluded.is_masters, managed_by = excluded.managed_by,
       settings = excluded.settings,
       version = source.version + (source.settings <> excluded.settings OR source.managed_by <> excluded.managed_by)::int,
       state = CASE WHEN source.state IN ('disabled', 'broken') THEN 'active' ELSE source.state END,
       state_reason = CASE WHEN source.state IN ('disabled', 'broken') THEN NULL ELSE source.state_reason END
 WHERE excluded.managed_by = 'file'
    OR source.connector = excluded.connector AND (source.managed_by = 'api' OR source.state = 'disabled')
RETURNING id;

-- declare_streams --
INSERT INTO stream (source_id, name, position, model, schedule, deletes, freshness_s)
SELECT :source_id, s.*
  FROM unnest(:name::text[], :position::int[], :model::text[], :schedule::text[], :deletes::text[], :freshness_s::int[]) AS s
    ON CONFLICT (source_id, name) DO UPDATE
   SET position = excluded.position, model = excluded.model, schedule = excluded.schedule, deletes = excluded.deletes,
       freshness_s = excluded.freshness_s;

-- leave_streams --
-- What the connector no longer has is not asked for.
UPDATE stream SET schedule = NULL WHERE source_id = :source_id AND schedule IS NOT NULL AND NOT name = ANY (:names::text[]);

-- disable_others --
UPDATE source SET state = 'disabled', state_reason = NULL, next_run_at = NULL
 WHERE managed_by = 'file' AND state <> 'disabled' AND NOT name = ANY (:names::text[]);

-- of_api --
-- Held until the transaction ends, so that none that is removed meanwhile comes back.
SELECT name, settings FROM source WHERE managed_by = 'api' AND state <> 'disabled' ORDER BY name COLLATE "C" FOR UPDATE;

-- taken_over --
-- Names the API used, and the file declares now.
SELECT id, name FROM source WHERE managed_by = 'api' AND state <> 'disabled' AND name = ANY (:names::text[]) ORDER BY name FOR UPDATE;

-- by_name --
SELECT id, name, managed_by, connector, state, version, settings FROM source WHERE name = :called FOR UPDATE;

-- by_id --
SELECT id, name, managed_by, connector, state, version, settings FROM source WHERE id = :source_id FOR UPDATE;

-- all --
SELECT name, managed_by, state, settings FROM source ORDER BY name COLLATE "C";

-- settle --
-- A person has acted: what kept the source from being read counts no more.
UPDATE source SET state = :state, state_reason = NULL, next_run_at = NULL WHERE id = :source_id;

-- find_fault --
-- What a person stopped stays stopped.
UPDATE source SET state = :state, state_reason = :reason WHERE id = :source_id AND state NOT IN ('paused', 'disabled');

-- delete --
UPDATE source SET state = 'disabled', state_reason = NULL, settings = '{}', version = version + 1, next_run_at = NULL
 WHERE id = :source_id;

-- fence --
-- Whoever carries out a run can no longer commit. Before the runs, as landing does.
UPDATE stream SET fence = fence + 1 WHERE source_id = :source_id;

-- put_back --
-- Runs under way wait again; they go on from the bookmark.
UPDATE sync_run SET state = 'requested', beat_at = NULL WHERE source_id = :source_id AND state = 'running' RETURNING id;

-- call_off --
UPDATE sync_run SET state = 'cancelled', finished_at = :now
 WHERE source_id = :source_id AND state IN ('requested', 'running', 'rate_limited')
RETURNING id;

-- due --
UPDATE source SET next_run_at = :at::timestamptz
 WHERE id = :source_id AND state = 'active' AND next_run_at IS DISTINCT FROM :at::timestamptz;
