-- world --
-- Three years of trade by numbers alone: 31 provinces with 372 cities, 2,000 partners each holding some groups of its city
-- alone, 5,000 articles in 40 groups. 97 of 100 sales stay at home. `hub_draw(n, salt)` is the number's own chance, 0 to 1.
CREATE FUNCTION hub_draw(number bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(number, salt) & 9007199254740991)::float8 / 9007199254740992;

INSERT INTO source (id, name, title, connector) VALUES (1, 'depot', 'Depot', 'sheet');
INSERT INTO policy_version (source_id, key, raw_id, version, effective_from, base_currency, timezone, state, body)
VALUES (1, '1', 0, 1, '2023-01-01', 'CNY', 'Asia/Shanghai', 'published', '{"jurisdiction": {"regions": {"CN": "CN"}}}');

INSERT INTO region (id, source_id, code, name, kind, path, depth, market_id)
VALUES (10, 1, 'CN', 'China', 'country', '{10}', 0, 10);
INSERT INTO region (id, source_id, code, name, kind, parent_id, path, depth, market_id)
SELECT 100 + n, 1, 'CN-' || n, 'Province ' || n, 'province', 10, ARRAY[10, 100 + n], 1, 10 FROM generate_series(0, 30) AS n;
INSERT INTO region (id, source_id, code, name, kind, parent_id, path, depth, market_id)
SELECT 1000 + n, 1, 'CN-' || n % 31 || '-' || n, 'City ' || n, 'city', 100 + n % 31, ARRAY[10, 100 + n % 31, 1000 + n], 2, 10
  FROM generate_series(0, 371) AS n;
INSERT INTO region_cover (region_id, covered_id, distance)
SELECT above.id, r.id, r.depth - above.depth FROM region AS r JOIN region AS above ON above.id = ANY (r.path);
INSERT INTO region_neighbour (region_id, neighbour_id)
SELECT 1000 + n, 1000 + (n + 31) % 372 FROM generate_series(0, 371) AS n
UNION SELECT 1000 + (n + 31) % 372, 1000 + n FROM generate_series(0, 371) AS n;

INSERT INTO partner (id, source_id, code, name, home_region_id)
SELECT 10000 + n, 1, 'P' || n, 'Partner ' || n, 1000 + n % 372 FROM generate_series(0, 1999) AS n;
INSERT INTO product (id, source_id, code, name, base_id, units_per_pack, product_group)
SELECT 20000 + n, 1, 'A' || n, 'Article ' || n, 20000 + n, 1, 'G' || n % 40 FROM generate_series(0, 4999) AS n;
INSERT INTO product (id, source_id, code, name, base_id, units_per_pack, product_group)
SELECT 30000 + n, 1, 'A' || n || '-12', 'Article ' || n || ' by the dozen', 20000 + n, 12, 'G' || n % 40
  FROM generate_series(0, 4999, 5) AS n;
INSERT INTO customer (id, source_id, code, name, region_id)
SELECT 40000 + n, 1, 'C' || n, 'Customer ' || n, 1000 + n % 372 FROM generate_series(0, 19999) AS n;
INSERT INTO location (id, source_id, code, name, partner_id, region_id)
SELECT 70000 + n, 1, 'W' || n, 'Warehouse ' || n, 10000 + n, 1000 + n % 372 FROM generate_series(0, 1999) AS n;

-- Group g of city c is held by the partner of that city whose turn it is: partners c, c + 372, c + 744 ... of the 2,000.
INSERT INTO territory_grant (source_id, key, raw_id, partner_id, region_id, product_group, exclusivity, valid_from, valid_to)
SELECT 1, 'T' || c || '-' || g, 0, 10000 + c + 372 * (g % (CASE WHEN c < 140 THEN 6 ELSE 5 END)), 1000 + c, 'G' || g,
       'exclusive', '2023-01-01', '2027-01-01'
  FROM generate_series(0, 371) AS c, generate_series(0, 39) AS g;
INSERT INTO price_policy (source_id, key, raw_id, kind, product_id, region_id, unit_price, currency, valid_from, min_units)
SELECT 1, kind || n, 0, kind, 20000 + n, 10, (20 + 7 * (n % 50)) * times, 'CNY', '2023-01-01', 0
  FROM generate_series(0, 4999) AS n, (VALUES ('wholesale', 1.0), ('map', 2.0)) AS price (kind, times);
INSERT INTO promotion (source_id, key, raw_id, name, product_id, region_id, valid_from, valid_to)
SELECT 1, 'PR' || n, 0, 'Weeks ' || n, 20000 + n * 13, 100 + n % 31, date '2023-01-01' + n * 3, date '2023-01-15' + n * 3
  FROM generate_series(0, 299) AS n;

