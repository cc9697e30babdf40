-- desk --
CREATE TEMP TABLE IF NOT EXISTS over_cell (
    cell_id bigint PRIMARY KEY, scope text, partner_id bigint, program text, base_id bigint
) ON COMMIT DELETE ROWS;
-- From the first day a cell's stock is known on (null: from the beginning) to the day after the last purchase.
CREATE TEMP TABLE IF NOT EXISTS over_span (
    cell_id bigint PRIMARY KEY, first_day date, end_day date, version int
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS over_claimed (cell_id bigint, claim_id bigint, units numeric, value numeric) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS over_stock (
    cell_id bigint PRIMARY KEY, opening numeric, bought numeric, given numeric, sent_back numeric
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
SELECT last_purchase.cell_id, opened.first_day, last_purchase.day + 1, v.version
  FROM last_purchase
  JOIN policy_period AS v ON last_purchase.day >= v.valid_from AND last_purchase.day < v.valid_to
  LEFT JOIN opened USING (cell_id);

-- ask --
INSERT INTO claim_asked
SELECT DISTINCT c.id
  FROM over_span
  JOIN over_cell AS cell USING (cell_id)
  JOIN claim AS c ON c.partner_id = cell.partner_id AND c.program = cell.program AND c.deleted_at IS NULL AND c.kind <> 'mdf'
  JOIN product AS p ON p.id = c.product_id AND p.base_id = cell.base_id;

-- claimed --
INSERT INTO over_claimed
SELECT cell.cell_id, c.id, c.qty * p.units_per_pack,
       c.amount * hub_rate(c.currency, c.claim_date, :base_currency::text)
  FROM over_span AS span
  JOIN over_cell AS cell USING (cell_id)
  JOIN claim AS c
    ON c.partner_id = cell.partner_id AND c.program = cell.program AND c.kind <> 'mdf' AND c.deleted_at IS NULL
   AND c.status IN ('submitted', 'approved', 'paid') AND c.claim_date < span.end_day
   AND (span.first_day IS NULL OR c.claim_date >= span.first_day)
  JOIN product AS p ON p.id = c.product_id AND p.base_id = cell.base_id
 WHERE NOT EXISTS (SELECT 1 FROM claim_twin AS twin WHERE twin.claim_id = c.id AND twin.level IN ('serial', 'exact'))
   AND NOT EXISTS (SELECT 1 FROM claim AS newer
                    WHERE newer.source_id = c.source_id AND newer.replaces = c.key AND newer.id <> c.id
                      AND newer.deleted_at IS NULL AND newer.status IN ('submitted', 'approved', 'paid'));

-- available --
WITH opening AS (
    SELECT span.cell_id, sum(i.opening * p.units_per_pack) AS units
      FROM over_span AS span
      JOIN over_cell AS cell USING (cell_id)
      JOIN product AS p ON p.base_id = cell.base_id
      JOIN inventory_month AS i
        ON i.partner_id = cell.partner_id AND i.product_id = p.id AND i.month = span.first_day AND i.deleted_at IS NULL
     GROUP BY span.cell_id
), moved AS (
    SELECT span.cell_id, sum(t.net_units) FILTER (WHERE t.kind <> 'return') AS bought,
           sum(t.units) FILTER (WHERE t.kind = 'return' AND l.return_of_order IS NULL) AS sent_back
      FROM over_span AS span
      JOIN over_cell AS cell USING (cell_id)
      JOIN trade_line AS t
        ON t.buyer_partner_id = cell.partner_id AND t.base_id = cell.base_id AND t.day < span.end_day
       AND (span.first_day IS NULL OR t.day >= span.first_day)
      JOIN order_line AS l ON l.id = t.line_id
     GROUP BY span.cell_id
), given AS (
    SELECT span.cell_id, sum(t.units) AS units
      FROM over_span AS span
      JOIN over_cell AS cell USING (cell_id)
      JOIN trade_line AS t
        ON t.partner_id = cell.partner_id AND t.base_id = cell.base_id AND t.kind = 'transfer' AND t.day < span.end_day
       AND (span.first_day IS NULL OR t.day >= span.first_day)
     GROUP BY span.cell_id
)
INSERT INTO over_stock
SELECT span.cell_id, coalesce(opening.units, 0), coalesce(moved.bought, 0), coalesce(given.units, 0),
       coalesce(moved.sent_back, 0)
  FROM over_span AS span
  LEFT JOIN opening USING (cell_id)
  LEFT JOIN moved USING (cell_id)
  LEFT JOIN given USING (cell_id);

-- weigh --
ANALYZE over_cell, over_span, over_claimed, over_stock;

-- limit_questions --
INSERT INTO limit_asked
SELECT cell.cell_id, span.version, partner.home_region_id, base.product_group
  FROM over_span AS span
  JOIN over_cell AS cell USING (cell_id)
  JOIN partner ON partner.id = cell.partner_id
  JOIN product AS base ON base.id = cell.base_id;

-- judge --
WITH bar AS (
    SELECT limit_id AS cell_id, value AS tol FROM limit_found WHERE name = 'tol'
), claimed AS (
    SELECT cell_id, sum(units) AS units, CASE WHEN count(value) = count(*) THEN sum(value) END AS value,
           jsonb_agg(hub_evidence('claim', 'claim', c.id, c.source_id, c.key, jsonb_build_object(
               'claim_date', c.claim_date, 'units', hub_decimal(over_claimed.units), 'amount', hub_decimal(c.amount),
               'currency', c.currency, 'status', c.status)) ORDER BY c.claim_date, c.key COLLATE "C", c.source_id) AS records
      FROM over_claimed JOIN claim AS c ON c.id = over_claimed.claim_id
     GROUP BY cell_id
), left_out AS (
    SELECT cell.cell_id, jsonb_agg(c.key ORDER BY c.key COLLATE "C", c.source_id) AS claims
      FROM claim_twin AS twin
      JOIN claim AS c ON c.id = twin.claim_id
      JOIN product AS p ON p.id = c.product_id
      JOIN over_cell AS cell
        ON cell.partner_id = c.partner_id AND cell.program = c.program AND cell.base_id = p.base_id
     WHERE twin.level IN ('serial', 'exact')
     GROUP BY cell.cell_id
), equation AS (
    SELECT cell.*, span.first_day, span.end_day, span.version, stock.*, claimed.units AS claimed, claimed.value, claimed.records,
           stock.opening + stock.bought - stock.given - stock.sent_back AS available
      FROM over_span AS span
      JOIN over_cell AS cell USING (cell_id)
      JOIN (SELECT cell_id AS stock_id, opening, bought, given, sent_back FROM over_stock) AS stock
        ON stock.stock_id = span.cell_id
      JOIN claimed USING (cell_id)
), compared AS (
    SELECT e.*, bar.tol, CASE WHEN e.claimed > e.available * (1 + bar.tol) THEN 'over_claim' END AS classification
      FROM equation AS e JOIN bar USING (cell_id)
)
INSERT INTO found
SELECT s.scope, ARRAY[partner.code, s.program, base.code], s.classification, 'case', s.version, s.partner_id, NULL, s.base_id, NULL,
       base.product_group, s.end_day - 1,
       round((s.claimed - s.available) * hub_ratio(s.value, s.claimed), 2),
       CASE WHEN s.available <= 0 THEN 1 ELSE hub_ratio(s.claimed - s.available, s.available) END, 0.4, '{}'::text[],
       jsonb_build_object(
           'program', s.program, 'from', s.first_day, 'until', s.end_day, 'opening', hub_decimal(s.opening),
           'bought', hub_decimal(s.bought), 'given', hub_decimal(s.given), 'sent_back', hub_decimal(s.sent_back),
           'available', hub_decimal(s.available), 'claimed', hub_decimal(s.claimed), 'claimed_value', hub_decimal(round(s.value, 2)),
           'tolerance', hub_decimal(s.tol), 'excluded_duplicates', coalesce(left_out.claims, '[]'::jsonb),
           'records', s.records),
       jsonb_build_array(
           hub_tried('duplicate_claims', CASE WHEN left_out.claims IS NULL THEN 'none_found' ELSE 'found' END,
                     jsonb_array_length(left_out.claims) || ' left out'),
           hub_tried('opening_stock', CASE WHEN s.first_day IS NULL THEN 'not_applicable' WHEN s.opening > 0 THEN 'found'
                                           ELSE 'none_found' END, hub_decimal(s.opening)),
           hub_tried('tolerance', 'none_found', hub_decimal(s.tol)))
  FROM compared AS s
  JOIN partner ON partner.id = s.partner_id
  JOIN product AS base ON base.id = s.base_id
  LEFT JOIN left_out USING (cell_id)
 WHERE s.classification IS NOT NULL;
