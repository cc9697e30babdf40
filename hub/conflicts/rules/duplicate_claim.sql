-- keys --
-- A scope is a claim.
INSERT INTO judged SELECT DISTINCT claim_id::text FROM reached_claim ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged SELECT id::text FROM claim WHERE deleted_at IS NULL ON CONFLICT DO NOTHING;

-- ask --
INSERT INTO claim_asked SELECT scope::bigint FROM judged;

-- limit_questions --
-- The limits of likeness are those of the partner's seat and the article's group on the claim's day.
INSERT INTO limit_asked
SELECT c.claim_id, c.version, partner.home_region_id, base.product_group
  FROM claim_asked
  JOIN standing_claim AS c USING (claim_id)
  JOIN partner ON partner.id = c.partner_id
  JOIN product AS base ON base.id = c.base_id
 WHERE c.kind <> 'mdf' AND c.customer_id IS NOT NULL;

-- alike --
-- Where nothing says that it is the same again: claims for one customer that differ by little.
WITH bar AS (
    SELECT limit_id AS claim_id, max(value) FILTER (WHERE name = 'days') AS days,
           max(value) FILTER (WHERE name = 'amount_tol') AS amount_tol
      FROM limit_found
     GROUP BY limit_id
)
INSERT INTO claim_twin
SELECT DISTINCT ON (c.claim_id) c.claim_id, k.claim_id, 'fuzzy'
  FROM bar
  JOIN standing_claim AS c USING (claim_id)
  JOIN standing_claim AS k
    ON k.program = c.program AND k.partner_id = c.partner_id AND k.customer_id = c.customer_id AND k.base_id = c.base_id
   AND k.units = c.units
 WHERE k.kind <> 'mdf' AND (c.invoice IS NULL OR k.invoice IS NULL) AND (c.serial = k.serial) IS NOT FALSE
   AND c.day - k.day <= bar.days AND abs(c.value - k.value) <= bar.amount_tol * greatest(c.value, k.value)
   AND (k.day, k.key COLLATE "C", k.source COLLATE "C") < (c.day, c.key COLLATE "C", c.source COLLATE "C")
 ORDER BY c.claim_id, k.day, k.key COLLATE "C", k.source COLLATE "C"
    ON CONFLICT DO NOTHING;

-- judge --
INSERT INTO found
SELECT c.claim_id::text, ARRAY[c.source, c.key],
       CASE twin.level WHEN 'serial' THEN 'serial' WHEN 'exact' THEN 'exact' ELSE 'fuzzy' END,
       'case', c.version, c.partner_id, nullif(k.partner_id, c.partner_id), c.base_id, NULL, base.product_group, c.day,
       CASE WHEN c.value IS NOT NULL AND k.value IS NOT NULL THEN least(c.value, k.value) END, 1,
       CASE twin.level WHEN 'fuzzy' THEN 0.4 ELSE 1.0 END, '{}'::text[],
       jsonb_build_object(
           'claim', c.key, 'kept', k.key, 'kept_source', k.source, 'kept_on', k.day, 'program', c.program, 'kind', c.kind,
           'units', hub_decimal(c.units), 'value', hub_decimal(c.value), 'kept_value', hub_decimal(k.value),
           'invoice_ref', claim.invoice_ref, 'serial', c.serial, 'customer', customer.code, 'days_between', c.day - k.day,
           'equal', compared.equal, 'different', compared.different,
           'suggestion', jsonb_build_object('keep', k.key, 'review', c.key),
           'records', jsonb_build_array(
               hub_evidence('claim', 'claim', c.claim_id, claim.source_id, c.key, jsonb_build_object(
                   'partner', partner.code, 'program', c.program, 'kind', c.kind, 'sku', article.code,
                   'qty', hub_decimal(claim.qty), 'units', hub_decimal(c.units), 'amount', hub_decimal(c.amount),
                   'currency', c.currency, 'claim_date', c.day, 'customer', customer.code,
                   'invoice_ref', claim.invoice_ref, 'serial', c.serial, 'status', claim.status,
                   'replaces', claim.replaces)),
               hub_evidence('kept_claim', 'claim', k.claim_id, kept.source_id, k.key, jsonb_build_object(
                   'partner', kept_partner.code, 'program', k.program, 'kind', k.kind, 'sku', kept_article.code,
                   'qty', hub_decimal(kept.qty), 'units', hub_decimal(k.units), 'amount', hub_decimal(k.amount),
                   'currency', k.currency, 'claim_date', k.day, 'customer', kept_customer.code,
                   'invoice_ref', kept.invoice_ref, 'serial', k.serial, 'status', kept.status,
                   'replaces', kept.replaces)))),
       jsonb_build_array(
           hub_tried('replaced', 'none_found', NULL),
           hub_tried('stackable', CASE WHEN twin.level <> 'serial' OR k.partner_id = c.partner_id THEN 'not_applicable'
                                       ELSE 'none_found' END, c.program),
           hub_tried('different_serials', CASE WHEN c.serial IS NULL OR k.serial IS NULL THEN 'not_applicable'
                                               ELSE 'none_found' END, c.serial),
           hub_tried('different_invoices', CASE WHEN c.invoice IS NULL OR k.invoice IS NULL THEN 'not_applicable'
                                                WHEN c.invoice = k.invoice THEN 'none_found' ELSE 'found' END,
                     concat_ws(', ', claim.invoice_ref, kept.invoice_ref)))
  FROM claim_twin AS twin
  JOIN standing_claim AS c USING (claim_id)
  JOIN standing_claim AS k ON k.claim_id = twin.kept_id
  JOIN claim ON claim.id = c.claim_id
  JOIN claim AS kept ON kept.id = k.claim_id
  JOIN partner ON partner.id = c.partner_id
  JOIN partner AS kept_partner ON kept_partner.id = k.partner_id
  LEFT JOIN product AS base ON base.id = c.base_id
  LEFT JOIN product AS article ON article.id = c.product_id
  LEFT JOIN product AS kept_article ON kept_article.id = k.product_id
  LEFT JOIN customer ON customer.id = c.customer_id
  LEFT JOIN customer AS kept_customer ON kept_customer.id = k.customer_id
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_agg(name ORDER BY place) FILTER (WHERE mine = theirs), '[]') AS equal,
              coalesce(jsonb_agg(name ORDER BY place) FILTER (WHERE mine IS DISTINCT FROM theirs), '[]') AS different
         FROM (VALUES
              (1, 'partner', c.partner_id::text, k.partner_id::text), (2, 'sku', c.product_id::text, k.product_id::text),
              (3, 'units', hub_decimal(c.units), hub_decimal(k.units)),
              (4, 'amount', hub_decimal(c.amount) || c.currency, hub_decimal(k.amount) || k.currency),
              (5, 'claim_date', c.day::text, k.day::text), (6, 'customer', c.customer_id::text, k.customer_id::text),
              (7, 'invoice_ref', c.invoice, k.invoice), (8, 'serial', c.serial, k.serial)
              ) AS field (place, name, mine, theirs)) AS compared;
