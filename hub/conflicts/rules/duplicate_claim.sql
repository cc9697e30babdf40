-- keys --
-- A scope is a claim.
INSERT INTO judged SELECT DISTINCT claim_id::text FROM reached_claim ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged SELECT id::text FROM claim WHERE deleted_at IS NULL ON CONFLICT DO NOTHING;

-- ask --
INSERT INTO claim_asked
SELECT c.id FROM judged JOIN claim AS c ON c.id = judged.scope::bigint AND c.deleted_at IS NULL;

-- limit_questions --
INSERT INTO limit_asked
SELECT c.id, v.version, partner.home_region_id, p.product_group
  FROM claim_asked
  JOIN claim AS c ON c.id = claim_asked.claim_id
  JOIN policy_period AS v ON c.claim_date >= v.valid_from AND c.claim_date < v.valid_to
  JOIN partner ON partner.id = c.partner_id
  LEFT JOIN product AS p ON p.id = c.product_id;

-- bars --
INSERT INTO claim_limit
SELECT limit_id, max(value) FILTER (WHERE name = 'days'), max(value) FILTER (WHERE name = 'amount_tol')
  FROM limit_found GROUP BY limit_id;

-- judge --
INSERT INTO found
SELECT c.id::text, ARRAY[source.name, c.key],
       CASE t.level WHEN 'serial' THEN 'serial' WHEN 'exact' THEN 'exact' ELSE 'fuzzy' END, 'case', t.version, c.partner_id,
       CASE WHEN k.partner_id <> c.partner_id THEN k.partner_id END, p.base_id, NULL, p.product_group, c.claim_date,
       least(t.value, t.kept_value), 1,
       CASE t.level WHEN 'fuzzy' THEN 0.4 ELSE 1.0 END, '{}'::text[],
       jsonb_build_object(
           'claim', c.key, 'kept', k.key, 'kept_source', kept_source.name, 'program', c.program, 'level', t.level,
           'units', hub_decimal(t.units), 'value', hub_decimal(t.value), 'kept_value', hub_decimal(t.kept_value),
           'days_between', c.claim_date - k.claim_date,
           'equal', compared.equal, 'different', compared.different,
           'suggestion', jsonb_build_object('keep', k.key, 'review', c.key),
           'records', jsonb_build_array(
               hub_evidence('claim', 'claim', c.id, c.source_id, c.key, jsonb_build_object(
                   'partner', partner.code, 'program', c.program, 'kind', c.kind, 'sku', p.code, 'qty', hub_decimal(c.qty),
                   'amount', hub_decimal(c.amount), 'currency', c.currency, 'claim_date', c.claim_date,
                   'customer', customer.code, 'invoice_ref', c.invoice_ref, 'serial', c.serial, 'status', c.status)),
               hub_evidence('kept_claim', 'claim', k.id, k.source_id, k.key, jsonb_build_object(
                   'partner', kept_partner.code, 'program', k.program, 'kind', k.kind, 'sku', kept_product.code,
                   'qty', hub_decimal(k.qty), 'amount', hub_decimal(k.amount), 'currency', k.currency,
                   'claim_date', k.claim_date, 'customer', kept_customer.code, 'invoice_ref', k.invoice_ref,
                   'serial', k.serial, 'status', k.status)))),
       jsonb_build_array(
           hub_tried('replaced', 'none_found', c.key),
           hub_tried('stackable', CASE WHEN t.level <> 'serial' OR k.partner_id = c.partner_id THEN 'not_applicable'
                                       ELSE 'none_found' END, c.program),
           hub_tried('different_serials', CASE WHEN c.serial IS NULL OR k.serial IS NULL THEN 'not_applicable'
                                               ELSE 'none_found' END, c.serial),
           hub_tried('different_invoices', CASE WHEN c.invoice_ref IS NULL OR k.invoice_ref IS NULL THEN 'not_applicable'
                                                ELSE 'none_found' END, c.invoice_ref))
  FROM claim_twin AS t
  JOIN claim AS c ON c.id = t.claim_id
  JOIN claim AS k ON k.id = t.kept_id
  JOIN source ON source.id = c.source_id
  JOIN source AS kept_source ON kept_source.id = k.source_id
  JOIN partner ON partner.id = c.partner_id
  JOIN partner AS kept_partner ON kept_partner.id = k.partner_id
  LEFT JOIN product AS p ON p.id = c.product_id
  LEFT JOIN product AS kept_product ON kept_product.id = k.product_id
  LEFT JOIN customer ON customer.id = c.customer_id
  LEFT JOIN customer AS kept_customer ON kept_customer.id = k.customer_id
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_agg(name ORDER BY name) FILTER (WHERE same), '[]') AS equal,
              coalesce(jsonb_agg(name ORDER BY name) FILTER (WHERE NOT same), '[]') AS different
         FROM (VALUES
              ('partner', c.partner_id = k.partner_id), ('sku', c.product_id IS NOT DISTINCT FROM k.product_id),
              ('qty', c.qty IS NOT DISTINCT FROM k.qty), ('amount', (c.amount, c.currency) = (k.amount, k.currency)),
              ('claim_date', c.claim_date = k.claim_date), ('customer', c.customer_id IS NOT DISTINCT FROM k.customer_id),
              ('invoice_ref', c.invoice_ref IS NOT DISTINCT FROM k.invoice_ref),
              ('serial', c.serial IS NOT DISTINCT FROM k.serial)) AS field (name, same)) AS compared;
