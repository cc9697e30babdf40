-- links --
-- Every source that knows one of these keys, with the golden record it means there.
SELECT l.noun, l.source_id, l.key, l.golden_id, l.basis
  FROM identity_link AS l
  JOIN unnest(:nouns::text[], :keys::text[]) AS want (noun, key) ON want.noun = l.noun AND want.key = l.key;

-- masters --
-- The source that may speak for each noun: the one set as masters, else the only one that has the noun or brings it now.
SELECT noun, CASE WHEN bool_or(is_masters) THEN max(id) FILTER (WHERE is_masters) WHEN count(*) = 1 THEN max(id) END AS source_id
  FROM (SELECT n.noun, s.id, s.is_masters
          FROM source AS s, unnest(:nouns::text[]) AS n (noun)
         WHERE s.is_masters
            OR (NOT EXISTS (SELECT 1 FROM source AS m WHERE m.is_masters)
                AND (s.id = :source_id AND n.noun = ANY(:supplied::text[])
                     OR EXISTS (SELECT 1 FROM identity_link AS l WHERE l.noun = n.noun AND l.source_id = s.id)))) AS keepers
 GROUP BY noun;

-- by_tax_id --
-- Golden records with these registration numbers; a number that two of them share proves nothing.
SELECT l.noun, l.tax_id, min(l.golden_id) AS golden_id
  FROM identity_link AS l
  JOIN unnest(:nouns::text[], :tax_ids::text[]) AS want (noun, tax_id) ON want.noun = l.noun AND want.tax_id = l.tax_id
 GROUP BY l.noun, l.tax_id
HAVING count(DISTINCT l.golden_id) = 1;

-- by_alias --
-- Partners that a person confirmed under these names, used everywhere.
SELECT a.alias_key, min(a.partner_id) AS golden_id
  FROM partner_alias AS a
 WHERE a.alias_key = ANY(:names::text[]) AND a.channel = '*' AND a.status = 'confirmed' AND a.deleted_at IS NULL
 GROUP BY a.alias_key
HAVING count(DISTINCT a.partner_id) = 1;

-- owners --
-- Who describes these golden records; nobody when the source that did has withdrawn its record.
SELECT g.id, g.code,
       (SELECT l.source_id FROM identity_link AS l
         WHERE l.golden_id = g.id AND l.source_id = g.source_id AND l.deleted_at IS NULL LIMIT 1) AS source_id
  FROM (SELECT id, source_id, code FROM region WHERE id = ANY(:ids::bigint[])
        UNION ALL SELECT id, source_id, code FROM partner WHERE id = ANY(:ids::bigint[])
        UNION ALL SELECT id, source_id, code FROM customer WHERE id = ANY(:ids::bigint[])
        UNION ALL SELECT id, source_id, code FROM product WHERE id = ANY(:ids::bigint[])
        UNION ALL SELECT id, source_id, code FROM location WHERE id = ANY(:ids::bigint[])) AS g;

-- named --
-- Records of these sources that are referred to by their own key.
SELECT 'deal_registration' AS noun, key FROM deal_registration WHERE source_id = ANY(:sources::bigint[]) AND key = ANY(:keys::text[])
UNION ALL SELECT 'promotion', key FROM promotion WHERE source_id = ANY(:sources::bigint[]) AND key = ANY(:keys::text[])
UNION ALL SELECT 'claim', key FROM claim WHERE source_id = ANY(:sources::bigint[]) AND key = ANY(:keys::text[]);

-- bases --
-- Which of these products are base articles: their own base, one unit per pack.
SELECT id, base_id = id AND units_per_pack = 1 AS is_base FROM product WHERE id = ANY(:ids::bigint[]);

-- fresh --
-- Records linked since, whose likeness to those of other sources has not been looked for.
SELECT l.noun, l.golden_id, l.name
  FROM identity_link AS l
 WHERE l.source_id = :source_id AND l.basis = 'own' AND l.name IS NOT NULL AND l.deleted_at IS NULL
   AND l.noun IN ('partner', 'customer', 'product') AND l.created_at >= :since;

-- others --
SELECT l.golden_id, l.name
  FROM identity_link AS l
 WHERE l.noun = :noun AND l.source_id <> :source_id AND l.name IS NOT NULL AND l.deleted_at IS NULL;

-- suggest --
INSERT INTO identity_candidate (noun, left_id, right_id, score, reason)
SELECT :noun, least(c.one, c.other), greatest(c.one, c.other), max(c.score), 'name'
  FROM unnest(:ones::bigint[], :others::bigint[], :scores::float8[]) AS c (one, other, score)
 WHERE c.one <> c.other
 GROUP BY 1, 2, 3
    ON CONFLICT (noun, left_id, right_id) DO NOTHING
RETURNING id;

-- parents --
-- Who stands below whom in a tree.
SELECT id, parent_id FROM region WHERE parent_id IS NOT NULL AND :noun::text = 'region'
UNION ALL
SELECT id, parent_id FROM partner WHERE parent_id IS NOT NULL AND :noun::text = 'partner';