-- orders --
-- Orders of numbers :first to :last: sales, purchases of the sellers, and a few returns of the sale 50 numbers before.
WITH numbered AS (
    SELECT n, (hub_draw(n, 1) * 2000)::int % 2000 AS p, date '2023-01-01' + (hub_draw(n, 2) * 1095)::int AS day,
           hub_draw(n, 3) AS fate, hub_draw(n, 4) AS stray, hub_draw(n, 5) AS where_to, hub_draw(n, 6) AS how
      FROM generate_series(:first::bigint, :last::bigint) AS n
)
INSERT INTO sales_order (
    id, source_id, key, raw_id, kind, ordered_on, placed_at, partner_id, buyer_partner_id, customer_id, channel, invoice_ref,
    initiated, ship_to_region_id, currency, total, net_total, line_count)
SELECT 1000000 + n * 4, 1, 'O' || n, 0, CASE WHEN fate < 0.08 THEN 'sell_in' ELSE 'sell_out' END, day, day,
       CASE WHEN fate >= 0.08 THEN 10000 + p END, CASE WHEN fate < 0.08 THEN 10000 + p END,
       CASE WHEN fate >= 0.08 THEN 40000 + (where_to * 20000)::int % 20000 END,
       (ARRAY['trade', 'trade', 'trade', 'tmall', 'jd'])[1 + (how * 5)::int % 5],
       CASE WHEN how < 0.6 THEN 'INV' || n END, CASE WHEN where_to < 0.1 THEN 'passive' ELSE 'active' END,
       1000 + CASE WHEN stray < 0.03 THEN (where_to * 372)::int % 372 ELSE p % 372 END, 'CNY', 0, 0, 3
  FROM numbered;

-- lines --
-- Three lines each, of groups the seller holds at home; one in a hundred below the wholesale price, a few counted in packs.
WITH numbered AS (
    SELECT n, line, n * 4 + line AS seed, (hub_draw(n, 1) * 2000)::int % 2000 AS p
      FROM generate_series(:first::bigint, :last::bigint) AS n, generate_series(1, 3) AS line
), held AS (
    SELECT *, CASE WHEN p % 372 < 140 THEN 6 ELSE 5 END AS turns, p / 372 AS turn FROM numbered
), chosen AS (
    SELECT *, turn + turns * ((hub_draw(seed, 11) * (40 / turns))::int % (40 / turns)) AS g FROM held
), article AS (
    SELECT *, g + 40 * ((hub_draw(seed, 12) * 125)::int % 125) AS a, 1 + (power(hub_draw(seed, 13), 3) * 30)::int AS qty
      FROM chosen
)
INSERT INTO order_line (id, source_id, key, raw_id, order_id, number, product_id, sku, qty, amount, tax_rate, status)
SELECT 1000000 + n * 4 + line, 1, 'O' || n || '|' || line, 0, 1000000 + n * 4, line, 20000 + a, 'A' || a, qty,
       round((qty * (20 + 7 * (a % 50)) * CASE WHEN hub_draw(seed, 14) < 0.01 THEN 0.9
                                               WHEN hub_draw(seed, 14) < 0.011 THEN 12
                                               ELSE 1 + hub_draw(seed, 15) * 0.3 END)::numeric, 2), 0, 'delivered'
  FROM article;

-- returned --
-- One sale in a hundred comes back in part.
INSERT INTO sales_order (
    id, source_id, key, raw_id, kind, ordered_on, placed_at, partner_id, ship_to_region_id, currency, total, net_total,
    line_count)
SELECT o.id + 500000000, 1, 'R' || o.key, 0, 'return', o.ordered_on + 10, o.ordered_on + 10, o.partner_id,
       o.ship_to_region_id, 'CNY', 0, 0, 1
  FROM sales_order AS o WHERE o.kind = 'sell_out' AND hub_draw(o.id, 21) < 0.01;
INSERT INTO order_line (
    id, source_id, key, raw_id, order_id, number, product_id, sku, qty, amount, tax_rate, status, return_of_order,
    return_of_line)
SELECT l.id + 500000000, 1, 'R' || l.key, 0, l.order_id + 500000000, 1, l.product_id, l.sku, 1, 1, 0, 'delivered', o.key, 1
  FROM sales_order AS o JOIN order_line AS l ON l.order_id = o.id AND l.number = 1
 WHERE o.kind = 'sell_out' AND hub_draw(o.id, 21) < 0.01;

-- rest --
-- What the other rules look at.
INSERT INTO offer (
    source_id, key, raw_id, listing_id, observed_at, seller, seller_key, channel, product_id, region_id, price, min_qty,
    currency, tax_rate)
SELECT 1, 'L' || n || '|' || seen, 0, 'L' || n, timestamptz '2023-01-05' + make_interval(days => n % 900 + seen * 30),
       'Shop ' || n % 90, 'shop' || n % 90, 'tmall', 20000 + n % 5000, 1000 + n % 372,
       (20 + 7 * (n % 50)) * CASE WHEN n % 10 = 0 THEN 1.6 ELSE 2.1 END, 1, 'CNY', 0
  FROM generate_series(0, 3999) AS n, generate_series(0, 4) AS seen;
