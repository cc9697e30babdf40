-- desk --
-- The lines whose twins are looked for, and the pairs of different orders that may be one sale.
CREATE TEMP TABLE IF NOT EXISTS duplicate_line (
    line_id bigint, order_id bigint, base_id bigint, day date, units numeric, partner_id bigint, customer_id bigint,
    invoice text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS duplicate_pair (
    one_id bigint, other_id bigint, PRIMARY KEY (one_id, other_id)
) ON COMMIT DELETE ROWS;
-- Serials of the lines under judgement that did not come back.
CREATE TEMP TABLE IF NOT EXISTS duplicate_serial (line_id bigint, serial text) ON COMMIT DELETE ROWS;

-- mine --
-- Invoices are compared in capitals and without spaces.
INSERT INTO duplicate_line
SELECT line_id, order_id, base_id, day, units, partner_id, customer_id, upper(replace(invoice_ref, ' ', ''))
  FROM fresh_line WHERE kind = 'sell_out'
 ORDER BY base_id, day;

-- all_mine --
-- Every line that is not alone with its article, day and units, or whose serials are not listed once only.
WITH crowd AS (
    SELECT base_id, day, units FROM trade_line WHERE kind = 'sell_out' GROUP BY base_id, day, units
    HAVING min(order_id) <> max(order_id)
), listed AS MATERIALIZED (
    SELECT l.id, one.serial FROM order_line AS l CROSS JOIN LATERAL unnest(l.serials) AS one (serial) WHERE l.serials <> '{}'
), again AS (
    SELECT serial FROM listed GROUP BY serial HAVING count(*) > 1
)
INSERT INTO duplicate_line
SELECT t.line_id, t.order_id, t.base_id, t.day, t.units, t.partner_id, t.customer_id, upper(replace(t.invoice_ref, ' ', ''))
  FROM trade_line AS t JOIN crowd USING (base_id, day, units)
 WHERE t.kind = 'sell_out'
UNION
SELECT t.line_id, t.order_id, t.base_id, t.day, t.units, t.partner_id, t.customer_id, upper(replace(t.invoice_ref, ' ', ''))
  FROM listed JOIN again USING (serial) JOIN trade_line AS t ON t.line_id = listed.id
 WHERE t.kind = 'sell_out';

-- weigh_mine --
ANALYZE duplicate_line (line_id);

-- pairs --
-- Lines of other orders for the same article that share a serial, or the day, the units and two of seller, customer and invoice.
WITH found_pair AS (
    SELECT mine.line_id, other.line_id AS other_id
      FROM duplicate_line AS mine
      JOIN trade_line AS other
        ON other.base_id = mine.base_id AND other.day = mine.day AND other.units = mine.units AND other.kind = 'sell_out'
       AND other.order_id <> mine.order_id
     WHERE (other.partner_id = mine.partner_id OR other.customer_id = mine.customer_id)
       AND CASE WHEN mine.invoice IS NULL OR other.invoice_ref IS NULL
                THEN other.partner_id = mine.partner_id AND other.customer_id = mine.customer_id
                ELSE upper(replace(other.invoice_ref, ' ', '')) = mine.invoice END
    UNION
    SELECT mine.line_id, other.line_id
      FROM duplicate_line AS mine
      JOIN order_line AS l ON l.id = mine.line_id AND l.serials <> '{}'
     CROSS JOIN LATERAL unnest(l.serials) AS one (serial)
      JOIN order_line AS listed ON listed.serials @> ARRAY[one.serial] AND listed.serials <> '{}'
      JOIN trade_line AS other
        ON other.line_id = listed.id AND other.kind = 'sell_out' AND other.base_id = mine.base_id
       AND other.order_id <> mine.order_id
)
INSERT INTO duplicate_pair
SELECT DISTINCT least(line_id, other_id), greatest(line_id, other_id) FROM found_pair
    ON CONFLICT DO NOTHING;

-- keys --
-- A scope is a pair of lines. Beside the pairs there are, those that were: standing findings of a line that changed, or of a
-- partner or customer that is called otherwise now.
WITH mark AS MATERIALIZED (
    SELECT noun, record_id, old FROM changed WHERE noun IN ('product', 'customer', 'partner') AND old IS NOT NULL
), called AS (
    SELECT id AS base_id, code FROM product WHERE base_id = id
    UNION
    SELECT record_id, old ->> 'code' FROM mark WHERE noun = 'product'
), moved AS (
    SELECT line_id, base_id FROM reached_line WHERE kind = 'sell_out'
    UNION
    SELECT t.line_id, t.base_id
      FROM mark AS c
      JOIN customer AS k ON k.id = c.record_id
      JOIN sales_order AS o ON o.customer_id = k.id
      JOIN trade_line AS t ON t.order_id = o.id AND t.kind = 'sell_out'
     WHERE c.noun = 'customer' AND c.old ->> 'code' <> k.code
), renamed AS (
    SELECT p.id
      FROM mark AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old ->> 'code' <> p.code
)
INSERT INTO judged
SELECT one_id || '|' || other_id FROM duplicate_pair
UNION
SELECT f.scope
  FROM moved
  JOIN called USING (base_id)
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.base_sku = called.code AND f.state <> 'resolved_by_data'
   AND moved.line_id::text IN (split_part(f.scope, '|', 1), split_part(f.scope, '|', 2))
UNION
SELECT f.scope FROM renamed JOIN conflict AS f ON f.rule = :rule::text AND f.partner_id = renamed.id
 WHERE f.state <> 'resolved_by_data'
UNION
SELECT f.scope FROM renamed JOIN conflict AS f ON f.rule = :rule::text AND f.affected_id = renamed.id
 WHERE f.state <> 'resolved_by_data';

-- all_keys --
INSERT INTO judged SELECT one_id || '|' || other_id FROM duplicate_pair;

-- forget --
TRUNCATE duplicate_line, duplicate_pair;

-- theirs --
-- Both lines of each pair, with all their pairs: a line is told of the best of its earlier twins.
INSERT INTO duplicate_line
SELECT t.line_id, t.order_id, t.base_id, t.day, t.units, t.partner_id, t.customer_id, upper(replace(t.invoice_ref, ' ', ''))
  FROM (SELECT split_part(scope, '|', 1)::bigint AS line_id FROM judged
        UNION
        SELECT split_part(scope, '|', 2)::bigint FROM judged) AS side
  JOIN trade_line AS t USING (line_id)
 WHERE t.kind = 'sell_out';

-- pick --
INSERT INTO picked SELECT one_id FROM duplicate_pair UNION SELECT other_id FROM duplicate_pair;

-- serials --
-- A serial came back when a return of its line lists it.
INSERT INTO duplicate_serial
SELECT s.line_id, one.serial
  FROM sale AS s
 CROSS JOIN LATERAL unnest(s.serials) AS one (serial)
 WHERE NOT EXISTS (
       SELECT 1
         FROM order_line AS back
         JOIN trade_line AS t ON t.line_id = back.id AND t.kind = 'return'
        WHERE back.source_id = s.source_id AND back.return_of_order = s.order_key AND back.return_of_line = s.number
          AND one.serial = ANY (back.serials));

-- weigh --
ANALYZE sale (line_id), duplicate_pair, duplicate_serial;

-- judge --
WITH line AS MATERIALIZED (
    SELECT s.*, source.name AS source, upper(replace(s.invoice_ref, ' ', '')) AS invoice
      FROM sale AS s JOIN source ON source.id = s.source_id
), shared AS MATERIALIZED (
    SELECT pair.one_id, pair.other_id, jsonb_agg(one.serial ORDER BY one.serial COLLATE "C") AS serials
      FROM duplicate_pair AS pair
      JOIN duplicate_serial AS one ON one.line_id = pair.one_id
      JOIN duplicate_serial AS other ON other.line_id = pair.other_id AND other.serial = one.serial
     GROUP BY pair.one_id, pair.other_id
), twin AS (
    SELECT c.line_id, k.line_id AS kept_id, pair.one_id, pair.other_id, k.day AS kept_day, k.source AS kept_source,
           k.order_key AS kept_order, k.number AS kept_number, shared.serials,
           CASE WHEN shared.serials IS NOT NULL THEN 'serial'
                WHEN c.units <> k.units OR c.day <> k.day THEN NULL
                WHEN c.partner_id = k.partner_id AND c.invoice = k.invoice THEN 'exact'
                WHEN c.partner_id <> k.partner_id AND c.customer_id = k.customer_id AND c.invoice = k.invoice
                     AND c.drop_ship_for_id IS DISTINCT FROM k.partner_id AND k.drop_ship_for_id IS DISTINCT FROM c.partner_id
                     THEN 'cross_partner'
                WHEN c.partner_id = k.partner_id AND c.customer_id = k.customer_id AND c.amount = k.amount
                     AND c.currency = k.currency AND (c.invoice IS NULL OR k.invoice IS NULL) THEN 'natural_key' END AS level
      FROM (SELECT one_id, other_id, one_id AS kept_id, other_id AS line_id FROM duplicate_pair
            UNION ALL
            SELECT one_id, other_id, other_id, one_id FROM duplicate_pair) AS pair
      JOIN line AS k ON k.line_id = pair.kept_id
      JOIN line AS c ON c.line_id = pair.line_id
      LEFT JOIN shared ON shared.one_id = pair.one_id AND shared.other_id = pair.other_id
     WHERE (k.day, k.source COLLATE "C", k.order_key COLLATE "C", k.number)
           < (c.day, c.source COLLATE "C", c.order_key COLLATE "C", c.number)
       AND NOT coalesce(c.buyer_partner_id = k.partner_id, false) AND NOT coalesce(k.buyer_partner_id = c.partner_id, false)
), best AS (
    SELECT DISTINCT ON (line_id) *
      FROM twin
     WHERE level IS NOT NULL
     ORDER BY line_id, array_position(ARRAY['serial', 'exact', 'cross_partner', 'natural_key'], level), kept_day,
              kept_source COLLATE "C", kept_order COLLATE "C", kept_number
), facts AS (
    SELECT l.line_id, seller.code AS seller, customer.code AS customer,
           jsonb_build_object(
               'seller', seller.code, 'customer', customer.code, 'invoice_ref', l.invoice_ref, 'sku', l.sku,
               'units', hub_decimal(l.units), 'amount', hub_decimal(l.amount), 'currency', l.currency, 'order_date', l.day,
               'channel', l.channel, 'ship_to', ship_to.code) AS told
      FROM line AS l
      LEFT JOIN partner AS seller ON seller.id = l.partner_id
      LEFT JOIN customer ON customer.id = l.customer_id
      LEFT JOIN region AS ship_to ON ship_to.id = l.region_id
), compared AS (
    SELECT b.line_id,
           string_agg(one.key, ', ' ORDER BY one.place) FILTER (WHERE one.equal) AS equal_fields,
           string_agg(one.key, ', ' ORDER BY one.place) FILTER (WHERE NOT one.equal) AS different_fields
      FROM best AS b
      JOIN line AS c USING (line_id)
      JOIN line AS k ON k.line_id = b.kept_id
      JOIN facts AS mine ON mine.line_id = b.line_id
      JOIN facts AS kept ON kept.line_id = b.kept_id
     CROSS JOIN LATERAL (
           SELECT name.key, name.place,
                  coalesce(CASE name.key WHEN 'invoice_ref' THEN c.invoice = k.invoice
                                         ELSE mine.told ->> name.key = kept.told ->> name.key END, false) AS equal
             FROM unnest(ARRAY['seller', 'customer', 'invoice_ref', 'sku', 'units', 'amount', 'currency', 'order_date',
                               'channel', 'ship_to']) WITH ORDINALITY AS name (key, place)
            WHERE coalesce(mine.told ->> name.key, kept.told ->> name.key) IS NOT NULL) AS one
     GROUP BY b.line_id
)
INSERT INTO found
SELECT b.one_id || '|' || b.other_id, ARRAY[c.source, c.order_key, c.number::text], b.level, 'case', c.version, c.partner_id,
       nullif(k.partner_id, c.partner_id), c.product_id, c.region_id, c.product_group, c.day,
       round(c.net_units * c.unit_net, 2), 1,
       CASE b.level WHEN 'serial' THEN 1.0 WHEN 'exact' THEN 1.0 WHEN 'cross_partner' THEN 0.7 ELSE 0.2 END,
       '{}'::text[],
       jsonb_build_object(
           'order', c.order_key, 'line', c.number, 'kept_source', k.source, 'kept_order', k.order_key, 'kept_line', k.number,
           'kept_seller', kept.seller, 'units', hub_decimal(c.units), 'equal_fields', compared.equal_fields,
           'different_fields', compared.different_fields,
           'shared_serials', (SELECT string_agg(one.serial, ', ' ORDER BY one.place)
                                FROM jsonb_array_elements_text(b.serials) WITH ORDINALITY AS one (serial, place)),
           'keep', k.order_key || '|' || k.number, 'review', c.order_key || '|' || c.number,
           'records', jsonb_build_array(
               hub_evidence('kept_line', 'order_line', k.line_id, k.source_id, k.order_key || '|' || k.number, kept.told),
               hub_evidence('line_to_review', 'order_line', c.line_id, c.source_id, c.order_key || '|' || c.number,
                            mine.told))),
       jsonb_build_array(
           hub_tried('same_order', 'none_found', k.order_key),
           hub_tried('returned', CASE WHEN c.returned > 0 OR k.returned > 0 THEN 'found' ELSE 'none_found' END,
                     hub_decimal(k.returned) || ' and ' || hub_decimal(c.returned) || ' units came back'),
           hub_tried('resale', CASE WHEN c.partner_id = k.partner_id THEN 'not_applicable' ELSE 'none_found' END, NULL),
           hub_tried('drop_ship', CASE WHEN b.level = 'cross_partner' THEN 'none_found' ELSE 'not_applicable' END, NULL),
           hub_tried('repeat_order', CASE WHEN b.level = 'natural_key' THEN 'found' ELSE 'none_found' END, NULL))
  FROM best AS b
  JOIN line AS c USING (line_id)
  JOIN line AS k ON k.line_id = b.kept_id
  JOIN facts AS mine ON mine.line_id = b.line_id
  JOIN facts AS kept ON kept.line_id = b.kept_id
  JOIN compared ON compared.line_id = b.line_id;
