-- ask --
INSERT INTO backtest (name, from_day, to_day, judged_at, rule_names, files, requested_by)
VALUES (:called, :from_day, :to_day, :at, :rules, :files, :user_id)
    ON CONFLICT (name) DO NOTHING
RETURNING id;

-- waiting --
-- One whose worker fell silent stays among them: nothing of it was kept.
SELECT id, name, from_day, to_day, judged_at, rule_names AS rules, files FROM backtest WHERE state = 'queued' ORDER BY requested_at, id;

-- answered --
UPDATE backtest
   SET state = 'done', finished_at = :now, present_version = :present_version, draft_version = :draft_version,
       watermark = :watermark, ground = :ground, runtime_ms = :runtime_ms, added_count = :added, removed_count = :removed,
       changed_count = :changed, alerts_per_week = :alerts_per_week, report = :report
 WHERE id = :id;

-- failed --
UPDATE backtest SET state = 'failed', finished_at = :now, error = :reason WHERE id = :id;

-- by_name --
SELECT id, name, state, from_day, to_day, judged_at, rule_names AS rules, present_version, draft_version, watermark, ground, runtime_ms, report
  FROM backtest WHERE name = :called;

-- listed --
SELECT name, state, from_day, to_day, judged_at, added_count AS added, removed_count AS removed,
       changed_count AS changed, requested_at
  FROM backtest WHERE name IS NOT NULL ORDER BY requested_at DESC, id DESC;

-- apart --
-- A finding that differs in one backtest only ends in the other as the present policy has it.
WITH one AS (
    SELECT * FROM backtest_difference WHERE backtest_id = :one
), other AS (
    SELECT * FROM backtest_difference WHERE backtest_id = :other
), both_ends AS (
    SELECT finding_key, coalesce(one.rule, other.rule) AS rule, coalesce(one.accused, other.accused) AS accused,
           coalesce(one.event_day, other.event_day) AS event_day,
           CASE WHEN one.id IS NULL THEN other.class_before ELSE one.class_after END AS class_one,
           CASE WHEN one.id IS NULL THEN other.score_before ELSE one.score_after END AS score_one,
           CASE WHEN other.id IS NULL THEN one.class_before ELSE other.class_after END AS class_other,
           CASE WHEN other.id IS NULL THEN one.score_before ELSE other.score_after END AS score_other
      FROM one FULL JOIN other USING (finding_key)
)
SELECT * FROM both_ends
 WHERE (class_one, score_one) IS DISTINCT FROM (class_other, score_other)
 ORDER BY rule, finding_key COLLATE "C";
