-- keys --
-- A scope is a pair of grants, by their ids. A grant is reached by its own change, by another grant of exactly its scope, by
-- its partner's place in the tree, by the passing of the day past overlaps are dropped, and by sales held back over it.
WITH RECURSIVE given AS (
    SELECT g.region_id, g.product_group, g.segment
      FROM changed AS c JOIN territory_grant AS g ON g.id = c.record_id WHERE c.noun = 'territory_grant'
    UNION
    SELECT g.region_id, g.product_group, g.segment
      FROM changed AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS g (region_id bigint, product_group text, segment text)
     WHERE c.noun = 'territory_grant' AND c.old IS NOT NULL
), member AS (
    SELECT p.id FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL
       AND ((c.old ->> 'parent_id')::bigint IS DISTINCT FROM p.parent_id OR c.old ->> 'code' <> p.code)
), below AS (
    SELECT id FROM member UNION SELECT p.id FROM below JOIN partner AS p ON p.parent_id = below.id
), held_back AS (
    SELECT h.region_id, h.product_group FROM happened AS h
     WHERE h.rule = 'cross_region_sale' AND h.classification = 'territory_disputed'
    UNION
    SELECT c.region_id, c.product_group FROM happened AS h JOIN conflict AS c ON c.id = h.conflict_id
     WHERE c.rule = 'cross_region_sale' AND c.classification = 'territory_disputed'
), reached AS (
    SELECT record_id AS id FROM changed WHERE noun = 'territory_grant'
    UNION
    SELECT g.id FROM given JOIN territory_grant AS g USING (region_id, product_group, segment)
    UNION
    SELECT g.id FROM below JOIN territory_grant AS g ON g.partner_id = below.id
    UNION
    SELECT g.id
      FROM held_back AS h
      JOIN region_cover AS c ON c.covered_id = h.region_id
      JOIN territory_grant AS g ON g.region_id = c.region_id AND g.product_group IN (h.product_group, '*')
    UNION
    SELECT g.id
      FROM territory_grant AS g
      CROSS JOIN LATERAL (SELECT (:since::timestamptz AT TIME ZONE :timezone::text)::date AS since_day) AS last
     WHERE g.valid_to > least(last.since_day, :today::date) - 90 AND g.valid_to <= greatest(last.since_day, :today::date) - 90
), near AS (
    SELECT g.id, c.covered_id AS other_region_id
      FROM reached JOIN territory_grant AS g USING (id) JOIN region_cover AS c ON c.region_id = g.region_id
    UNION
    SELECT g.id, c.region_id
      FROM reached JOIN territory_grant AS g USING (id) JOIN region_cover AS c ON c.covered_id = g.region_id
)
INSERT INTO judged
SELECT least(one.id, other.id) || '|' || greatest(one.id, other.id)
  FROM near
  JOIN territory_grant AS one ON one.id = near.id
  JOIN territory_grant AS other
    ON other.region_id = near.other_region_id AND other.partner_id <> one.partner_id AND other.deleted_at IS NULL
   AND (other.product_group = one.product_group OR '*' IN (other.product_group, one.product_group))
UNION
SELECT c.scope
  FROM reached
  JOIN conflict AS c
    ON c.rule = :rule::text AND c.state <> 'resolved_by_data'
   AND reached.id IN (split_part(c.scope, '|', 1)::bigint, split_part(c.scope, '|', 2)::bigint)
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT least(one.id, other.id) || '|' || greatest(one.id, other.id)
  FROM territory_grant AS one
  JOIN region_cover AS c ON c.region_id = one.region_id
  JOIN territory_grant AS other
    ON other.region_id = c.covered_id AND other.partner_id <> one.partner_id AND other.deleted_at IS NULL
   AND (other.product_group = one.product_group OR '*' IN (other.product_group, one.product_group))
 WHERE one.deleted_at IS NULL
    ON CONFLICT DO NOTHING;

