-- findings --
-- Everything the rules say of the present records.
SELECT rule, parts, classification, is_full, mode
  FROM conflict
 WHERE state IN ('open', 'confirmed');

-- cases --
-- Every case with its strongest finding and the sum of what is at stake, the most serious first.
SELECT c.number, c.rule, c.band, c.score, coalesce(partner.name, strongest.evidence ->> 'seller', strongest.accused) AS partner,
       coalesce(region.name, strongest.region) AS place, at_stake.money, at_stake.currency,
       strongest.classification, strongest.event_day, strongest.accused, strongest.victim, strongest.product_group,
       strongest.base_sku, strongest.region, strongest.evidence
  FROM conflict_case AS c
  JOIN LATERAL (
       SELECT *
         FROM conflict AS f
        WHERE f.case_id = c.id AND f.is_full AND f.state IN ('open', 'confirmed')
        ORDER BY f.score DESC, f.id
        LIMIT 1) AS strongest ON true
 CROSS JOIN LATERAL (
       SELECT sum(f.value_at_risk) AS money, min(f.value_currency) AS currency
         FROM conflict AS f
        WHERE f.case_id = c.id AND f.is_full AND f.state IN ('open', 'confirmed')) AS at_stake
  LEFT JOIN partner ON partner.id = c.partner_id
  LEFT JOIN region ON region.id = strongest.region_id
 WHERE c.closed_at IS NULL
 ORDER BY c.score DESC, c.number;

-- full_findings --
-- Full findings made after another one, oldest first.
SELECT f.id, f.rule, f.mode, f.band, f.score, f.classification, f.event_day, f.accused, f.victim, f.product_group, f.base_sku,
       f.region, f.evidence, coalesce(partner.name, f.evidence ->> 'seller', f.accused) AS partner,
       coalesce(region.name, f.region) AS place, f.value_at_risk AS money, f.value_currency AS currency
  FROM conflict AS f
  LEFT JOIN partner ON partner.id = f.partner_id
  LEFT JOIN region ON region.id = f.region_id
 WHERE f.is_full AND f.state IN ('open', 'confirmed') AND f.id > :after
 ORDER BY f.id;

-- latest_finding --
SELECT coalesce(max(id), 0) FROM conflict;

-- rejects --
SELECT source.name AS source, reject.code, reject.field, reject.value, reject.message, reject.place
  FROM reject
  JOIN source ON source.id = reject.source_id
 WHERE reject.state = 'open'
 ORDER BY reject.id;

-- analyse --
-- All tables were filled a moment ago, and the server plans badly until it has counted them.
ANALYZE;
