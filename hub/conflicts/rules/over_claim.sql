-- desk --
CREATE TEMP TABLE IF NOT EXISTS over_cell (
    cell_id bigint PRIMARY KEY, scope text, partner_id bigint, program text, base_id bigint
) ON COMMIT DELETE ROWS;
-- From the first day a cell's stock is known on (null: from the beginning) to the day after the last purchase.
CREATE TEMP TABLE IF NOT EXISTS over_span (
    cell_id bigint PRIMARY KEY, partner_id bigint, program text, base_id bigint, first_day date, end_day date, version int
) ON COMMIT DELETE ROWS;
-- The terms of the equation: what was claimed, and what was bought, given away or sent back in the span.
CREATE TEMP TABLE IF NOT EXISTS over_claimed (cell_id bigint, claim_id bigint, repeats boolean) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS over_moved (cell_id bigint, line_id bigint, term text, units numeric) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS over_sum (
    cell_id bigint PRIMARY KEY, claimed numeric, value numeric, opening numeric, bought numeric, given numeric,
    sent_back numeric, available numeric
) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is partner|base|programme. Beside claims it is reached by what the partner buys, passes on or sends back, and by the
-- month its stock is first known of.
WITH traded AS (
    SELECT buyer_partner_id AS partner_id, base_id FROM reached_line WHERE buyer_partner_id IS NOT NULL
    UNION
    SELECT partner_id, base_id FROM reached_line WHERE kind = 'transfer' AND partner_id IS NOT NULL
), month AS (
    SELECT i.partner_id, i.product_id
      FROM changed AS m JOIN inventory_month AS i ON i.id = m.record_id WHERE m.noun = 'inventory_month'
    UNION
    SELECT old.partner_id, old.product_id
      FROM changed AS m CROSS JOIN LATERAL jsonb_to_record(m.old) AS old (partner_id bigint, product_id bigint)
     WHERE m.noun = 'inventory_month' AND m.old IS NOT NULL
), pair AS (
    SELECT partner_id, base_id FROM traded
    UNION
    SELECT month.partner_id, p.base_id FROM month JOIN product AS p ON p.id = month.product_id
    UNION
    SELECT i.partner_id, p.base_id
      FROM reached_product AS r JOIN product AS p ON p.id = r.product_id JOIN inventory_month AS i ON i.product_id = p.id
    UNION
    SELECT i.partner_id, (m.old ->> 'base_id')::bigint
      FROM changed AS m JOIN inventory_month AS i ON i.product_id = m.record_id
     WHERE m.noun = 'product' AND m.old IS NOT NULL
)
INSERT INTO judged
SELECT concat_ws('|', partner_id, base_id, program) FROM reached_claim WHERE base_id IS NOT NULL
UNION
SELECT concat_ws('|', pair.partner_id, pair.base_id, c.program)
  FROM pair
  JOIN claim AS c ON c.partner_id = pair.partner_id
  JOIN product AS p ON p.id = c.product_id AND p.base_id = pair.base_id
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT concat_ws('|', c.partner_id, p.base_id, c.program)
  FROM claim AS c JOIN product AS p ON p.id = c.product_id
 WHERE c.deleted_at IS NULL AND c.kind <> 'mdf'
    ON CONFLICT DO NOTHING;

-- cells --
-- The programme stands last in the scope: it may hold any character.
INSERT INTO over_cell
SELECT row_number() OVER (), scope, split_part(scope, '|', 1)::bigint,
       substr(scope, length(split_part(scope, '|', 1)) + length(split_part(scope, '|', 2)) + 3),
       split_part(scope, '|', 2)::bigint
  FROM judged;

-- spans --
WITH opened AS (
    SELECT cell.cell_id, min(i.month) AS first_day
      FROM over_cell AS cell
      JOIN product AS p ON p.base_id = cell.base_id
      JOIN inventory_month AS i ON i.partner_id = cell.partner_id AND i.product_id = p.id AND i.deleted_at IS NULL
     GROUP BY cell.cell_id
), last_purchase AS (
    SELECT cell.cell_id, max(t.day) AS day
      FROM over_cell AS cell
      JOIN trade_line AS t
        ON t.buyer_partner_id = cell.partner_id AND t.base_id = cell.base_id AND t.kind IN ('sell_in', 'sell_out', 'transfer')
     GROUP BY cell.cell_id
)
INSERT INTO over_span
SELECT cell.cell_id, cell.partner_id, cell.program, cell.base_id, opened.first_day, last_purchase.day + 1, policy_period.version
  FROM last_purchase
  JOIN over_cell AS cell USING (cell_id)
  JOIN policy_period ON last_purchase.day >= policy_period.valid_from AND last_purchase.day < policy_period.valid_to
  LEFT JOIN opened USING (cell_id);