-- judge --
WITH RECURSIVE ordered AS (
    SELECT j.scope, g.*, source.name AS source,
           row_number() OVER (PARTITION BY j.scope ORDER BY g.key COLLATE "C", source.name COLLATE "C") AS place
      FROM judged AS j
      JOIN territory_grant AS g
        ON g.id IN (split_part(j.scope, '|', 1)::bigint, split_part(j.scope, '|', 2)::bigint) AND g.deleted_at IS NULL
      JOIN source ON source.id = g.source_id
), chain AS (
    SELECT DISTINCT partner_id, partner_id AS above_id FROM ordered
    UNION
    SELECT chain.partner_id, p.parent_id FROM chain JOIN partner AS p ON p.id = chain.above_id WHERE p.parent_id IS NOT NULL
), pair AS (
    SELECT a.scope, a.id AS a_id, b.id AS b_id, a.source AS a_source, b.source AS b_source,
           coalesce(down.covered_id, a.region_id) AS region_id,
           CASE WHEN a.product_group = '*' THEN b.product_group ELSE a.product_group END AS product_group,
           (a.region_id, a.product_group, a.segment) = (b.region_id, b.product_group, b.segment) AS same,
           greatest(a.valid_from, b.valid_from) AS shared_from,
           least(coalesce(a.valid_to, 'infinity'), coalesce(b.valid_to, 'infinity')) AS shared_to
      FROM ordered AS a
      JOIN ordered AS b ON b.scope = a.scope AND a.place = 1 AND b.place = 2
      LEFT JOIN region_cover AS down ON down.region_id = a.region_id AND down.covered_id = b.region_id
      LEFT JOIN region_cover AS up ON up.region_id = b.region_id AND up.covered_id = a.region_id
     WHERE a.partner_id <> b.partner_id
       AND (a.exclusivity <> 'non_exclusive' OR b.exclusivity <> 'non_exclusive')
       AND (a.product_group = b.product_group OR '*' IN (a.product_group, b.product_group))
       AND (a.segment = b.segment OR '*' IN (a.segment, b.segment))
       AND (down.covered_id IS NOT NULL OR up.covered_id IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM chain WHERE (chain.partner_id, chain.above_id)
                                              IN ((a.partner_id, b.partner_id), (b.partner_id, a.partner_id)))
), standing AS (
    SELECT pair.*, policy_period.version, nullif(pair.shared_to, 'infinity') AS shared_end,
           CASE WHEN pair.shared_to <> 'infinity' THEN pair.shared_to - pair.shared_from END AS days
      FROM pair
      JOIN policy_period ON pair.shared_from >= policy_period.valid_from AND pair.shared_from < policy_period.valid_to
     WHERE pair.shared_from < pair.shared_to AND pair.shared_to > :today::date - 90
), holders AS (
    SELECT s.scope, count(DISTINCT g.partner_id) AS partners, bool_and(g.exclusivity <> 'non_exclusive') AS all_alone
      FROM standing AS s
      JOIN territory_grant AS mine ON mine.id = s.a_id
      JOIN territory_grant AS g
        ON g.region_id = mine.region_id AND g.product_group = mine.product_group AND g.segment = mine.segment
       AND g.deleted_at IS NULL AND g.valid_from <= s.shared_from AND (g.valid_to IS NULL OR s.shared_from < g.valid_to)
     WHERE s.same
     GROUP BY s.scope
), held_back AS (
    SELECT s.scope, count(DISTINCT c.parts[1:3]) AS lines
      FROM standing AS s
      JOIN region_cover AS place ON place.region_id = s.region_id
      JOIN conflict AS c
        ON c.rule = 'cross_region_sale' AND c.classification = 'territory_disputed' AND c.state <> 'resolved_by_data'
       AND c.region_id = place.covered_id AND c.event_day >= s.shared_from AND c.event_day < s.shared_to
       AND c.evidence -> 'records' @> jsonb_build_array(
               jsonb_build_object('code', 'holder_grant', 'id', s.a_id), jsonb_build_object('code', 'holder_grant', 'id', s.b_id))
     GROUP BY s.scope
), path AS (
    SELECT s.scope, string_agg(above.code, ' > ' ORDER BY above.depth) AS codes
      FROM standing AS s
      JOIN region_cover AS c ON c.covered_id = s.region_id
      JOIN region AS above ON above.id = c.region_id
     GROUP BY s.scope
)
INSERT INTO found
SELECT s.scope, ARRAY[s.a_source, a.key, s.b_source, b.key],
       CASE WHEN NOT s.same THEN 'nested'
            WHEN h.all_alone AND h.partners <= f.exclusive_max_holders THEN 'shared'
            ELSE 'overlap' END,
       'case', s.version, NULL, NULL, NULL, s.region_id, s.product_group, s.shared_from, NULL,
       CASE WHEN s.days IS NULL THEN 1 ELSE hub_ratio(s.days, 90) END,
       CASE WHEN a.contract_ref IS NOT NULL AND b.contract_ref IS NOT NULL THEN 1.0 ELSE 0.7 END,
       '{}'::text[],
       jsonb_build_object(
           'grant_a', a.key, 'grant_b', b.key, 'partner_a', pa.code, 'partner_b', pb.code,
           'contract_a', a.contract_ref, 'contract_b', b.contract_ref, 'region_path', path.codes,
           'shared_from', s.shared_from, 'shared_to', s.shared_end, 'shared_days', s.days,
           'disputed_sales', coalesce(held.lines, 0),
           'records', jsonb_build_array(
               hub_evidence('grant', 'territory_grant', a.id, a.source_id, a.key, jsonb_build_object(
                   'partner', pa.code, 'region', ra.code, 'product_group', a.product_group, 'segment', a.segment,
                   'exclusivity', a.exclusivity, 'valid_from', a.valid_from, 'valid_to', a.valid_to,
                   'contract_ref', a.contract_ref)),
               hub_evidence('grant', 'territory_grant', b.id, b.source_id, b.key, jsonb_build_object(
                   'partner', pb.code, 'region', rb.code, 'product_group', b.product_group, 'segment', b.segment,
                   'exclusivity', b.exclusivity, 'valid_from', b.valid_from, 'valid_to', b.valid_to,
                   'contract_ref', b.contract_ref)))),
       jsonb_build_array(
           hub_tried('same_line', 'none_found', pa.code || ', ' || pb.code),
           hub_tried('carve_out', CASE WHEN s.same THEN 'none_found' ELSE 'found' END, ra.code || ', ' || rb.code),
           hub_tried('shared_system', CASE WHEN NOT s.same THEN 'not_applicable'
                                           WHEN h.all_alone AND h.partners <= f.exclusive_max_holders THEN 'found'
                                           ELSE 'none_found' END, h.partners || ' partners'),
           hub_tried('past', 'none_found', s.shared_end::text))
  FROM standing AS s
  JOIN territory_grant AS a ON a.id = s.a_id
  JOIN territory_grant AS b ON b.id = s.b_id
  JOIN partner AS pa ON pa.id = a.partner_id
  JOIN partner AS pb ON pb.id = b.partner_id
  JOIN region AS ra ON ra.id = a.region_id
  JOIN region AS rb ON rb.id = b.region_id
  JOIN path ON path.scope = s.scope
  LEFT JOIN region_profile AS j ON j.version = s.version AND j.region_id = s.region_id
  JOIN profile AS f ON f.version = s.version AND f.name = coalesce(j.profile, 'default')
  LEFT JOIN holders AS h ON h.scope = s.scope
  LEFT JOIN held_back AS held ON held.scope = s.scope;
