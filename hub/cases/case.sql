-- hold --
-- A case, with everybody who was ever named its mediator: another one's name does not give them a part in it.
SELECT one.*,
       ARRAY(SELECT one.mediator_id WHERE one.mediator_id IS NOT NULL
             UNION
             SELECT (step.after ->> 'mediator_id')::bigint
               FROM case_step AS step
              WHERE step.case_id = one.id AND step.kind = 'mediator' AND step.after ? 'mediator_id') AS mediators
  FROM conflict_case AS one
 WHERE one.id = :id FOR UPDATE;

-- hold_findings --
-- Whether all findings of a case could be held at once. Those a detector has in hand are not waited for.
WITH held AS (
    SELECT id FROM conflict WHERE case_id = :case_id FOR NO KEY UPDATE SKIP LOCKED
)
SELECT (SELECT count(*) FROM held) = (SELECT count(*) FROM conflict WHERE case_id = :case_id);

-- save --
WITH saved AS (
    UPDATE conflict_case
       SET state = :state, outcome = :outcome, dismissal_reason = :dismissal_reason, assignee_id = :assignee_id,
           mediator_id = :mediator_id, due_at = :due_at, told_at = :told_at, reply_due_at = :reply_due_at,
           replied_at = :replied_at, sla_told = :sla_told, disclosed_to_partner = :disclosed_to_partner,
           disclosed_to_affected = :disclosed_to_affected, closed_at = :closed_at, version = version + 1
     WHERE id = :id
)
INSERT INTO case_step (case_id, kind, actor_id, occurred_at, from_state, to_state, comment, before, after, visible_to_partner)
VALUES (:id, :step, :actor_id, :at, :from_state, :to_state, :comment, :before, :after, :visible)
RETURNING id;

-- worker --
-- Whether somebody may work on cases: an active user who is of no partner.
SELECT EXISTS (SELECT 1 FROM hub_user
                WHERE id = :user_id AND active AND partner_id IS NULL AND roles && ARRAY['admin', 'channel_manager', 'analyst']);

-- took_part --
-- Whether somebody had any part in a case: owns it, acted in it, proposed or decided anything about it.
SELECT EXISTS (SELECT 1 FROM conflict_case WHERE id = :case_id AND assignee_id = :user_id)
    OR EXISTS (SELECT 1 FROM case_step WHERE case_id = :case_id AND actor_id = :user_id)
    OR EXISTS (SELECT 1 FROM approval
                WHERE subject_id = :case_id AND :user_id IN (proposer_id, decided_by));

-- judge --
-- What the outcome of a case says of its findings. What stood before goes to the history, as with every change.
WITH judged AS (
    SELECT id, revision, classification, state, score, uncapped_score, evidence
      FROM conflict
     WHERE case_id = :case_id AND is_full AND mode = 'case' AND state = 'open'
), kept AS (
    INSERT INTO conflict_history (conflict_id, revision, classification, state, score, evidence, until)
    SELECT id, revision, classification, state, score, evidence, :at FROM judged
)
UPDATE conflict AS c
   SET state = :verdict, dismissed_score = CASE WHEN :verdict::text = 'dismissed' THEN judged.uncapped_score END,
       revision = c.revision + 1, changed_at = :at
  FROM judged
 WHERE c.id = judged.id
RETURNING c.id, c.score;

-- modes --
-- How the findings of a case may be used; those the data took back are left out.
SELECT DISTINCT mode FROM conflict WHERE case_id = :case_id AND state <> 'resolved_by_data';

-- places --
-- Where a case lies: its region and what that lies in, nearest first; without one the partner's home.
SELECT region.code
  FROM region_cover
  JOIN region ON region.id = region_cover.region_id
 WHERE region_cover.covered_id = coalesce(:region_id::bigint, (SELECT home_region_id FROM partner WHERE id = :partner_id::bigint))
 ORDER BY region_cover.distance;

-- finding --
SELECT c.id, c.rule, c.group_key, c.partner_id, c.affected_id, c.region_id, c.product_group, c.is_full, c.mode, c.state,
       date_trunc('month', c.event_day)::date AS month
  FROM conflict AS c
 WHERE c.id = :conflict_id FOR UPDATE;

-- standing --
-- The open case of a group, if there is one.
SELECT number FROM conflict_case WHERE group_key = :group_key AND state <> 'closed';

-- open --
-- A case with what its group has to show. The latest closed case of the group is the one it follows on.
WITH top AS (
    SELECT score, band FROM conflict
     WHERE group_key = :group_key AND state = 'open' AND is_full AND mode = 'case'
       AND (case_id IS NULL OR EXISTS (SELECT 1 FROM conflict_case AS one WHERE one.id = case_id AND one.state = 'closed'))
     ORDER BY score DESC, id LIMIT 1
)
INSERT INTO conflict_case (
    number, rule, group_key, partner_id, affected_id, region_id, product_group, month, state, score, band, assignee_id,
    filed_by_id, due_at, previous_case_id, opened_at)