INSERT INTO partner_alias (source_id, key, raw_id, alias, alias_key, partner_id)
SELECT 1, '*|Shop ' || n, 0, 'Shop ' || n, 'shop' || n, 10000 + n FROM generate_series(0, 79) AS n;
INSERT INTO inventory_month (
    source_id, key, raw_id, partner_id, product_id, month, opening, closing, sell_in, sell_out, returns, returns_out,
    transfers_in, transfers_out, adjustments)
SELECT 1, p || '|' || a || '|' || m, 0, 10000 + p, 20000 + a, month, 100, 100 - wrong, bought, bought, 0, 0, 0, 0, 0
  FROM generate_series(0, 1999) AS p, generate_series(0, 35) AS m
 CROSS JOIN LATERAL (SELECT p % 40 + 40 * (p % 125) AS a, (date '2023-01-01' + make_interval(months => m))::date AS month,
                            40 + (hub_draw(p * 36 + m, 31) * 20)::int AS bought,
                            CASE WHEN hub_draw(p * 36 + m, 32) < 0.01 THEN 30 ELSE 0 END AS wrong) AS draw;
INSERT INTO inventory_level (
    source_id, key, raw_id, location_id, product_id, as_of, on_hand, in_transit, safety_stock)
SELECT 1, 'W' || n, 0, 70000 + n % 2000, 20000 + n, '2026-01-14T12:00:00Z', 50, 0, 0 FROM generate_series(0, 4999) AS n;
INSERT INTO reservation (source_id, key, raw_id, location_id, product_id, qty, reserved_at)
SELECT 1, 'B' || n, 0, 70000 + n % 2000, 20000 + n % 5000, 6, '2026-01-14T13:00:00Z' FROM generate_series(0, 9999) AS n;
INSERT INTO claim (
    source_id, key, raw_id, partner_id, program, product_id, qty, amount, currency, claim_date, invoice_ref)
SELECT 1, 'CL' || n, 0, 10000 + n % 2000, 'Q' || n % 8, 20000 + n % 5000, 5, 50, 'CNY', date '2023-02-01' + n % 900,
       'INV' || n / (CASE WHEN n % 50 = 1 THEN 2 ELSE 1 END)
  FROM generate_series(0, 19999) AS n;
INSERT INTO deal_registration (
    source_id, key, raw_id, partner_id, account_domain, product_group, registered_at, expires_on, status)
SELECT 1, 'D' || n, 0, 10000 + n % 2000, 'account' || n % 4900 || '.example', 'G' || n % 40,
       timestamptz '2023-01-10' + make_interval(days => n % 900), date '2023-04-10' + n % 900, 'approved'
  FROM generate_series(0, 4999) AS n;
INSERT INTO serial_event (
    source_id, key, raw_id, serial, product_id, event, partner_id, region_id, happened_at, lot)
SELECT 1, 'E' || n || '-' || step, 0, 'S' || n, 20000 + n / 20 % 5000, (ARRAY['ship_out', 'consumer_scan'])[step],
       CASE WHEN step = 1 THEN 10000 + n / 20 % 2000 END,
       CASE WHEN step = 2 THEN 1000 + CASE WHEN n / 20 % 33 = 0 THEN (n / 20 + 7) % 372 ELSE n / 20 % 2000 % 372 END END,
       timestamptz '2023-03-01' + make_interval(days => n / 20 % 800 + step * 20), 'LOT' || n / 20
  FROM generate_series(0, 19999) AS n, generate_series(1, 2) AS step;

-- choose --
-- Orders drawn at random, each with what its mark keeps of it.
SELECT o.id, jsonb_build_object('order', jsonb_build_object('source_id', o.source_id, 'kind', o.kind), 'lines', '[]'::jsonb) AS old
  FROM generate_series(1, :many::bigint) AS n
  JOIN sales_order AS o ON o.id = 1000000 + 4 * (hub_draw(n, 1000 + :round::int) * :orders::bigint)::bigint
 GROUP BY o.id;

-- correct --
-- Each chosen order is corrected: its first line's amount; of one in ten the quantity; one in thirty goes elsewhere.
WITH chosen AS (
    SELECT id, hub_draw(id, 2000 + :round::int) AS chance FROM unnest(:ids::bigint[]) AS one (id)
), moved AS (
    UPDATE sales_order AS o SET ship_to_region_id = 1000 + (c.chance * 3720)::int % 372
      FROM chosen AS c WHERE o.id = c.id AND c.chance < 0.03
)
UPDATE order_line AS l
   SET amount = round(l.amount * (0.99 + 0.02 * c.chance)::numeric, 2), qty = CASE WHEN c.chance > 0.9 THEN l.qty + 1 ELSE l.qty END
  FROM chosen AS c
 WHERE l.order_id = c.id AND l.number = 1;
