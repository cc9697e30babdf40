-- held --
SELECT held.id, held.source_id, source.name AS source, held.key, held.partner_id, partner.code AS partner, held.region_id,
       region.code AS region, held.product_group, held.segment, held.exclusivity, held.valid_from, held.valid_to,
       held.contract_ref, held.revision
  FROM territory_grant AS held
  JOIN source ON source.id = held.source_id
  JOIN partner ON partner.id = held.partner_id
  JOIN region ON region.id = held.region_id
 WHERE held.id = :id AND held.deleted_at IS NULL
   FOR UPDATE OF held;

-- overlapping --
SELECT other.id
  FROM territory_grant AS mine
  JOIN territory_grant AS other ON other.partner_id <> mine.partner_id AND other.deleted_at IS NULL
 WHERE mine.id = :id
   AND (mine.exclusivity <> 'non_exclusive' OR other.exclusivity <> 'non_exclusive')
   AND (mine.product_group IN ('*', other.product_group) OR other.product_group = '*')
   AND (mine.segment IN ('*', other.segment) OR other.segment = '*')
   AND daterange(mine.valid_from, mine.valid_to) && daterange(other.valid_from, other.valid_to)
   AND EXISTS (SELECT FROM region_cover AS cover
                WHERE cover.region_id = mine.region_id AND cover.covered_id = other.region_id
                   OR cover.region_id = other.region_id AND cover.covered_id = mine.region_id)
 ORDER BY other.id
 LIMIT 100;