-- unbought --
-- Of a partner whose purchases of the article are not known nothing can be said.
INSERT INTO skipped
SELECT 'no_purchases', count(*)
  FROM over_cell AS cell
 WHERE NOT EXISTS (SELECT 1 FROM over_span AS span WHERE span.cell_id = cell.cell_id)
   AND EXISTS (SELECT 1 FROM claim AS c JOIN product AS p ON p.id = c.product_id
                WHERE c.partner_id = cell.partner_id AND c.program = cell.program AND p.base_id = cell.base_id
                  AND c.kind <> 'mdf' AND c.deleted_at IS NULL)
HAVING count(*) > 0;

-- ask --
INSERT INTO claim_asked
SELECT c.id
  FROM over_span AS span
  JOIN claim AS c ON c.partner_id = span.partner_id AND c.program = span.program AND c.kind <> 'mdf'
  JOIN product AS p ON p.id = c.product_id AND p.base_id = span.base_id;

-- claimed --
INSERT INTO over_claimed
SELECT span.cell_id, c.claim_id, twin.claim_id IS NOT NULL
  FROM over_span AS span
  JOIN standing_claim AS c
    ON c.partner_id = span.partner_id AND c.program = span.program AND c.base_id = span.base_id AND c.kind <> 'mdf'
   AND c.day < span.end_day AND (span.first_day IS NULL OR c.day >= span.first_day)
  LEFT JOIN claim_twin AS twin ON twin.claim_id = c.claim_id;

-- moved --
INSERT INTO over_moved
SELECT span.cell_id, t.line_id, CASE t.kind WHEN 'return' THEN 'sent_back' ELSE 'bought' END,
       CASE t.kind WHEN 'return' THEN t.units ELSE t.net_units END
  FROM over_span AS span
  JOIN trade_line AS t
    ON t.buyer_partner_id = span.partner_id AND t.base_id = span.base_id AND t.day < span.end_day
   AND (span.first_day IS NULL OR t.day >= span.first_day)
  JOIN order_line AS l ON l.id = t.line_id
 -- A return that names its line is off that line already.
 WHERE t.kind <> 'return' OR l.return_of_order IS NULL
UNION ALL
SELECT span.cell_id, t.line_id, 'given', t.units
  FROM over_span AS span
  JOIN trade_line AS t
    ON t.partner_id = span.partner_id AND t.base_id = span.base_id AND t.kind = 'transfer' AND t.day < span.end_day
   AND (span.first_day IS NULL OR t.day >= span.first_day);

-- sums --
WITH claimed AS (
    SELECT over_claimed.cell_id, sum(c.units) AS units, CASE WHEN count(c.value) = count(*) THEN sum(c.value) END AS value
      FROM over_claimed JOIN standing_claim AS c USING (claim_id)
     WHERE NOT over_claimed.repeats
     GROUP BY over_claimed.cell_id
), opening AS (
    SELECT span.cell_id, sum(i.opening * p.units_per_pack) AS units
      FROM over_span AS span
      JOIN product AS p ON p.base_id = span.base_id
      JOIN inventory_month AS i
        ON i.partner_id = span.partner_id AND i.product_id = p.id AND i.month = span.first_day AND i.deleted_at IS NULL
     GROUP BY span.cell_id
), moved AS (
    SELECT cell_id, sum(units) FILTER (WHERE term = 'bought') AS bought, sum(units) FILTER (WHERE term = 'given') AS given,
           sum(units) FILTER (WHERE term = 'sent_back') AS sent_back
      FROM over_moved
     GROUP BY cell_id
)
INSERT INTO over_sum
SELECT cell_id, claimed.units, claimed.value, coalesce(opening.units, 0), coalesce(moved.bought, 0), coalesce(moved.given, 0),
       coalesce(moved.sent_back, 0),
       coalesce(opening.units, 0) + coalesce(moved.bought, 0) - coalesce(moved.given, 0) - coalesce(moved.sent_back, 0)
  FROM claimed LEFT JOIN opening USING (cell_id) LEFT JOIN moved USING (cell_id);

-- limit_questions --
INSERT INTO limit_asked
SELECT span.cell_id, span.version, partner.home_region_id, base.product_group
  FROM over_sum AS total
  JOIN over_span AS span USING (cell_id)
  JOIN partner ON partner.id = span.partner_id
  JOIN product AS base ON base.id = span.base_id
 WHERE total.claimed > total.available;

