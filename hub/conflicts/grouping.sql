-- leave --
-- Findings that no longer belong to their case: another group now, while the case is open; or one to act on, open, while the
-- case is closed. What a person decided stays where it was decided.
WITH placed AS (
    SELECT h.conflict_id, one.id AS case_id, one.state,
           CASE WHEN one.state = 'closed' THEN c.state = 'open' AND c.is_full AND c.mode = 'case'
                ELSE c.group_key <> one.group_key END AS strange
      FROM happened AS h
      JOIN conflict_case AS one ON one.id = h.case_id
      JOIN conflict AS c ON c.id = h.conflict_id
), gone AS (
    UPDATE conflict AS c SET case_id = NULL
      FROM placed
     WHERE c.id = placed.conflict_id AND placed.strange
)
INSERT INTO case_touched SELECT DISTINCT case_id FROM placed WHERE state <> 'closed' ON CONFLICT DO NOTHING;

-- join --
-- Findings in a full class that may become cases join the open case of their group, which nobody closes while they do.
WITH standing AS MATERIALIZED (
    SELECT one.id, one.group_key
      FROM conflict_case AS one
     WHERE one.state <> 'closed'
       AND one.group_key IN (SELECT c.group_key FROM happened AS h JOIN conflict AS c ON c.id = h.conflict_id
                              WHERE c.state = 'open' AND c.is_full AND c.mode = 'case' AND c.case_id IS NULL)
     ORDER BY one.id
       FOR NO KEY UPDATE
), joined AS (
    UPDATE conflict AS c
       SET case_id = one.id
      FROM happened AS h, standing AS one
     WHERE c.id = h.conflict_id AND c.state = 'open' AND c.is_full AND c.mode = 'case' AND c.case_id IS NULL
       AND one.group_key = c.group_key
    RETURNING one.id
)
INSERT INTO case_touched SELECT DISTINCT id FROM joined ON CONFLICT DO NOTHING;

-- open --
-- Groups without an open case in which a finding that is in no case reaches the least score, or is of a rule that needs none.
WITH free AS (
    SELECT DISTINCT c.group_key
      FROM happened AS h
      JOIN conflict AS c ON c.id = h.conflict_id
     WHERE c.state = 'open' AND c.is_full AND c.mode = 'case' AND c.case_id IS NULL
), ready AS (
    SELECT DISTINCT ON (c.group_key) c.group_key, c.rule, c.product_group, date_trunc('month', c.event_day::timestamp)::date AS month,
           c.partner_id, c.affected_id, c.region_id, c.score, c.band
      FROM free
      JOIN conflict AS c USING (group_key)
      JOIN weighting AS w ON w.version = coalesce(c.policy_version, 0)
     WHERE c.state = 'open' AND c.is_full AND c.mode = 'case' AND c.case_id IS NULL
       AND (c.score >= w.case_min_score OR c.rule = ANY (w.always))
     ORDER BY c.group_key, c.score DESC, c.id
), opened AS (
    INSERT INTO conflict_case (
        number, rule, group_key, partner_id, affected_id, region_id, product_group, month, score, band, assignee_id, due_at,
        previous_case_id, opened_at)
    SELECT nextval('case_number'), r.rule, r.group_key, r.partner_id, r.affected_id, r.region_id, r.product_group, r.month,
           r.score, r.band, owner.id, :due_at::timestamptz,
           (SELECT before.id FROM conflict_case AS before
             WHERE before.group_key = r.group_key AND before.state = 'closed'
             ORDER BY before.closed_at DESC, before.number DESC LIMIT 1),
           :at::timestamptz
      FROM ready AS r
      LEFT JOIN partner AS accused ON accused.id = r.partner_id
      LEFT JOIN partner AS victim ON victim.id = r.affected_id
      LEFT JOIN hub_user AS owner ON owner.active AND owner.email = lower(coalesce(accused.manager, victim.manager))
     ORDER BY r.score DESC, r.group_key COLLATE "C"
        ON CONFLICT (group_key) WHERE state <> 'closed' DO NOTHING
    RETURNING id, group_key
), member AS (
    UPDATE conflict AS c
       SET case_id = opened.id
      FROM opened
     WHERE c.group_key = opened.group_key AND c.state = 'open' AND c.is_full AND c.mode = 'case' AND c.case_id IS NULL
), step AS (
    INSERT INTO case_step (case_id, kind, occurred_at, to_state) SELECT id, 'opened', :at::timestamptz, 'detected' FROM opened
)
INSERT INTO case_happened (case_id, kind) SELECT id, 'opened' FROM opened;

-- weigh --
-- A case is as serious as its most serious open finding.
WITH top AS (
    SELECT DISTINCT ON (one.id) one.id, c.score, c.band,
           array_position(ARRAY['info', 'low', 'medium', 'high', 'critical'], c.band)
           > array_position(ARRAY['info', 'low', 'medium', 'high', 'critical'], one.band) AS up
      FROM case_touched AS t
      JOIN conflict_case AS one ON one.id = t.case_id
      JOIN conflict AS c ON c.case_id = one.id AND c.is_full AND c.mode = 'case' AND c.state IN ('open', 'confirmed')
     ORDER BY one.id, c.score DESC, c.id
), told AS (
    INSERT INTO case_happened (case_id, kind) SELECT id, 'band_up' FROM top WHERE up
)
UPDATE conflict_case AS one
   SET score = top.score, band = top.band, version = one.version + 1
  FROM top
 WHERE one.id = top.id AND (one.score <> top.score OR one.band <> top.band);

-- run_dry --
-- Cases whose findings all went with the data: one nobody has taken up ends as expired, any other is flagged.
WITH dry AS (
    SELECT one.id, one.state, one.state IN ('detected', 'triaged') AS ends
      FROM case_touched AS t
      JOIN conflict_case AS one ON one.id = t.case_id AND one.state <> 'closed' AND NOT one.evidence_changed
     WHERE NOT EXISTS (SELECT 1 FROM conflict AS c
                        WHERE c.case_id = one.id AND c.is_full AND c.mode = 'case' AND c.state <> 'resolved_by_data')
), step AS (
    INSERT INTO case_step (case_id, kind, occurred_at, from_state, to_state, comment)
    SELECT id, CASE WHEN ends THEN 'closed' ELSE 'commented' END, :at::timestamptz, state, CASE WHEN ends THEN 'closed' END,
           'The records or the policy changed: none of the findings holds any more.'
      FROM dry
), told AS (
    INSERT INTO case_happened (case_id, kind)
    SELECT id, 'evidence_changed' FROM dry UNION ALL SELECT id, 'closed' FROM dry WHERE ends
)
UPDATE conflict_case AS one
   SET evidence_changed = true, version = one.version + 1,
       state = CASE WHEN dry.ends THEN 'closed' ELSE one.state END, due_at = CASE WHEN NOT dry.ends THEN one.due_at END,
       outcome = CASE WHEN dry.ends THEN 'expired' ELSE one.outcome END,
       closed_at = CASE WHEN dry.ends THEN :at::timestamptz ELSE one.closed_at END
  FROM dry
 WHERE one.id = dry.id;

-- told --
SELECT h.case_id, h.kind, one.band, one.rule, one.score
  FROM case_happened AS h JOIN conflict_case AS one ON one.id = h.case_id
 ORDER BY h.case_id, h.kind;
