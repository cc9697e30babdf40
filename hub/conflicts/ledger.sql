-- standing_scopes --
-- Where findings of the rule stand: a full run judges these too, for the records behind them may be gone.
INSERT INTO judged SELECT scope FROM conflict WHERE rule = :rule::text AND state <> 'resolved_by_data' ON CONFLICT DO NOTHING;

-- unsettled --
-- A finding that was written while records changed may say what never was, and be where no change leads.
INSERT INTO judged
SELECT jsonb_array_elements_text(unsettled) FROM detection WHERE rule = :rule::text
    ON CONFLICT DO NOTHING;

-- identify --
-- What was found, under its key, with the codes and caps that go with it.
INSERT INTO finding
SELECT left(encode(sha256(convert_to(:rule::text || chr(31) || array_to_string(f.parts, chr(31)), 'UTF8')), 'hex'), 32),
       f.parts, f.scope, f.classification, f.classification = ANY (:full::text[]), f.mode, nullif(f.version, 0),
       f.partner_id, f.affected_id, f.product_id, f.region_id, coalesce(accused.code, '-'), coalesce(victim.code, '-'),
       coalesce(f.product_group, '-'), coalesce(base.code, '-'), coalesce(place.code, '-'), f.event_day, f.value_at_risk,
       CASE WHEN f.value_at_risk IS NOT NULL THEN :base_currency::text END, f.depth, f.strength,
       concat_ws(chr(31), :rule::text,
                 CASE WHEN accused.code IS NOT NULL THEN 'accused' || chr(31) || accused.code
                      WHEN victim.code IS NOT NULL THEN 'victim' || chr(31) || victim.code
                      ELSE concat_ws(chr(31), 'place', coalesce(base.code, '-'), coalesce(place.code, '-')) END),
       concat_ws('|', :rule::text, coalesce(accused.code, '-'), coalesce(victim.code, '-'), coalesce(f.product_group, '-'),
                 to_char(f.event_day, 'YYYY-MM')),
       coalesce((SELECT jsonb_agg(jsonb_build_object('code', cap.code, 'cap', cap.cap) ORDER BY cap.cap, cap.code)
                   FROM cap
                  WHERE cap.version = f.version
                    AND cap.code = ANY (f.circumstances || ARRAY[:rule::text, f.classification, f.mode])), '[]'::jsonb),
       f.evidence, f.filters_tried, hashtextextended(concat(f.evidence, f.filters_tried), 0)
  FROM found AS f
  LEFT JOIN partner AS accused ON accused.id = f.partner_id
  LEFT JOIN partner AS victim ON victim.id = f.affected_id
  LEFT JOIN product ON product.id = f.product_id
  LEFT JOIN product AS base ON base.id = product.base_id
  LEFT JOIN region AS place ON place.id = f.region_id;

-- remember_changed --
-- Known findings that are not what they were, as they were. One that had gone is back. From here on they are in this one's
-- hands: somebody who closes their case waits.
INSERT INTO happened
SELECT c.id, c.rule, CASE WHEN c.state = 'resolved_by_data'
                            OR (c.state = 'dismissed' AND f.is_full AND NOT c.is_full) THEN 'reopened' ELSE 'changed' END,
       c.revision, c.classification, c.is_full, c.state, c.score, c.uncapped_score, c.evidence, c.peers, c.event_day, c.case_id,
       c.region_id, c.product_group, c.affected_id
  FROM finding AS f
  JOIN conflict AS c USING (finding_key)
 WHERE c.state = 'resolved_by_data' OR c.evidence_changed
    OR (c.rule_version, c.classification, c.is_full, c.mode, c.scope, coalesce(c.policy_version, 0), c.event_day, c.accused,
        c.victim, c.product_group, c.base_sku, c.region, c.strength)
       IS DISTINCT FROM
       (:version::int, f.classification, f.is_full, f.mode, f.scope, coalesce(f.policy_version, 0), f.event_day, f.accused,
        f.victim, f.product_group, f.base_sku, f.region, f.strength)
    OR (c.partner_id, c.affected_id, c.product_id, c.region_id, c.value_at_risk, c.depth)
       IS DISTINCT FROM (f.partner_id, f.affected_id, f.product_id, f.region_id, f.value_at_risk, f.depth)
    OR c.told <> f.told OR c.caps <> f.caps OR c.value_currency IS DISTINCT FROM f.value_currency
   FOR NO KEY UPDATE OF c;

-- rewrite --
-- A finding that comes out as it was is not touched: it has stood since it was judged so.
UPDATE conflict AS c
   SET rule_version = :version::int, policy_version = f.policy_version, scope = f.scope, classification = f.classification,
       is_full = f.is_full, mode = f.mode, partner_id = f.partner_id, affected_id = f.affected_id,
       product_id = f.product_id, region_id = f.region_id, accused = f.accused, victim = f.victim,
       product_group = f.product_group, base_sku = f.base_sku, region = f.region, event_day = f.event_day,
       value_at_risk = f.value_at_risk, value_currency = f.value_currency, depth = f.depth, strength = f.strength,
       peers = f.peers, group_key = f.group_key, caps = f.caps, evidence = f.evidence, filters_tried = f.filters_tried,
       order_ids = hub_orders_of(f.evidence), told = f.told,
       state = CASE WHEN h.kind = 'reopened' THEN 'open' ELSE c.state END,
       dismissed_score = CASE WHEN h.kind = 'reopened' THEN NULL
                              WHEN c.state = 'dismissed' THEN coalesce(c.dismissed_score, c.uncapped_score) END,
       evidence_changed = false, resolved_at = NULL, revision = h.revision + 1, judged_at = :at, watermark_at = :at,
       watermark = :watermark, changed_at = :at
  FROM finding AS f, happened AS h
 WHERE c.finding_key = f.finding_key AND h.conflict_id = c.id;