-- judge --
WITH verdict AS MATERIALIZED (
    SELECT total.*, bar.value AS tol,
           CASE WHEN total.claimed > total.available * (1 + bar.value) THEN 'over_claim' END AS classification
      FROM over_sum AS total JOIN limit_found AS bar ON bar.limit_id = total.cell_id AND bar.name = 'tol'
), term AS (
    SELECT claimed.cell_id, CASE WHEN claimed.repeats THEN 2 ELSE 1 END AS place, c.day, c.key, c.claim_id AS id,
           CASE WHEN claimed.repeats THEN 'repeated_claim' ELSE 'claim' END AS code, 'claim' AS noun, one.source_id,
           jsonb_build_object('claim_date', c.day, 'units', hub_decimal(c.units), 'amount', hub_decimal(c.amount),
                              'currency', c.currency, 'kind', c.kind, 'invoice_ref', one.invoice_ref, 'serial', c.serial,
                              'status', one.status, 'repeats', kept.key) AS facts
      FROM over_claimed AS claimed
      JOIN standing_claim AS c USING (claim_id)
      JOIN claim AS one ON one.id = c.claim_id
      LEFT JOIN claim_twin AS twin ON twin.claim_id = c.claim_id
      LEFT JOIN standing_claim AS kept ON kept.claim_id = twin.kept_id
    UNION ALL
    SELECT span.cell_id, 3, i.month, i.key, i.id, 'opening_stock', 'inventory_month', i.source_id,
           jsonb_build_object('month', to_char(i.month, 'YYYY-MM'), 'sku', p.code, 'opening', hub_decimal(i.opening),
                              'units', hub_decimal(i.opening * p.units_per_pack))
      FROM over_span AS span
      JOIN product AS p ON p.base_id = span.base_id
      JOIN inventory_month AS i
        ON i.partner_id = span.partner_id AND i.product_id = p.id AND i.month = span.first_day AND i.deleted_at IS NULL
    UNION ALL
    SELECT moved.cell_id, CASE moved.term WHEN 'bought' THEN 4 WHEN 'given' THEN 5 ELSE 6 END, t.day, l.key, l.id,
           CASE moved.term WHEN 'bought' THEN 'purchase_line' WHEN 'given' THEN 'transfer_line' ELSE 'return_line' END,
           'order_line', l.source_id,
           jsonb_build_object('order_date', t.day, 'kind', t.kind, 'sku', p.code, 'units', hub_decimal(t.units),
                              'net_units', hub_decimal(t.net_units))
      FROM over_moved AS moved
      JOIN trade_line AS t USING (line_id)
      JOIN order_line AS l ON l.id = t.line_id
      JOIN product AS p ON p.id = t.product_id
), numbered AS (
    SELECT term.*, row_number() OVER (PARTITION BY cell_id, place ORDER BY day DESC, key COLLATE "C" DESC, id DESC) AS number
      FROM term
     WHERE EXISTS (SELECT 1 FROM verdict WHERE verdict.cell_id = term.cell_id AND verdict.classification IS NOT NULL)
), gathered AS (
    SELECT cell_id, count(*) FILTER (WHERE place = 1) AS claims, count(*) FILTER (WHERE place = 4) AS purchases,
           coalesce(jsonb_agg(key ORDER BY day, key COLLATE "C", id) FILTER (WHERE place = 2), '[]') AS repeated,
           jsonb_agg(hub_evidence(code, noun, id, source_id, key, facts) ORDER BY place, number) FILTER (WHERE number <= 200)
               AS records
      FROM numbered
     GROUP BY cell_id
)
INSERT INTO found
SELECT cell.scope, ARRAY[partner.code, cell.program, base.code], v.classification, 'case', span.version, cell.partner_id, NULL,
       cell.base_id, NULL, base.product_group, span.end_day - 1,
       hub_ratio((v.claimed - v.available) * v.value, v.claimed),
       CASE WHEN v.available <= 0 THEN 1 ELSE hub_ratio(v.claimed - v.available, v.available) END, 0.4, '{}'::text[],
       jsonb_build_object(
           'program', cell.program, 'from', span.first_day, 'until', span.end_day, 'last_purchase', span.end_day - 1,
           'claimed', hub_decimal(v.claimed), 'claims', gathered.claims, 'claimed_value', hub_decimal(v.value),
           'repeated_claims', gathered.repeated, 'opening', hub_decimal(v.opening), 'bought', hub_decimal(v.bought),
           'purchases', gathered.purchases, 'given', hub_decimal(v.given), 'sent_back', hub_decimal(v.sent_back),
           'available', hub_decimal(v.available), 'excess', hub_decimal(v.claimed - v.available),
           'tolerance', hub_decimal(v.tol), 'records', gathered.records),
       jsonb_build_array(
           hub_tried('repeated_claims', CASE WHEN gathered.repeated = '[]' THEN 'none_found' ELSE 'found' END,
                     jsonb_array_length(gathered.repeated) || ' left out'),
           hub_tried('opening_stock', CASE WHEN span.first_day IS NULL THEN 'not_applicable' WHEN v.opening > 0 THEN 'found'
                                           ELSE 'none_found' END, hub_decimal(v.opening)),
           hub_tried('tolerance', 'none_found', hub_decimal(v.tol)))
  FROM verdict AS v
  JOIN over_cell AS cell USING (cell_id)
  JOIN over_span AS span USING (cell_id)
  JOIN gathered USING (cell_id)
  JOIN partner ON partner.id = cell.partner_id
  JOIN product AS base ON base.id = cell.base_id
 WHERE v.classification IS NOT NULL;
