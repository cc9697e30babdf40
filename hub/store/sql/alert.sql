-- due --
-- Takes what is due for one try. Until it is settled the try is on record and its lease, ten minutes, keeps others away;
-- a process that dies before it settles leaves the row due again when the lease is over.
UPDATE delivery
   SET state = 'retrying', attempts = attempts + 1, last_attempt_at = :now, next_attempt_at = :now + interval '10 minutes'
 WHERE id IN (SELECT id FROM delivery
               WHERE state IN ('pending', 'retrying') AND NOT held AND attempts < :most
                 AND coalesce(next_attempt_at, created_at) <= :now
               ORDER BY created_at, id
               LIMIT :many
                 FOR UPDATE SKIP LOCKED)
RETURNING id, alert_id, digest_id, route, channel, recipient, user_id, attempts;

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

-- open_cases --
SELECT id FROM conflict_case WHERE closed_at IS NULL;

-- candidates --
-- The cases that changed, and the open ones nobody was told of that wait for another event of these findings' kind, with what
-- decides whether they alert. Events are the distinct orders of the rule between the two partners in so many days up to the
-- case's latest one; only rules that ask for several are counted.
WITH waiting AS (
    SELECT c.id
      FROM conflict AS f
      JOIN conflict_case AS c
        ON c.rule = f.rule AND c.partner_id = f.partner_id AND c.affected_id IS NOT DISTINCT FROM f.affected_id
     WHERE f.id = ANY (:finding_ids::bigint[]) AND f.rule = ANY (:rules::text[]) AND c.closed_at IS NULL
       AND NOT EXISTS (SELECT FROM alert AS a WHERE a.case_id = c.id)
), looked_at AS (
    SELECT c.id, c.rule, c.score, c.band, c.partner_id, c.affected_id, judged.strongest, judged.latest
      FROM conflict_case AS c
     CROSS JOIN LATERAL (
           SELECT max(f.score) FILTER (WHERE f.state IN ('open', 'confirmed')) AS strongest,
                  max(f.event_day) FILTER (WHERE f.state IN ('open', 'confirmed')) AS latest, count(*) AS many
             FROM conflict AS f
            WHERE f.case_id = c.id AND f.is_full AND f.mode = 'case') AS judged
     WHERE (c.id = ANY (:case_ids::bigint[]) OR c.id IN (SELECT id FROM waiting)) AND c.closed_at IS NULL AND judged.many > 0
), counted AS (
    SELECT asked.rule, asked.partner_id, asked.affected_id, asked.latest,
           (SELECT count(DISTINCT (f.parts[1], f.parts[2]))
              FROM conflict AS f
             WHERE f.rule = asked.rule AND f.partner_id = asked.partner_id
               AND f.affected_id IS NOT DISTINCT FROM asked.affected_id
               AND f.event_day > asked.latest - span.days AND f.event_day <= asked.latest
               AND f.is_full AND f.mode = 'case' AND f.state IN ('open', 'confirmed')) AS events
      FROM (SELECT DISTINCT rule, partner_id, affected_id, latest FROM looked_at) AS asked
      JOIN unnest(:rules::text[], :days::int[]) AS span (rule, days) ON span.rule = asked.rule
)
SELECT l.id, l.rule, l.score, l.band, l.strongest, coalesce(counted.events, 1) AS events,
       coalesce(told.reasons, '{}') AS reasons, coalesce(told.bands, '{}') AS bands
  FROM looked_at AS l
  LEFT JOIN counted
    ON counted.rule = l.rule AND counted.partner_id = l.partner_id
   AND counted.affected_id IS NOT DISTINCT FROM l.affected_id AND counted.latest = l.latest
  LEFT JOIN LATERAL (
       SELECT array_agg(a.reason) AS reasons,
              array_agg(a.severity) FILTER (WHERE a.reason IN ('opened', 'band_up')) AS bands
         FROM alert AS a WHERE a.case_id = l.id) AS told ON true
 ORDER BY l.id;

