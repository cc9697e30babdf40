-- touched --
-- Findings to be scored again: what happened itself or was judged by a person, and the peers in whose 90 days it lies, before
-- and after; and of those whose impact is measured by sales that changed the few that these sales take out of their span.
WITH sold AS MATERIALIZED (
    SELECT DISTINCT partner_id, (month + make_interval(months => later))::date AS month
      FROM moved_month, generate_series(0, 2) AS later
     ORDER BY 1, 2
), turnover AS MATERIALIZED (
    SELECT sold.partner_id, sold.month, (sum(t.value) / nullif(count(t.value), 0))::float8 AS mean
      FROM sold
      LEFT JOIN trade_month AS t
        ON t.partner_id = sold.partner_id AND t.month <= sold.month AND t.month >= (sold.month - interval '2 months')::date
       AND t.priced > 0
     GROUP BY sold.partner_id, sold.month
     ORDER BY sold.partner_id, sold.month
), moved AS MATERIALIZED (
    SELECT c.id
      FROM turnover AS t
      JOIN conflict AS c
        ON c.partner_id = t.partner_id AND c.event_day >= t.month AND c.event_day < (t.month + interval '1 month')::date
     WHERE c.sales_above IS NOT NULL AND (t.mean > c.sales_above AND t.mean < c.sales_below) IS NOT TRUE
)
INSERT INTO rescore
SELECT conflict_id FROM happened WHERE kind <> 'resolved'
UNION
SELECT peer.id
  FROM (SELECT peers, event_day FROM happened
        UNION
        SELECT c.peers, c.event_day FROM happened AS h JOIN conflict AS c ON c.id = h.conflict_id
        UNION
        SELECT c.peers, c.event_day
          FROM changed JOIN conflict AS c ON c.id = changed.record_id AND changed.noun = 'conflict') AS moved
  JOIN conflict AS peer
    ON peer.peers = moved.peers AND peer.event_day >= moved.event_day AND peer.event_day < moved.event_day + 90
 WHERE peer.state <> 'resolved_by_data'
UNION
SELECT c.id FROM moved JOIN conflict AS c USING (id) WHERE c.state <> 'resolved_by_data'
    ON CONFLICT DO NOTHING;

-- everything --
INSERT INTO rescore SELECT id FROM conflict WHERE state <> 'resolved_by_data' ON CONFLICT DO NOTHING;

