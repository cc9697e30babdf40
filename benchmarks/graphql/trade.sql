-- step --
-- Further than any id reaches, so that those of different years never meet.
SELECT greatest((SELECT max(id) FROM sales_order), (SELECT max(id) FROM order_line));

-- earlier --
-- The same orders once more for each of the years before, so that there is something to page through.
INSERT INTO sales_order (id, source_id, key, raw_id, kind, state, ordered_on, placed_at, partner_id, customer_id, channel,
                         initiated, ship_to_region_id, currency, total, net_total, line_count)
SELECT id + :step::bigint * year, source_id, key || '-' || year, raw_id, kind, state, ordered_on - 365 * year,
       placed_at - interval '365 days' * year, partner_id, customer_id, channel, initiated, ship_to_region_id, currency, total,
       net_total, line_count
  FROM sales_order, generate_series(1, :years::int) AS year
 ORDER BY year, id;

-- earlier_lines --
INSERT INTO order_line (id, source_id, key, raw_id, order_id, number, product_id, sku, qty, amount, tax_included, tax_rate, status)
SELECT id + :step::bigint * year, source_id, key || '-' || year, raw_id, order_id + :step::bigint * year, number, product_id, sku,
       qty, amount, tax_included, tax_rate, status
  FROM order_line, generate_series(1, :years::int) AS year
 ORDER BY year, id;

-- most --
-- Whoever sold most, and the next.
SELECT partner_id FROM sales_order GROUP BY partner_id ORDER BY count(*) DESC, partner_id LIMIT 2;

-- brand --
-- One partner is the brand's own shop, so that its own sales have something to see.
UPDATE partner SET type = 'direct' WHERE id = :partner;

-- province --
-- Where a partner is at home, one step up: the region that a manager of several partners has.
SELECT home.parent_id FROM partner JOIN region AS home ON home.id = partner.home_region_id WHERE partner.id = :partner;
