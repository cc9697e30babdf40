-- due --
-- Takes what is due for one try. Until it is settled the try is on record and its lease, ten minutes, keeps others away;
-- a process that dies before it settles leaves the row due again when the lease is over.
UPDATE delivery
   SET state = 'retrying', attempts = attempts + 1, last_attempt_at = :now, next_attempt_at = :now + interval '10 minutes'
 WHERE id IN (SELECT id FROM delivery
               WHERE state IN ('pending', 'retrying') AND attempts < :most AND coalesce(next_attempt_at, created_at) <= :now
               ORDER BY created_at, id
               LIMIT :many
                 FOR UPDATE SKIP LOCKED)
RETURNING id, alert_id, route, channel, recipient, user_id, attempts;

-- give_up --
-- The last try of a process that died before it could say how it went.
UPDATE delivery
   SET state = 'failed', next_attempt_at = NULL, error = coalesce(error, 'The last try ended without an answer.')
 WHERE state = 'retrying' AND attempts >= :most AND next_attempt_at <= :now;

-- settle --
-- Only the try that is on record: a try whose lease ran out has lost its say.
UPDATE delivery
   SET state = :state, error = :error, next_attempt_at = :next_attempt_at
 WHERE id = :id AND attempts = :attempts AND state = 'retrying'
RETURNING id;

-- put --
INSERT INTO delivery (alert_id, route, channel, recipient, user_id)
SELECT * FROM unnest(:alert_ids::bigint[], :routes::text[], :channels::text[], :recipients::text[], :user_ids::bigint[])
    ON CONFLICT (alert_id, route, recipient) DO NOTHING
RETURNING id;

-- candidates --
-- The cases that changed and the open ones nobody was told of, with what decides whether they alert. Events are the
-- distinct orders of the rule between the two partners in so many days up to the case's latest one.
SELECT c.id, c.rule, c.score, c.band, c.region_id, coalesce(accused.manager, victim.manager) AS manager,
       judged.strongest, events.many AS events, told.reasons, told.bands
  FROM conflict_case AS c
  LEFT JOIN partner AS accused ON accused.id = c.partner_id
  LEFT JOIN partner AS victim ON victim.id = c.affected_id
 CROSS JOIN LATERAL (
       SELECT max(f.score) AS strongest, max(f.event_day) AS latest, min(f.accused) AS accused, min(f.victim) AS victim
         FROM conflict AS f
        WHERE f.case_id = c.id AND f.is_full AND f.mode = 'case' AND f.state IN ('open', 'confirmed')) AS judged
 CROSS JOIN LATERAL (
       SELECT count(DISTINCT (f.parts[1], f.parts[2])) AS many
         FROM conflict AS f
        WHERE f.rule = c.rule AND f.accused = judged.accused AND f.victim = judged.victim
          AND f.event_day > judged.latest - coalesce(
                  (SELECT days FROM unnest(:rules::text[], :days::int[]) AS span (rule, days) WHERE span.rule = c.rule), 1)
          AND f.event_day <= judged.latest
          AND f.is_full AND f.mode = 'case' AND f.state IN ('open', 'confirmed')) AS events
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(a.reason), '{}') AS reasons, coalesce(array_agg(a.severity), '{}') AS bands
         FROM alert AS a WHERE a.case_id = c.id) AS told
 WHERE judged.strongest IS NOT NULL AND c.closed_at IS NULL
   AND (c.id = ANY(:case_ids::bigint[]) OR NOT EXISTS (SELECT FROM alert WHERE alert.case_id = c.id))
 ORDER BY c.id;

-- raise --
INSERT INTO alert (case_id, reason, severity, dedupe)
SELECT * FROM unnest(:case_ids::bigint[], :reasons::text[], :severities::text[], :dedupes::text[])
    ON CONFLICT (dedupe) DO NOTHING
RETURNING id, case_id;

-- covers --
-- Which of the regions that routes name cover which of the cases' regions.
SELECT region.code, region_cover.covered_id
  FROM region
  JOIN region_cover ON region_cover.region_id = region.id
 WHERE region.code = ANY(:codes::text[]) AND region_cover.covered_id = ANY(:region_ids::bigint[]);

-- readers --
SELECT lower(email) AS email, id FROM hub_user WHERE active AND lower(email) = ANY(:emails::text[]);

-- facts --
-- What a message says of each alert's case: its strongest finding, and the money of its open findings by currency; an
-- amount nobody knows makes the whole unknown.
SELECT a.id AS alert_id, a.reason, a.severity, c.number, c.rule, c.score, c.band,
       f.classification, f.event_day, f.accused, f.victim, f.product_group, f.base_sku, f.region, f.evidence,
       money.currencies, money.amounts
  FROM alert AS a
  JOIN conflict_case AS c ON c.id = a.case_id
 CROSS JOIN LATERAL (
       SELECT * FROM conflict
        WHERE conflict.case_id = c.id AND conflict.is_full
        ORDER BY conflict.state IN ('open', 'confirmed') DESC, conflict.score DESC, conflict.id
        LIMIT 1) AS f
 CROSS JOIN LATERAL (
       SELECT array_agg(sums.currency ORDER BY sums.currency) AS currencies,
              array_agg(sums.amount ORDER BY sums.currency) AS amounts
         FROM (SELECT conflict.value_currency AS currency, sum(conflict.value_at_risk) AS amount
                 FROM conflict
                WHERE conflict.case_id = c.id AND conflict.is_full AND conflict.state IN ('open', 'confirmed')
                GROUP BY conflict.value_currency) AS sums) AS money
 WHERE a.id = ANY(:alert_ids::bigint[]);

-- locales --
SELECT id, locale FROM hub_user WHERE id = ANY(:user_ids::bigint[]);

-- acknowledge --
-- Twice changes nothing: the first one stands. The remark becomes a step of the case, for colleagues alone.
WITH seen AS (
    UPDATE alert
       SET state = 'acknowledged', acknowledged_at = :now, acknowledged_by = :user_id, escalates_at = NULL
     WHERE id = :id AND acknowledged_at IS NULL
    RETURNING case_id)
INSERT INTO case_step (case_id, actor_id, occurred_at, comment)
SELECT seen.case_id, :user_id, :now, :comment FROM seen WHERE :comment::text IS NOT NULL
RETURNING case_id;
