-- policy_versions --
-- Published policies. Of two with one number from two sources the first source's holds.
SELECT DISTINCT ON (effective_from, version) version, effective_from, base_currency, timezone, body
  FROM policy_version
 WHERE state = 'published' AND deleted_at IS NULL
 ORDER BY effective_from, version, source_id;

-- currencies --
-- Up to two currencies that occur, for want of a policy that names the base currency.
WITH RECURSIVE ordered (currency) AS (
    SELECT min(currency) FROM sales_order WHERE deleted_at IS NULL
    UNION ALL
    SELECT (SELECT min(o.currency) FROM sales_order AS o WHERE o.currency > ordered.currency AND o.deleted_at IS NULL)
      FROM ordered WHERE ordered.currency IS NOT NULL
), priced (currency) AS (
    SELECT DISTINCT currency FROM price_policy WHERE deleted_at IS NULL
), known AS (
    SELECT currency FROM ordered WHERE currency IS NOT NULL UNION SELECT currency FROM priced
)
SELECT coalesce(array_agg(currency ORDER BY currency), '{}'::text[]) FROM (SELECT currency FROM known LIMIT 2) AS few;

-- region_profiles --
-- The profile of every region that lies under one the policy names; the nearest counts.
INSERT INTO region_profile (version, region_id, profile)
SELECT DISTINCT ON (j.version, c.covered_id) j.version, c.covered_id, j.profile
  FROM jurisdiction AS j
  JOIN region AS r ON r.code = j.region
  JOIN region_cover AS c ON c.region_id = r.id
 ORDER BY j.version, c.covered_id, c.distance;

-- present --
-- Which nouns have records.
SELECT noun FROM (
    SELECT 'sales_order' AS noun WHERE EXISTS (SELECT 1 FROM sales_order WHERE deleted_at IS NULL)
    UNION ALL SELECT 'offer' WHERE EXISTS (SELECT 1 FROM offer WHERE deleted_at IS NULL)
    UNION ALL SELECT 'territory_grant' WHERE EXISTS (SELECT 1 FROM territory_grant WHERE deleted_at IS NULL)
    UNION ALL SELECT 'price_policy' WHERE EXISTS (SELECT 1 FROM price_policy WHERE deleted_at IS NULL)
    UNION ALL SELECT 'promotion' WHERE EXISTS (SELECT 1 FROM promotion WHERE deleted_at IS NULL)
    UNION ALL SELECT 'deal_registration' WHERE EXISTS (SELECT 1 FROM deal_registration WHERE deleted_at IS NULL)
    UNION ALL SELECT 'claim' WHERE EXISTS (SELECT 1 FROM claim WHERE deleted_at IS NULL)
    UNION ALL SELECT 'serial_event' WHERE EXISTS (SELECT 1 FROM serial_event WHERE deleted_at IS NULL)
    UNION ALL SELECT 'inventory_level' WHERE EXISTS (SELECT 1 FROM inventory_level WHERE deleted_at IS NULL)
    UNION ALL SELECT 'inventory_month' WHERE EXISTS (SELECT 1 FROM inventory_month WHERE deleted_at IS NULL)
    UNION ALL SELECT 'reservation' WHERE EXISTS (SELECT 1 FROM reservation WHERE deleted_at IS NULL)
) AS existing;

-- watermark --
-- How far the streams of each source have been read.
SELECT coalesce(jsonb_object_agg(read.name, read.streams), '{}'::jsonb)
  FROM (SELECT source.name, jsonb_object_agg(stream.name, hub_instant(stream.watermark)) AS streams
          FROM source JOIN stream ON stream.source_id = source.id
         WHERE stream.watermark IS NOT NULL
         GROUP BY source.name) AS read;

-- judged_before --
SELECT rule, rule_version, basis, judged_to, failure, unsettled <> '[]' AS unsettled FROM detection;

-- judged_now --
INSERT INTO detection (rule, rule_version, basis, judged_to) VALUES (:rule, :version, :basis, :at)
    ON CONFLICT (rule) DO UPDATE
   SET rule_version = excluded.rule_version, basis = excluded.basis, judged_to = excluded.judged_to, failure = NULL,
       failed_at = NULL;

-- failed_now --
-- What a rule judged before it failed stays as it is.
INSERT INTO detection (rule, rule_version, basis, judged_to, failure, failed_at)
VALUES (:rule, :version, :basis, :at, :failure, :at)
    ON CONFLICT (rule) DO UPDATE SET failure = excluded.failure, failed_at = excluded.failed_at;

-- failures --
SELECT rule, failure, failed_at FROM detection WHERE failure IS NOT NULL ORDER BY rule;

-- outweighs --
-- Whether so many orders changed that judging everything once is cheaper. How many there are is only guessed at, as the planner
-- does: by how full the pages were that it has seen.
SELECT changed.number > :few::bigint
   AND changed.number >= 0.4 * CASE WHEN c.relpages > 0 THEN c.reltuples / c.relpages * pg_relation_size(c.oid) / 8192
                                    ELSE (SELECT count(*) FROM sales_order) END
  FROM pg_class AS c,
       (SELECT count(*) AS number FROM dirty_record WHERE noun = 'sales_order') AS changed
 WHERE c.oid = 'sales_order'::regclass;
