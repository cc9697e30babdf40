-- landed --
-- Proposed versions that a run brought, oldest first. What was agreed to before they changed is agreed to no more.
UPDATE policy_version
   SET proposed_by = NULL, proposed_at = NULL, note = NULL
 WHERE source_id = :source_id AND fetched_at = :at AND state = 'proposed' AND deleted_at IS NULL
RETURNING id;

-- known --
SELECT p.id, p.version, p.effective_from, p.base_currency, p.timezone, p.state, p.loosens, p.proposed_at, p.published_at,
       p.note, source.name AS source, proposer.email AS proposed_by, publisher.email AS published_by
  FROM policy_version AS p
  JOIN source ON source.id = p.source_id
  LEFT JOIN hub_user AS proposer ON proposer.id = p.proposed_by
  LEFT JOIN hub_user AS publisher ON publisher.id = p.published_by
 WHERE p.deleted_at IS NULL
 ORDER BY p.version DESC, p.state, source.name;

-- awaited --
-- Proposed versions that nothing published has overtaken.
SELECT version, loosens
  FROM policy_version
 WHERE state = 'proposed' AND deleted_at IS NULL
   AND version > coalesce((SELECT max(held.version) FROM policy_version AS held
                            WHERE held.state = 'published' AND held.deleted_at IS NULL), 0)
 ORDER BY version, source_id;

-- numbered --
-- Of several with one number the published one, else that of the first source.
SELECT id, version, effective_from, base_currency, timezone, body, state, loosens, proposed_by, proposed_at, note
  FROM policy_version
 WHERE version = :version AND deleted_at IS NULL
 ORDER BY state = 'published' DESC, source_id
 LIMIT 1;

-- held --
SELECT id, version, effective_from, body, state, proposed_by, note
  FROM policy_version
 WHERE id = :id AND deleted_at IS NULL
   FOR UPDATE;

-- proposed --
UPDATE policy_version SET proposed_by = :user_id, proposed_at = :at, note = :note, loosens = :loosens WHERE id = :id;

-- published --
UPDATE policy_version
   SET state = 'published', published_by = :user_id, published_at = :at, note = coalesce(note, :note), loosens = :loosens
 WHERE id = :id;

-- loosens --
UPDATE policy_version SET loosens = :loosens WHERE id = :id;

-- administrators --
SELECT count(*) FROM hub_user WHERE active AND 'admin' = ANY (roles);

-- roles --
SELECT roles FROM hub_user WHERE id = :user_id AND active;

-- lineage --
-- Regions with those they lie in, the nearest first.
SELECT r.code, array_agg(above.code ORDER BY c.distance) AS above
  FROM region AS r
  JOIN region_cover AS c ON c.covered_id = r.id
  JOIN region AS above ON above.id = c.region_id
 WHERE r.code = ANY (:codes::text[]) AND r.deleted_at IS NULL
 GROUP BY r.code;

-- changes --
SELECT path, value_before AS before, value_after AS after
  FROM hub_policy_changes(
         (SELECT hub_policy_document(one) FROM policy_version AS one WHERE one.id = :before),
         (SELECT hub_policy_document(other) FROM policy_version AS other WHERE other.id = :after))
 ORDER BY path COLLATE "C";

-- standing --
-- What the published versions among some keys of a source say.
SELECT key, effective_from, base_currency, timezone, body
  FROM policy_version
 WHERE source_id = :source_id AND key = ANY (:keys::text[]) AND state = 'published';

-- published_of --
-- The published versions that payloads brought.
SELECT key FROM policy_version WHERE raw_id = ANY (:raw_ids::bigint[]) AND state = 'published';

-- between --
-- Rows that hold on one of two days alone, each with its twin on the other. A mapping holds from the day it was accepted on.
WITH pair (noun, before_id, after_id) AS (
    SELECT 'territory_grant', CASE WHEN side.after THEN hub_grant_twin(g.id, :from_day, :to_day) ELSE g.id END,
           CASE WHEN side.after THEN g.id END
      FROM territory_grant AS g
     CROSS JOIN LATERAL (SELECT hub_holds(g.valid_from, g.valid_to, :to_day) AS after) AS side
     WHERE g.deleted_at IS NULL AND side.after <> hub_holds(g.valid_from, g.valid_to, :from_day)
       AND (side.after OR hub_grant_twin(g.id, :from_day, :to_day) IS NULL)
    UNION ALL
    SELECT 'price_policy', CASE WHEN side.after THEN hub_price_twin(p.id, :from_day, :to_day) ELSE p.id END,
           CASE WHEN side.after THEN p.id END
      FROM price_policy AS p
     CROSS JOIN LATERAL (SELECT hub_holds(p.valid_from, p.valid_to, :to_day) AS after) AS side
     WHERE p.deleted_at IS NULL AND side.after <> hub_holds(p.valid_from, p.valid_to, :from_day)
       AND (side.after OR hub_price_twin(p.id, :from_day, :to_day) IS NULL)
    UNION ALL
    SELECT 'promotion', CASE WHEN side.after THEN hub_promotion_twin(p.id, :from_day, :to_day) ELSE p.id END,
           CASE WHEN side.after THEN p.id END
      FROM promotion AS p
     CROSS JOIN LATERAL (SELECT hub_holds(p.valid_from, p.valid_to, :to_day) AS after) AS side
     WHERE p.deleted_at IS NULL AND side.after <> hub_holds(p.valid_from, p.valid_to, :from_day)
       AND (side.after OR hub_promotion_twin(p.id, :from_day, :to_day) IS NULL)
    UNION ALL
    SELECT 'unit_mapping', NULL, m.id
      FROM unit_mapping AS m
     WHERE m.state = 'accepted' AND hub_day_by_policy(m.accepted_at, :to_day) > :from_day
       AND hub_day_by_policy(m.accepted_at, :to_day) <= :to_day
), said AS MATERIALIZED (
    SELECT noun, hub_policy_said(noun, before_id) AS before, hub_policy_said(noun, after_id) AS after FROM pair
)
SELECT noun, CASE WHEN before IS NULL THEN 'began' WHEN after IS NULL THEN 'ended' ELSE 'changed' END AS change, before, after
  FROM said
 ORDER BY noun, coalesce(after, before) ->> 'source', coalesce(after, before) ->> 'key', coalesce(after, before) ->> 'product';

-- held_on --
-- The numbers of the versions that hold on two days.
SELECT (SELECT version FROM policy_version WHERE id = hub_policy_on(:from_day)) AS before,
       (SELECT version FROM policy_version WHERE id = hub_policy_on(:to_day)) AS after;

-- shift --
SELECT path, value_before AS before, value_after AS after
  FROM hub_policy_shift(:from_day, :to_day)
 ORDER BY path COLLATE "C";

-- alone --
-- Until the transaction ends nobody else brings a version or lets one hold.
LOCK TABLE policy_version IN SHARE ROW EXCLUSIVE MODE;

-- highest --
-- Versions that are gone count: their numbers are not given again.
SELECT coalesce(max(version), 0) FROM policy_version;