SELECT nextval('case_number'), :rule::text, :group_key::text, :partner_id::bigint, :affected_id::bigint, :region_id::bigint,
       :product_group::text, :month::date, :state::text,
       coalesce((SELECT score FROM top), 0), coalesce((SELECT band FROM top), 'info'), :assignee_id::bigint,
       :filed_by_id::bigint, :due_at::timestamptz,
       (SELECT earlier.id FROM conflict_case AS earlier
         WHERE earlier.group_key = :group_key AND earlier.state = 'closed'
         ORDER BY earlier.closed_at DESC, earlier.number DESC LIMIT 1),
       :at::timestamptz
    ON CONFLICT (group_key) WHERE state <> 'closed' DO NOTHING
RETURNING id;

-- gather --
-- Open findings of the group come into its new case, also those an earlier one that has ended left open.
UPDATE conflict AS c
   SET case_id = :case_id
 WHERE c.group_key = :group_key AND c.state = 'open' AND c.is_full AND c.mode = 'case'
   AND (c.case_id IS NULL OR EXISTS (SELECT 1 FROM conflict_case AS one WHERE one.id = c.case_id AND one.state = 'closed'));

-- first_step --
INSERT INTO case_step (case_id, kind, actor_id, occurred_at, to_state, comment)
VALUES (:case_id, 'opened', :actor_id, :at, :state, :comment);

-- filer --
-- The partner that files a case, with the user who looks after it.
SELECT partner.code, owner.id AS owner_id
  FROM partner
  LEFT JOIN hub_user AS owner ON owner.active AND owner.email = lower(partner.manager)
 WHERE partner.id = :partner_id;

-- late --
-- Open cases past their time whose owners have not heard of it. Whoever is at work on one is left to it.
WITH late AS (
    SELECT id FROM conflict_case
     WHERE state <> 'closed' AND due_at <= :at AND NOT sla_told
     ORDER BY id
       FOR UPDATE SKIP LOCKED
), stepped AS (
    INSERT INTO case_step (case_id, kind, occurred_at) SELECT id, 'overdue', :at::timestamptz FROM late
    RETURNING id, case_id
)
UPDATE conflict_case AS one SET sla_told = true FROM stepped WHERE one.id = stepped.case_id
RETURNING one.id, one.rule, one.score, one.band, stepped.id AS step;

-- expire --
-- Cases nobody took up: no step for so many days. What they held stays open.
WITH idle AS (
    SELECT one.id, one.state
      FROM conflict_case AS one
     WHERE one.state = ANY(:states::text[])
       AND NOT EXISTS (SELECT 1 FROM case_step AS step
                        WHERE step.case_id = one.id AND step.occurred_at > :idle_since AND step.kind <> 'overdue')
     ORDER BY one.id
       FOR UPDATE SKIP LOCKED
), stepped AS (
    INSERT INTO case_step (case_id, kind, occurred_at, from_state, to_state, after, comment)
    SELECT id, 'closed', :at, state, 'closed', '{"outcome": "expired"}', 'Nobody took it up.' FROM idle
    RETURNING id, case_id
)
UPDATE conflict_case AS one
   SET state = 'closed', outcome = 'expired', closed_at = :at, due_at = NULL, version = one.version + 1
  FROM stepped
 WHERE one.id = stepped.case_id
RETURNING one.id, stepped.id AS step;

-- overview --
-- Cases in some steps with the names a person knows them by, due first.
SELECT c.number, c.state, c.outcome, c.dismissal_reason, c.rule, accused.code AS partner, victim.code AS affected,
       region.code AS region, nullif(c.product_group, '-') AS product_group, to_char(c.month, 'YYYY-MM') AS month, c.score, c.band,
       owner.email AS assignee, mediator.email AS mediator, c.due_at, c.reply_due_at, c.replied_at, c.evidence_changed,
       c.opened_at, c.closed_at, earlier.number AS previous
  FROM conflict_case AS c
  LEFT JOIN partner AS accused ON accused.id = c.partner_id
  LEFT JOIN partner AS victim ON victim.id = c.affected_id
  LEFT JOIN region ON region.id = c.region_id
  LEFT JOIN hub_user AS owner ON owner.id = c.assignee_id
  LEFT JOIN hub_user AS mediator ON mediator.id = c.mediator_id
  LEFT JOIN conflict_case AS earlier ON earlier.id = c.previous_case_id
 WHERE c.state = ANY(:states::text[])
   AND (:assignee::text IS NULL OR owner.email = :assignee)
   AND (:number::int IS NULL OR c.number = :number)
 ORDER BY c.due_at NULLS LAST, c.number;

-- log --
SELECT step.occurred_at, step.kind, actor.email AS actor, step.from_state, step.to_state, step.comment, step.before, step.after
  FROM conflict_case AS c
  JOIN case_step AS step ON step.case_id = c.id
  LEFT JOIN hub_user AS actor ON actor.id = step.actor_id
 WHERE c.number = :number
 ORDER BY step.occurred_at, step.id;
