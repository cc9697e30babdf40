-- touched --
-- Findings to be scored again: what happened itself; the peers in whose 90 days it lies, before and after; and findings whose
-- impact is measured by sales that changed.
INSERT INTO rescore
SELECT conflict_id FROM happened WHERE kind <> 'resolved'
UNION
SELECT peer.id
  FROM (SELECT peers, event_day FROM happened
        UNION
        SELECT c.peers, c.event_day FROM happened AS h JOIN conflict AS c ON c.id = h.conflict_id) AS moved
  JOIN conflict AS peer
    ON peer.peers = moved.peers AND peer.event_day >= moved.event_day AND peer.event_day < moved.event_day + 90
 WHERE peer.state <> 'resolved_by_data'
UNION
SELECT c.id
  FROM moved_month AS sold
  JOIN conflict AS c
    ON c.partner_id = sold.partner_id AND c.event_day >= sold.month
   AND c.event_day < (sold.month + interval '3 months')::date
 WHERE c.value_at_risk > 0 AND c.state <> 'resolved_by_data'
    ON CONFLICT DO NOTHING;

-- everything --
INSERT INTO rescore SELECT id FROM conflict WHERE state <> 'resolved_by_data' ON CONFLICT DO NOTHING;

-- score --
-- Five terms, each between 0 and 1 with four decimals; their weighted sum with one; the lowest cap above all.
WITH subject AS (
    SELECT c.id, c.rule, coalesce(c.policy_version, 0) AS version, c.partner_id, c.is_full, c.state, c.event_day,
           c.value_at_risk, c.depth, c.strength, c.peers, nullif(c.region, '-') AS region, nullif(c.victim, '-') AS victim,
           c.caps, date_trunc('month', c.event_day)::date AS month
      FROM rescore JOIN conflict AS c ON c.id = rescore.conflict_id
), turnover AS (
    SELECT s.partner_id, s.month, sum(sold.value) AS value, count(*) AS months
      FROM (SELECT DISTINCT partner_id, month FROM subject WHERE partner_id IS NOT NULL AND value_at_risk > 0) AS s
      JOIN trade_month AS sold
        ON sold.partner_id = s.partner_id AND sold.month <= s.month AND sold.month >= (s.month - interval '2 months')::date
       AND sold.priced > 0
     GROUP BY s.partner_id, s.month
), peer AS (
    SELECT DISTINCT c.peers, c.event_day, nullif(c.region, '-') AS region, nullif(c.victim, '-') AS victim
      FROM (SELECT DISTINCT peers FROM subject) AS s
      JOIN conflict AS c ON c.peers = s.peers
     WHERE c.is_full AND c.state IN ('open', 'confirmed')
), around AS (
    SELECT s.peers, s.event_day, count(DISTINCT peer.event_day) AS days, bool_or(peer.event_day = s.event_day) AS own_day,
           array_agg(DISTINCT peer.region) FILTER (WHERE peer.region IS NOT NULL) AS regions,
           array_agg(DISTINCT peer.victim) FILTER (WHERE peer.victim IS NOT NULL) AS victims
      FROM (SELECT DISTINCT peers, event_day FROM subject) AS s
      JOIN peer ON peer.peers = s.peers AND peer.event_day > s.event_day - 90 AND peer.event_day <= s.event_day
     GROUP BY s.peers, s.event_day
), counted AS (
    SELECT s.*, turnover.value AS sold_value, turnover.months AS sold_months,
           greatest(1, coalesce(a.days, 0) + (s.is_full AND NOT coalesce(a.own_day, false))::int) AS days,
           greatest(1,
               coalesce(cardinality(a.regions), 0) + coalesce(s.region IS NOT NULL AND NOT coalesce(s.region = ANY (a.regions), false), false)::int,
               coalesce(cardinality(a.victims), 0) + coalesce(s.victim IS NOT NULL AND NOT coalesce(s.victim = ANY (a.victims), false), false)::int
           ) AS places
      FROM subject AS s
      LEFT JOIN around AS a ON a.peers = s.peers AND a.event_day = s.event_day
      LEFT JOIN turnover ON turnover.partner_id = s.partner_id AND turnover.month = s.month AND s.value_at_risk > 0
), term AS (
    SELECT c.*,
           -- greatest() and least() pass over an unknown, so it is replaced before they see it.
           round(least(1, greatest(0, coalesce(hub_ratio(c.value_at_risk * c.sold_months, c.sold_value * 0.05), 0.5))), 4)
               AS impact,
           round(least(1, greatest(0, coalesce(c.depth, 0.5))), 4) AS deep,
           round(least(1, greatest(0, c.strength)), 4) AS strong,
           round(least(1, hub_ratio(c.days, 5)), 4) AS often,
           round(least(1, hub_ratio(c.places, 3)), 4) AS wide
      FROM counted AS c
), summed AS (
    SELECT t.id, t.caps, w.low, w.medium, w.high, w.critical,
           round(t.impact * w.impact + t.deep * w.depth + t.strong * w.evidence + t.often * w.recurrence + t.wide * w.spread, 1)
               AS raw,
           (SELECT min((cap.one ->> 'cap')::numeric) FROM jsonb_array_elements(t.caps) AS cap (one)) AS lowest,
           jsonb_build_array(
               jsonb_build_object('code', 'impact', 'value', trim_scale(t.impact), 'weight', trim_scale(w.impact),
                   'points', trim_scale(t.impact * w.impact), 'inputs', jsonb_build_object(
                       'value_at_risk', hub_decimal(t.value_at_risk), 'sales', hub_decimal(t.sold_value),
                       'months', t.sold_months)),
               jsonb_build_object('code', 'depth', 'value', trim_scale(t.deep), 'weight', trim_scale(w.depth),
                   'points', trim_scale(t.deep * w.depth), 'inputs', jsonb_build_object('depth', hub_decimal(t.depth))),
               jsonb_build_object('code', 'evidence', 'value', trim_scale(t.strong), 'weight', trim_scale(w.evidence),
                   'points', trim_scale(t.strong * w.evidence), 'inputs', jsonb_build_object(
                       'strength', hub_decimal(t.strength))),
               jsonb_build_object('code', 'recurrence', 'value', trim_scale(t.often), 'weight', trim_scale(w.recurrence),
                   'points', trim_scale(t.often * w.recurrence), 'inputs', jsonb_build_object('days', t.days)),
               jsonb_build_object('code', 'spread', 'value', trim_scale(t.wide), 'weight', trim_scale(w.spread),
                   'points', trim_scale(t.wide * w.spread), 'inputs', jsonb_build_object('places', t.places))) AS terms
      FROM term AS t JOIN weighting AS w ON w.version = t.version
), scored AS (
    SELECT id, raw, least(raw, lowest) AS score, terms, low, medium, high, critical,
           CASE WHEN raw > lowest THEN caps -> 0 ->> 'code' END AS capped_by
      FROM summed
), remembered AS (
    INSERT INTO happened
    SELECT c.id, c.rule, 'changed', c.revision, c.classification, c.is_full, c.state, c.score, c.uncapped_score, c.evidence,
           c.peers, c.event_day, c.case_id, c.region_id, c.product_group, c.affected_id
      FROM scored JOIN conflict AS c USING (id)
     WHERE scored.score <> c.score
        OR (c.state = 'dismissed' AND scored.raw - coalesce(c.dismissed_score, c.uncapped_score) >= 10)
        ON CONFLICT (conflict_id) DO NOTHING
)
UPDATE conflict AS c
   SET score = s.score, uncapped_score = s.raw, terms = s.terms, capped_by = s.capped_by,
       dismissed_score = CASE WHEN c.state = 'dismissed' THEN coalesce(c.dismissed_score, c.uncapped_score) END,
       band = CASE WHEN s.score < s.low THEN 'info' WHEN s.score < s.medium THEN 'low' WHEN s.score < s.high THEN 'medium'
                   WHEN s.score < s.critical THEN 'high' ELSE 'critical' END
  FROM scored AS s
 WHERE c.id = s.id
   AND ((c.score, c.uncapped_score, c.capped_by) IS DISTINCT FROM (s.score, s.raw, s.capped_by) OR c.terms <> s.terms);

-- reopen --
-- A dismissed finding opens again when it has grown by ten points since. Its peers are then scored again.
WITH grown AS (
    SELECT c.id
      FROM happened AS h JOIN conflict AS c ON c.id = h.conflict_id
     WHERE c.state = 'dismissed' AND c.uncapped_score - c.dismissed_score >= 10
), told AS (
    UPDATE happened SET kind = 'reopened' FROM grown WHERE grown.id = happened.conflict_id
)
UPDATE conflict AS c SET state = 'open', dismissed_score = NULL FROM grown WHERE c.id = grown.id
RETURNING c.id;