-- raise --
INSERT INTO alert (case_id, reason, severity, dedupe, escalates_at, raised_at)
SELECT case_id, reason, severity, dedupe, escalates_at, :at
  FROM unnest(:case_ids::bigint[], :reasons::text[], :severities::text[], :dedupes::text[], :escalates::timestamptz[])
       AS wanted (case_id, reason, severity, dedupe, escalates_at)
    ON CONFLICT (dedupe) DO NOTHING
RETURNING id;

-- close --
-- What is over needs nobody's eye any more, and messages of it that have not gone out say nothing new.
WITH over AS (
    UPDATE alert AS a
       SET state = 'closed', escalates_at = NULL
      FROM conflict_case AS c
     WHERE c.id = a.case_id AND c.closed_at IS NOT NULL AND a.state IN ('open', 'escalated')
    RETURNING a.id
), left_out AS (
    UPDATE delivery AS d
       SET state = 'suppressed', next_attempt_at = NULL
      FROM over
     WHERE d.alert_id = over.id AND d.state = 'pending'
)
SELECT count(*) FROM over;

-- escalate --
-- Once: what is passed on is no longer open.
UPDATE alert SET state = 'escalated', escalates_at = NULL WHERE state = 'open' AND escalates_at <= :at RETURNING id;

-- reminders --
SELECT EXISTS (SELECT FROM alert WHERE state = 'open' AND escalates_at <= :at)
    OR EXISTS (SELECT FROM alert AS a JOIN conflict_case AS c ON c.id = a.case_id
                WHERE a.state IN ('open', 'escalated') AND c.closed_at IS NOT NULL);

-- facts --
-- What a message says of each alert's case: its most serious finding, how many stand, and their money by currency; an amount
-- nobody knows makes the whole unknown.
SELECT a.id AS alert_id, a.reason, a.severity, c.number, c.rule, c.score, f.classification, f.accused, f.region,
       f.product_group, f.event_day, standing.many AS findings, money.currencies, money.amounts
  FROM alert AS a
  JOIN conflict_case AS c ON c.id = a.case_id
 CROSS JOIN LATERAL (
       SELECT * FROM conflict
        WHERE conflict.case_id = c.id AND conflict.is_full
        ORDER BY conflict.state IN ('open', 'confirmed') DESC, conflict.score DESC, conflict.id
        LIMIT 1) AS f
 CROSS JOIN LATERAL (
       SELECT count(*) AS many
         FROM conflict
        WHERE conflict.case_id = c.id AND conflict.is_full AND conflict.state IN ('open', 'confirmed')) AS standing
 CROSS JOIN LATERAL (
       SELECT array_agg(sums.currency ORDER BY sums.currency) AS currencies,
              array_agg(sums.amount ORDER BY sums.currency) AS amounts
         FROM (SELECT conflict.value_currency AS currency, sum(conflict.value_at_risk) AS amount
                 FROM conflict
                WHERE conflict.case_id = c.id AND conflict.is_full AND conflict.state IN ('open', 'confirmed')
                GROUP BY conflict.value_currency) AS sums) AS money
 WHERE a.id = ANY (:alert_ids::bigint[]);

-- locales --
SELECT id, locale FROM hub_user WHERE id = ANY(:user_ids::bigint[]);

-- acknowledge --
-- Twice changes nothing: the first one stands. The remark becomes a step of the case, for colleagues alone.
WITH seen AS (
    UPDATE alert
       SET state = 'acknowledged', acknowledged_at = :now, acknowledged_by = :user_id, escalates_at = NULL
     WHERE id = :id AND acknowledged_at IS NULL
    RETURNING id, case_id
), logged AS (
    INSERT INTO audit (occurred_at, actor_id, action, noun, subject_id, reason)
    SELECT :now, :user_id, 'acknowledged', 'alert', seen.id, :comment FROM seen
)
INSERT INTO case_step (case_id, actor_id, occurred_at, comment)
SELECT seen.case_id, :user_id, :now, :comment FROM seen WHERE :comment::text IS NOT NULL
RETURNING id, case_id;
