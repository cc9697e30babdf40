-- judged --
WITH closed AS (
    SELECT rule, outcome, dismissal_reason FROM conflict_case
     WHERE closed_at > :since AND outcome IN ('confirmed', 'dismissed')
), reasons AS (
    SELECT rule, jsonb_object_agg(dismissal_reason, number ORDER BY dismissal_reason) AS dismissals
      FROM (SELECT rule, dismissal_reason, count(*) AS number
              FROM closed WHERE dismissal_reason IS NOT NULL GROUP BY rule, dismissal_reason) AS counted
     GROUP BY rule
)
SELECT closed.rule, count(*) FILTER (WHERE outcome = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE outcome = 'dismissed') AS dismissed,
       hub_ratio(count(*) FILTER (WHERE outcome = 'confirmed'), count(*)) AS precision,
       coalesce(min(reasons.dismissals::text)::jsonb, '{}') AS dismissals
  FROM closed LEFT JOIN reasons ON reasons.rule = closed.rule
 GROUP BY closed.rule;

-- suggestions --
SELECT * FROM hub_rule_suggestions(:rule, :levers, :since, :today) ORDER BY threshold, reason;
