-- named --
-- The finding of a key, or all findings of the case with a number.
SELECT c.id
  FROM conflict AS c
 WHERE c.finding_key = :key::text
    OR c.case_id = (SELECT one.id FROM conflict_case AS one WHERE one.number = :number::int)
 ORDER BY c.id;

-- of_case --
SELECT id FROM conflict WHERE case_id = :case_id ORDER BY id;

-- name_in_case --
UPDATE conflict_case SET evidence_hash = :hash WHERE id = :case_id;

-- gather --
-- What findings rest on now: themselves, their records with payload, place and derivation, and the policy that judged them.
WITH chosen AS MATERIALIZED (
    SELECT c.*, d.basis,
           hub_priced_on(c.evidence, c.event_day, d.basis) AS priced_on
      FROM conflict AS c
      LEFT JOIN detection AS d ON d.rule = c.rule
     WHERE c.id = ANY (:ids::bigint[])
), record AS MATERIALIZED (
    SELECT c.id AS conflict_id, c.basis, c.priced_on, said.place, said.record,
           said.record ->> 'noun' AS noun, (said.record ->> 'id')::bigint AS id
      FROM chosen AS c
     CROSS JOIN LATERAL jsonb_array_elements(coalesce(c.evidence -> 'records', '[]'::jsonb)) WITH ORDINALITY AS said (record, place)
), derived AS (
    SELECT record.conflict_id, record.place, jsonb_agg(jsonb_build_object(
               'name', step.name, 'formula', step.formula, 'value', step.value, 'day', step.day) ORDER BY step.place) AS steps
      FROM record
     CROSS JOIN LATERAL hub_derivation(record.noun, record.id, record.basis, record.priced_on) AS step
     GROUP BY record.conflict_id, record.place
), traced AS (
    SELECT record.conflict_id, jsonb_agg(record.record || jsonb_build_object(
               'raw', CASE WHEN raw.id IS NULL THEN NULL ELSE jsonb_build_object(
                   'stream', stream.name, 'key', raw.key, 'hash', encode(raw.raw_hash, 'hex'),
                   'content_hash', encode(raw.content_hash, 'hex'), 'version', raw.version,
                   'received_at', hub_instant(raw.received_at), 'run', raw.run_id) END,
               'place', CASE WHEN raw.place ->> 'file' IS NULL THEN NULL ELSE raw.place END,
               'revision', coalesce(granted.revision, priced.revision, promoted.revision),
               'derivation', coalesce(derived.steps, '[]'::jsonb)) ORDER BY record.place) AS records
      FROM record
      LEFT JOIN derived USING (conflict_id, place)
      LEFT JOIN raw_record AS raw ON raw.id = hub_raw_of(record.noun, record.id)
      LEFT JOIN stream ON stream.id = raw.stream_id
      LEFT JOIN territory_grant AS granted ON record.noun = 'territory_grant' AND granted.id = record.id
      LEFT JOIN price_policy AS priced ON record.noun = 'price_policy' AND priced.id = record.id
      LEFT JOIN promotion AS promoted ON record.noun = 'promotion' AND promoted.id = record.id
     GROUP BY record.conflict_id
)
SELECT c.rule, hub_profile_of(c.policy_version, c.region_id, c.partner_id) AS profile,
       (SELECT jsonb_build_object('version', policy.version, 'effective_from', policy.effective_from,
                                  'base_currency', policy.base_currency, 'timezone', policy.timezone, 'body', policy.body)
          FROM policy_version AS policy
         WHERE policy.version = c.policy_version AND policy.state = 'published' AND policy.deleted_at IS NULL
         ORDER BY policy.source_id LIMIT 1) AS policy,
       jsonb_build_object(
           'id', c.id, 'key', c.finding_key, 'rule', c.rule, 'rule_version', c.rule_version, 'policy_version', c.policy_version,
           'class', c.classification, 'full', c.is_full, 'mode', c.mode, 'state', c.state, 'revision', c.revision,
           'case', (SELECT one.number FROM conflict_case AS one WHERE one.id = c.case_id))
       || jsonb_build_object(
           'subject', c.accused, 'affected', c.victim, 'product_group', c.product_group, 'base_sku', c.base_sku,
           'region', c.region, 'event_day', c.event_day)
       || jsonb_build_object(
           'value_at_risk', hub_decimal(c.value_at_risk), 'currency', c.value_currency, 'score', hub_decimal(c.score),
           'uncapped_score', hub_decimal(c.uncapped_score), 'band', c.band, 'caps', c.caps, 'capped_by', c.capped_by,
           'terms', hub_terms(c.policy_version, c.partner_id, c.event_day, c.value_at_risk, c.depth, c.strength, c.days,
                              c.places))
       || jsonb_build_object(
           'evidence', c.evidence - 'records', 'records', coalesce(traced.records, '[]'::jsonb),
           'filters_tried', c.filters_tried, 'watermark', c.watermark, 'watermark_at', hub_instant(c.watermark_at),
           'basis', c.basis, 'detected_at', hub_instant(c.detected_at), 'judged_at', hub_instant(c.judged_at)) AS finding
  FROM chosen AS c
  LEFT JOIN traced ON traced.conflict_id = c.id
 ORDER BY c.finding_key COLLATE "C";

-- keep --
-- The same evidence is kept once, as it was first frozen.
INSERT INTO evidence_bundle (hash, body, conflict_ids, frozen_at) VALUES (:hash, :body, :ids::bigint[], :at)
    ON CONFLICT (hash) DO NOTHING;

-- kept --
SELECT id, hash, body, conflict_ids, frozen_at FROM evidence_bundle WHERE hash = :hash;
