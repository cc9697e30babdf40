-- trade --
-- Orders of two lines, by three partners at home in one province.
INSERT INTO source (id, name, title, connector) VALUES (1, 'depot', 'Depot', 'sheet');
INSERT INTO region (id, source_id, code, name, kind, path, depth, market_id)
VALUES (10, 1, 'CN', 'China', 'country', '{10}', 0, 10);
INSERT INTO region (id, source_id, code, name, kind, parent_id, path, depth, market_id)
VALUES (11, 1, 'CN-1', 'Province', 'province', 10, '{10,11}', 1, 10);
INSERT INTO region (id, source_id, code, name, kind, parent_id, path, depth, market_id)
VALUES (12, 1, 'CN-1-1', 'City', 'city', 11, '{10,11,12}', 2, 10);
INSERT INTO region_cover (region_id, covered_id, distance)
SELECT above.id, r.id, r.depth - above.depth FROM region AS r JOIN region AS above ON above.id = ANY (r.path);
INSERT INTO partner (id, source_id, code, name, home_region_id)
SELECT 100 + n, 1, 'P' || n, 'Partner ' || n, 12 FROM generate_series(0, 2) AS n;
INSERT INTO customer (id, source_id, code, name, region_id) VALUES (200, 1, 'C', 'Customer', 12);
INSERT INTO sales_order (id, source_id, key, raw_id, kind, ordered_on, placed_at, partner_id, customer_id, currency, total, net_total)
SELECT 1000 + n, 1, 'O' || n, 0, 'sell_out', date '2026-01-01' + n / 100, timestamptz '2026-01-01 08:00Z' + interval '7 minutes' * n,
       100 + n % 3, 200, 'CNY', 12.50 * n, 12.50 * n
  FROM generate_series(1, 1200) AS n;
INSERT INTO order_line (source_id, key, raw_id, order_id, number, product_id, sku, qty, amount, tax_rate)
SELECT 1, o.key || '-' || n, 0, o.id, n, 300 + n, 'A' || n, 2, o.total / 2, 0 FROM sales_order AS o, generate_series(1, 2) AS n;