-- score --
-- The points, and the lowest cap above all. Many findings come out as they were: only what differs is written.
WITH subject AS MATERIALIZED (
    SELECT c.id, coalesce(c.policy_version, 0) AS version, c.partner_id, c.is_full, c.event_day, c.value_at_risk, c.depth,
           c.strength, c.peers, nullif(c.region, '-') AS region, nullif(c.victim, '-') AS victim, c.caps, c.days, c.places,
           date_trunc('month', c.event_day::timestamp)::date AS month, c.state = 'dismissed' AS dismissed,
           c.evidence_changed AS gone, coalesce(c.dismissed_score, c.uncapped_score) AS dismissed_at, c.score,
           c.uncapped_score, c.capped_by, c.band, c.sales_above, c.sales_below
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
      FROM (SELECT peers, min(event_day) AS first_day, max(event_day) AS last_day FROM subject GROUP BY peers) AS s
      JOIN conflict AS c ON c.peers = s.peers AND c.event_day > s.first_day - 90 AND c.event_day <= s.last_day
     WHERE c.is_full AND c.state IN ('open', 'confirmed')
), around AS (
    SELECT s.peers, s.event_day, count(DISTINCT peer.event_day) AS days, bool_or(peer.event_day = s.event_day) AS own_day,
           array_agg(DISTINCT peer.region) FILTER (WHERE peer.region IS NOT NULL) AS regions,
           array_agg(DISTINCT peer.victim) FILTER (WHERE peer.victim IS NOT NULL) AS victims
      FROM (SELECT DISTINCT peers, event_day FROM subject) AS s
      JOIN peer ON peer.peers = s.peers AND peer.event_day > s.event_day - 90 AND peer.event_day <= s.event_day
     GROUP BY s.peers, s.event_day
), counted AS (
    SELECT s.id, s.version, s.partner_id, s.month, s.value_at_risk, s.depth, s.strength, s.caps, s.dismissed, s.gone,
           s.dismissed_at, s.score, s.uncapped_score, s.capped_by, s.band, s.sales_above, s.sales_below, s.days AS days_before, s.places AS places_before,
           greatest(1, coalesce(a.days, 0) + (s.is_full AND NOT coalesce(a.own_day, false))::int)::int AS days,
           greatest(1,
               coalesce(cardinality(a.regions), 0) + coalesce(s.region IS NOT NULL AND NOT coalesce(s.region = ANY (a.regions), false), false)::int,
               coalesce(cardinality(a.victims), 0) + coalesce(s.victim IS NOT NULL AND NOT coalesce(s.victim = ANY (a.victims), false), false)::int
           ) AS places
      FROM subject AS s
      LEFT JOIN around AS a USING (peers, event_day)
), measured AS MATERIALIZED (
    SELECT c.*, w.low, w.medium, w.high, w.critical, w.impact, t.value AS sales, t.months,
           hub_impact(c.value_at_risk, t.value, t.months) * w.impact AS by_sales,
           hub_other_points(c.depth, c.strength, c.days, c.places, w.depth, w.evidence, w.recurrence, w.spread) AS otherwise,
           CASE WHEN c.caps <> '[]' THEN (SELECT min((cap.one ->> 'cap')::numeric)
                                            FROM jsonb_array_elements(c.caps) AS cap (one)) END AS lowest
      FROM counted AS c
      JOIN weighting AS w ON w.version = c.version
      LEFT JOIN turnover AS t ON t.partner_id = c.partner_id AND t.month = c.month AND c.value_at_risk > 0
), summed AS (
    SELECT m.*, round(by_sales + otherwise, 1) AS raw,
           CASE WHEN value_at_risk > 0 AND partner_id IS NOT NULL
                THEN hub_sales_span(value_at_risk, sales, impact, otherwise, round(by_sales + otherwise, 1)) END AS span
      FROM measured AS m
), scored AS (
    SELECT s.*, least(s.raw, s.lowest) AS score_now, CASE WHEN s.raw > s.lowest THEN s.caps -> 0 ->> 'code' END AS capped_now
      FROM summed AS s
), banded AS (
    SELECT s.*, CASE WHEN s.score_now < s.low THEN 'info' WHEN s.score_now < s.medium THEN 'low'
                     WHEN s.score_now < s.high THEN 'medium' WHEN s.score_now < s.critical THEN 'high'
                     ELSE 'critical' END AS band_now,
           s.dismissed AND NOT s.gone AND s.raw - s.dismissed_at >= 10 AS grown
      FROM scored AS s
)
INSERT INTO scored
SELECT id, score_now, raw, capped_now, band_now, days, places, span[1], span[2], grown
  FROM banded
 WHERE (score, uncapped_score, capped_by, band, days_before, places_before, sales_above, sales_below)
       IS DISTINCT FROM (score_now, raw, capped_now, band_now, days, places, span[1], span[2])
    OR grown;

-- remember --
-- As they stand before, in whatever state a person has put them since they were counted.
INSERT INTO happened
SELECT c.id, c.rule, 'changed', c.revision, c.classification, c.is_full, c.state, c.score, c.uncapped_score, c.evidence,
       c.peers, c.event_day, c.case_id, c.region_id, c.product_group, c.affected_id
  FROM scored AS s JOIN conflict AS c ON c.id = s.conflict_id
 WHERE (s.score <> c.score OR s.grown) AND NOT EXISTS (SELECT 1 FROM happened AS h WHERE h.conflict_id = c.id)
   FOR NO KEY UPDATE OF c;

-- write --
UPDATE conflict AS c
   SET score = s.score, uncapped_score = s.uncapped_score, capped_by = s.capped_by, band = s.band, days = s.days,
       places = s.places, sales_above = s.sales_above, sales_below = s.sales_below,
       dismissed_score = CASE WHEN c.state = 'dismissed' THEN coalesce(c.dismissed_score, c.uncapped_score) END,
       revision = CASE WHEN h.kind <> 'raised' THEN h.revision + 1 ELSE c.revision END,
       changed_at = CASE WHEN h.kind <> 'raised' THEN :at ELSE c.changed_at END,
       judged_at = CASE WHEN h.kind <> 'raised' THEN :at ELSE c.judged_at END,
       watermark_at = CASE WHEN h.kind <> 'raised' THEN :at ELSE c.watermark_at END,
       watermark = CASE WHEN h.kind <> 'raised' THEN :watermark ELSE c.watermark END
  FROM scored AS s LEFT JOIN happened AS h USING (conflict_id)
 WHERE c.id = s.conflict_id;

-- reopen --
-- A dismissed finding opens again when it has grown by ten points since, unless its data is gone. Its peers are then scored
-- again.
WITH told AS (
    UPDATE happened SET kind = 'reopened' FROM scored WHERE scored.grown AND scored.conflict_id = happened.conflict_id
)
UPDATE conflict AS c SET state = 'open', dismissed_score = NULL FROM scored WHERE scored.grown AND scored.conflict_id = c.id
RETURNING c.id;
