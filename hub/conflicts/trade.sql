-- reached --
-- Lines of changed orders and the lines that came back by them, before or after; lines of changed products; and lines on the
-- days for which a changed rate is the latest, where its currency is used at all.
WITH mark AS MATERIALIZED (
    SELECT record_id, old FROM changed WHERE noun = 'sales_order'
), line AS MATERIALIZED (
    SELECT l.order_id, l.id, l.source_id, l.return_of_order, l.return_of_line
      FROM (SELECT DISTINCT record_id FROM mark) AS one JOIN order_line AS l ON l.order_id = one.record_id
), back AS (
    SELECT source_id, return_of_order, return_of_line FROM line WHERE return_of_order IS NOT NULL
    UNION
    SELECT (mark.old -> 'order' ->> 'source_id')::bigint, l.return_of_order, l.return_of_line
      FROM mark
     CROSS JOIN LATERAL jsonb_to_recordset(mark.old -> 'lines') AS l (return_of_order text, return_of_line int)
     WHERE mark.old -> 'order' ->> 'kind' = 'return' AND l.return_of_order IS NOT NULL
)
INSERT INTO stale_line (order_id, line_id)
SELECT order_id, id FROM line
UNION
SELECT l.order_id, l.id
  FROM back
  JOIN sales_order AS o ON o.source_id = back.source_id AND o.key = back.return_of_order
  JOIN order_line AS l ON l.order_id = o.id AND l.number = back.return_of_line
UNION
SELECT l.order_id, l.id FROM reached_product AS article JOIN order_line AS l ON l.product_id = article.product_id
UNION
SELECT l.order_id, l.id
  FROM reached_rate AS rate
  JOIN sales_order AS o ON o.ordered_on >= rate.first_day AND o.ordered_on < rate.end_day
   AND (rate.in_prices OR o.currency = rate.currency)
  JOIN order_line AS l ON l.order_id = o.id;

-- everything --
INSERT INTO stale_line (order_id, line_id) SELECT order_id, id FROM order_line;

-- derive --
-- The stale lines as they are now. Lines that came back whole are left out: no rule looks at them.
WITH line AS MATERIALIZED (
    SELECT l.id, l.order_id, l.source_id, o.key, l.number, o.kind, o.partner_id, o.buyer_partner_id, o.customer_id,
           o.ship_to_region_id, o.channel, o.invoice_ref, o.ordered_on, l.product_id, p.base_id, p.product_group,
           l.qty * p.units_per_pack AS units, l.amount * hub_rate(o.currency, o.ordered_on, :base_currency::text) AS amount,
           CASE WHEN l.tax_included THEN 1 + l.tax_rate ELSE 1 END AS gross
      FROM stale_line
      JOIN order_line AS l ON l.id = stale_line.line_id AND l.deleted_at IS NULL AND l.status <> 'cancelled'
      JOIN sales_order AS o ON o.id = stale_line.order_id AND o.deleted_at IS NULL
      JOIN product AS p ON p.id = l.product_id
), returned AS (
    SELECT line.id, sum(back.qty * article.units_per_pack) AS units
      FROM line
      JOIN order_line AS back
        ON back.source_id = line.source_id AND back.return_of_order = line.key AND back.return_of_line = line.number
       AND back.return_of_order IS NOT NULL AND back.deleted_at IS NULL AND back.status <> 'cancelled'
      JOIN product AS article ON article.id = back.product_id
     -- A subquery, so that it is asked of lines that came back only: there is no way in by the kind of an order.
     WHERE (SELECT home.kind = 'return' AND home.deleted_at IS NULL FROM sales_order AS home WHERE home.id = back.order_id)
     GROUP BY line.id
), net AS (
    SELECT line.*, line.units - coalesce(returned.units, 0) AS net_units,
           hub_ratio(line.amount, line.gross * line.units) AS unit_net
      FROM line LEFT JOIN returned ON returned.id = line.id
     WHERE line.units > coalesce(returned.units, 0)
)
INSERT INTO fresh_line
SELECT id, order_id, kind, partner_id, buyer_partner_id, customer_id, ship_to_region_id, channel, invoice_ref, ordered_on,
       product_id, base_id, product_group, units, net_units, unit_net, round(net_units * unit_net, 2)
  FROM net;

-- reach --
-- As they were and as they are.
INSERT INTO reached_line
SELECT t.line_id, t.kind, t.partner_id, t.buyer_partner_id, t.customer_id, t.region_id, t.channel, t.invoice_ref, t.day,
       t.product_group, t.base_id
  FROM stale_line JOIN trade_line AS t USING (line_id)
UNION
SELECT line_id, kind, partner_id, buyer_partner_id, customer_id, region_id, channel, invoice_ref, day, product_group, base_id
  FROM fresh_line;

-- months --
-- What the months of sellers gained and lost.
INSERT INTO moved_month
SELECT partner_id, date_trunc('month', day)::date, sum(value), sum(priced)
  FROM (SELECT t.partner_id, t.day, -t.value AS value, -1 AS priced
          FROM stale_line JOIN trade_line AS t USING (line_id)
         WHERE t.kind = 'sell_out' AND t.partner_id IS NOT NULL AND t.value IS NOT NULL
        UNION ALL
        SELECT partner_id, day, value, 1 FROM fresh_line
         WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND value IS NOT NULL) AS change
 GROUP BY partner_id, date_trunc('month', day)
