-- propose --
INSERT INTO approval (kind, subject_id, body, proposer_id, proposed_at)
VALUES (:kind, :subject_id, :body, :proposer_id, :at)
RETURNING *;

-- decide --
UPDATE approval
   SET state = :state, decided_by = :user_id, decided_at = :at, reason = :reason, version = version + 1
 WHERE id = :id AND state = 'proposed'
RETURNING *;

-- find --
SELECT * FROM approval WHERE id = :id;

-- hold --
SELECT * FROM approval WHERE id = :id FOR UPDATE;

-- pending --
SELECT * FROM approval WHERE kind = :kind AND subject_id = :subject_id AND state = 'proposed'
 ORDER BY id DESC LIMIT 1 FOR UPDATE;

-- lapse --
-- What was proposed for a case that has ended is no longer asked of anybody.
UPDATE approval
   SET state = 'withdrawn', decided_at = :at, reason = 'The case has ended.', version = version + 1
 WHERE subject_id = :case_id AND state = 'proposed';

-- may_approve --
SELECT EXISTS (SELECT 1 FROM hub_user WHERE id = :id AND active AND roles && ARRAY['admin', 'channel_manager']);
