-- send --
INSERT INTO attachment (name, media_type, body, size, sha256, sent_by, sent_at)
SELECT :name::text, :media_type::text, :body::bytea, :size::int, :sha256::text, :user_id::bigint, :now::timestamptz
 WHERE (SELECT count(*) FROM attachment WHERE sent_by = :user_id AND case_id IS NULL) < :most::bigint
RETURNING id;

-- attach --
UPDATE attachment
   SET case_id = :case_id, visible_to_partner = :visible
 WHERE id = :id AND case_id IS NULL AND sent_by = :user_id
   AND (SELECT count(*) FROM attachment AS other WHERE other.case_id = :case_id) < :most::bigint
RETURNING id, name, sha256;

-- read --
SELECT name, media_type, body FROM attachment WHERE id = :id AND case_id IS NOT NULL;

-- forget --
DELETE FROM attachment WHERE case_id IS NULL AND sent_at < :now::timestamptz - interval '1 day';