-- raise --
WITH raised AS (
    INSERT INTO conflict (
        finding_key, rule, rule_version, policy_version, parts, scope, classification, is_full, mode, partner_id, affected_id,
        product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk, value_currency,
        depth, strength, peers, group_key, score, uncapped_score, band, caps, evidence, filters_tried, order_ids, told, watermark,
        watermark_at, detected_at, judged_at, changed_at)
    SELECT finding_key, :rule::text, :version::int, policy_version, parts, scope, classification, is_full, mode, partner_id,
           affected_id, product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk,
           value_currency, depth, strength, peers, group_key, 0, 0, 'info', caps, evidence, filters_tried, hub_orders_of(evidence),
           told, :watermark, :at, :at, :at, :at
      FROM finding
        ON CONFLICT (finding_key) DO NOTHING
    RETURNING id, rule, revision, classification, is_full, state, score, uncapped_score, peers, event_day, case_id, region_id,
              product_group, affected_id
)
INSERT INTO happened
SELECT id, rule, 'raised', revision, classification, is_full, state, score, uncapped_score, NULL, peers, event_day, case_id,
       region_id, product_group, affected_id
  FROM raised;

-- remember_gone --
-- Findings whose scope was judged and that were not found again.
INSERT INTO happened
SELECT c.id, c.rule, CASE WHEN c.state = 'open' THEN 'resolved' ELSE 'changed' END, c.revision, c.classification, c.is_full,
       c.state, c.score, c.uncapped_score, c.evidence, c.peers, c.event_day, c.case_id, c.region_id, c.product_group,
       c.affected_id
  FROM judged AS j
  JOIN conflict AS c ON c.rule = :rule::text AND c.scope = j.scope
 WHERE (c.state = 'open' OR (c.state IN ('confirmed', 'dismissed') AND NOT c.evidence_changed))
   AND NOT EXISTS (SELECT 1 FROM finding AS f WHERE f.finding_key = c.finding_key)
   FOR NO KEY UPDATE OF c
RETURNING conflict_id;

-- retract --
-- What a person decided stays decided; that the data behind it went is noted.
UPDATE conflict AS c
   SET state = CASE WHEN c.state = 'open' THEN 'resolved_by_data' ELSE c.state END,
       evidence_changed = c.state <> 'open',
       resolved_at = CASE WHEN c.state = 'open' THEN :at ELSE c.resolved_at END,
       judged_at = :at, watermark_at = :at, watermark = :watermark, revision = c.revision + 1, changed_at = :at
 WHERE c.id = ANY (:ids::bigint[]);

-- leave_unsettled --
-- More marks than there were: some came in between, with their changes. Until all marks are taken what they may have touched
-- before stays unsettled as well.
UPDATE detection AS d
   SET unsettled = now.scopes
  FROM detection AS before
  LEFT JOIN (SELECT h.rule, jsonb_agg(c.scope) AS scopes
               FROM happened AS h JOIN conflict AS c ON c.id = h.conflict_id
              WHERE (SELECT count(*) FROM dirty_record) > :waiting::bigint
              GROUP BY h.rule) AS written USING (rule)
 CROSS JOIN LATERAL (SELECT CASE WHEN :all_taken::boolean THEN '[]' ELSE before.unsettled END
                            || coalesce(written.scopes, '[]') AS scopes) AS now
 WHERE d.id = before.id AND d.unsettled <> now.scopes;

-- close_books --
-- Every change is one revision, and what stood before it goes to the history.
INSERT INTO conflict_history (conflict_id, revision, classification, state, score, evidence, until)
SELECT conflict_id, revision, classification, state, score, evidence, :at FROM happened WHERE kind <> 'raised';

-- told --
-- What subscribers hear, and what a run counts.
SELECT conflict_id, rule, kind, score FROM happened ORDER BY conflict_id;

-- look_again --
-- After a run over everything the table has little in common with what the planner knows of it.
ANALYZE conflict (rule, finding_key, scope, state, is_full, mode, event_day, partner_id, peers, group_key, case_id);

-- new_page --
-- How to keep what the rule before has done, clear what it left on the desk, and begin what can be taken back alone, in one go.
-- Clearing what is clear already would cost more than most rules do, and inside the part that can be taken back more than here.
SELECT concat_ws('; ', 'RELEASE SAVEPOINT page', 'TRUNCATE ' || string_agg(c.oid::regclass::text, ', '), 'SAVEPOINT page')
  FROM pg_class AS c
 WHERE c.relnamespace = pg_my_temp_schema() AND pg_relation_size(c.oid) > 0 AND c.relname = ANY (ARRAY[
       'judged', 'found', 'finding', 'skipped', 'picked', 'sale', 'picked_offer', 'observed', 'peer_ground',
       'peer_offer', 'spot', 'seat', 'governing', 'bound', 'price_asked', 'price_found', 'limit_asked', 'limit_found',
       'ahead_asked', 'ahead_found', 'pack_size', 'usual_asked', 'usual_found', 'reached_claim', 'claim_asked',
       'standing_claim', 'claim_twin'
       ]);