HAVING sum(value) <> 0 OR sum(priced) <> 0;

-- units --
-- What groups of sell-out lines gained and lost in number: seller, product group, place and month.
INSERT INTO moved_units
SELECT partner_id, product_group, region_id, date_trunc('month', day)::date, sum(units)
  FROM (SELECT t.partner_id, t.product_group, t.region_id, t.day, -t.net_units AS units
          FROM stale_line JOIN trade_line AS t USING (line_id)
         WHERE t.kind = 'sell_out' AND t.partner_id IS NOT NULL AND t.region_id IS NOT NULL
        UNION ALL
        SELECT partner_id, product_group, region_id, day, net_units FROM fresh_line
         WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND region_id IS NOT NULL) AS change
 GROUP BY partner_id, product_group, region_id, date_trunc('month', day)
HAVING sum(units) <> 0;

-- add_months --
INSERT INTO trade_month (partner_id, month, value, priced)
SELECT partner_id, month, value, priced FROM moved_month
    ON CONFLICT (partner_id, month) DO UPDATE
   SET value = trade_month.value + excluded.value, priced = trade_month.priced + excluded.priced;

-- drop --
DELETE FROM trade_line AS t
 USING stale_line
 WHERE t.line_id = stale_line.line_id
   AND NOT EXISTS (SELECT 1 FROM fresh_line AS f WHERE f.line_id = t.line_id);

-- rewrite --
UPDATE trade_line AS t
   SET order_id = f.order_id, kind = f.kind, partner_id = f.partner_id, buyer_partner_id = f.buyer_partner_id,
       customer_id = f.customer_id, region_id = f.region_id, channel = f.channel, invoice_ref = f.invoice_ref, day = f.day,
       product_id = f.product_id, base_id = f.base_id, product_group = f.product_group, units = f.units,
       net_units = f.net_units, unit_net = f.unit_net, value = f.value
  FROM fresh_line AS f
 WHERE t.line_id = f.line_id
   AND (t.kind, t.channel, t.day, t.product_id, t.base_id, t.product_group, t.units, t.net_units, t.order_id, t.partner_id,
        t.buyer_partner_id, t.customer_id, t.region_id, t.invoice_ref, t.unit_net, t.value)
       IS DISTINCT FROM
       (f.kind, f.channel, f.day, f.product_id, f.base_id, f.product_group, f.units, f.net_units, f.order_id, f.partner_id,
        f.buyer_partner_id, f.customer_id, f.region_id, f.invoice_ref, f.unit_net, f.value);

-- add --
INSERT INTO trade_line (
    line_id, order_id, kind, partner_id, buyer_partner_id, customer_id, region_id, channel, invoice_ref, day, product_id,
    base_id, product_group, units, net_units, unit_net, value)
SELECT f.line_id, f.order_id, f.kind, f.partner_id, f.buyer_partner_id, f.customer_id, f.region_id, f.channel, f.invoice_ref,
       f.day, f.product_id, f.base_id, f.product_group, f.units, f.net_units, f.unit_net, f.value
  FROM fresh_line AS f
 WHERE NOT EXISTS (SELECT 1 FROM trade_line AS t WHERE t.line_id = f.line_id)
 ORDER BY f.line_id;

-- forget_months --
DELETE FROM trade_month;

-- fill_months --
INSERT INTO trade_month (partner_id, month, value, priced)
SELECT partner_id, date_trunc('month', day)::date, sum(value), count(*)
  FROM trade_line WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND value IS NOT NULL
 GROUP BY partner_id, date_trunc('month', day)::date;

-- forget_spans --
DELETE FROM trade_span;

-- fill_spans --
INSERT INTO trade_span (base_id, month, lowest, highest)
SELECT base_id, date_trunc('month', day)::date, min(unit_net), max(unit_net)
  FROM trade_line WHERE kind = 'sell_out' AND unit_net IS NOT NULL
 GROUP BY base_id, date_trunc('month', day)::date;

-- widen_spans --
-- A span only grows here: what would narrow it is not known without looking at all its lines.
WITH fresh AS MATERIALIZED (
    SELECT base_id, date_trunc('month', day)::date AS month, min(unit_net) AS lowest, max(unit_net) AS highest
      FROM fresh_line WHERE kind = 'sell_out' AND unit_net IS NOT NULL
     GROUP BY base_id, date_trunc('month', day)
), wider AS (
    UPDATE trade_span AS span
       SET lowest = least(span.lowest, fresh.lowest), highest = greatest(span.highest, fresh.highest)
      FROM fresh
     WHERE span.base_id = fresh.base_id AND span.month = fresh.month
       AND (fresh.lowest < span.lowest OR fresh.highest > span.highest)
)
INSERT INTO trade_span (base_id, month, lowest, highest)
SELECT base_id, month, lowest, highest FROM fresh
 WHERE NOT EXISTS (SELECT 1 FROM trade_span AS span WHERE span.base_id = fresh.base_id AND span.month = fresh.month);
