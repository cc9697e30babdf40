-- reached --
-- Changed orders; and, to be judged again whether or not they are as they were, those that the batch before may have seen in
-- between, those of which changed orders brought something back, before or after, those of which lines of changed products are
-- or came back, and those on the days for which a changed rate is the latest, where its currency is used at all. Sorted, so that
-- whoever looks them up next finds neighbours together.
WITH mark AS MATERIALIZED (
    SELECT c.record_id, c.old, coalesce(c.marked_at <= last.read_until, false) AS seen
      FROM changed AS c LEFT JOIN detection AS last ON last.rule = :lines::text
     WHERE c.noun = 'sales_order'
), back AS (
    SELECT l.source_id, l.return_of_order
      FROM mark
      JOIN sales_order AS home ON home.id = mark.record_id AND home.kind = 'return'
      JOIN order_line AS l ON l.order_id = home.id AND l.return_of_order IS NOT NULL
    UNION
    SELECT (mark.old -> 'order' ->> 'source_id')::bigint, l.return_of_order
      FROM mark
     CROSS JOIN LATERAL jsonb_to_recordset(mark.old -> 'lines') AS l (return_of_order text)
     WHERE mark.old -> 'order' ->> 'kind' = 'return' AND l.return_of_order IS NOT NULL
), stale AS (
    SELECT record_id AS order_id, seen AS entire FROM mark
    UNION ALL
    SELECT o.id, true FROM back JOIN sales_order AS o ON o.source_id = back.source_id AND o.key = back.return_of_order
    UNION ALL
    SELECT l.order_id, true FROM reached_product AS article JOIN order_line AS l ON l.product_id = article.product_id
    UNION ALL
    SELECT o.id, true
      FROM reached_product AS article
      JOIN order_line AS back ON back.product_id = article.product_id AND back.return_of_order IS NOT NULL
      JOIN sales_order AS o ON o.source_id = back.source_id AND o.key = back.return_of_order
    UNION ALL
    SELECT o.id, true
      FROM reached_rate AS rate
      JOIN sales_order AS o ON o.ordered_on >= rate.first_day AND o.ordered_on < rate.end_day
       AND (rate.in_prices OR o.currency = rate.currency)
)
INSERT INTO stale_order (order_id, entire)
SELECT order_id, bool_or(entire) FROM stale GROUP BY order_id ORDER BY order_id;

-- read --
-- Until when rules have read: a change that was marked later was not seen by them, whatever became of it since.
UPDATE detection SET read_until = clock_timestamp() WHERE rule = :lines::text;

-- derive --
-- The lines of stale orders that are not what they were, as they are now. One that counts no more, or of which all came back,
-- has nothing but its number. `facts` stands for all that a rule can see of a line.
WITH stale AS NOT MATERIALIZED (
    SELECT order_id, entire FROM stale_order
), returned AS (
    SELECT back.source_id, back.return_of_order, back.return_of_line, sum(back.qty * article.units_per_pack) AS units
      FROM stale
      JOIN sales_order AS o ON o.id = stale.order_id
      JOIN order_line AS back
        ON back.source_id = o.source_id AND back.return_of_order = o.key AND back.return_of_order IS NOT NULL
       AND back.deleted_at IS NULL AND back.status <> 'cancelled'
      JOIN product AS article ON article.id = back.product_id
     -- A subquery, so that it is asked of lines that came back only: there is no way in by the kind of an order.
     WHERE (SELECT home.kind = 'return' AND home.deleted_at IS NULL FROM sales_order AS home WHERE home.id = back.order_id)
     GROUP BY back.source_id, back.return_of_order, back.return_of_line
), line AS (
    SELECT l.id AS line_id, o.id AS order_id, stale.entire, o.kind, o.partner_id, o.buyer_partner_id, o.customer_id,
           o.ship_to_region_id, o.channel, o.invoice_ref, o.ordered_on, l.product_id, p.base_id, base.product_group,
           l.qty * p.units_per_pack AS units, l.qty * p.units_per_pack - coalesce(returned.units, 0) AS net_units,
           hub_ratio(l.amount * hub_rate(o.currency, o.ordered_on, :base_currency::text),
                     CASE WHEN l.tax_included THEN 1 + l.tax_rate ELSE 1 END * l.qty * p.units_per_pack) AS unit_net,
           o.deleted_at IS NULL AND l.deleted_at IS NULL AND l.status <> 'cancelled' AS stands,
           hash_record_extended((
               o.source_status, o.placed_at, o.initiated, o.drop_ship_for_id, o.deal_ref, o.promo_ref, o.ship_from_region_id,
               o.ship_to_location_id, o.bill_to_region_id, o.location_id, o.currency, l.sku, l.qty, l.amount, l.tax_included,
               l.tax_rate, l.status, l.return_of_order, l.return_of_line, l.serials, l.lot, l.qty_shipped, l.qty_delivered,
               l.requested_on, l.promised_on, l.shipped_on, l.delivered_on, l.cost_amount, l.cost_currency), 0) AS beside
      FROM stale
      JOIN sales_order AS o ON o.id = stale.order_id
      JOIN order_line AS l ON l.order_id = o.id
      JOIN product AS p ON p.id = l.product_id
      JOIN product AS base ON base.id = p.base_id
      LEFT JOIN returned
        ON returned.source_id = l.source_id AND returned.return_of_order = o.key AND returned.return_of_line = l.number
), fresh AS (
    SELECT line.*, CASE WHEN stands AND net_units > 0 THEN hash_record_extended((
               kind, partner_id, buyer_partner_id, customer_id, ship_to_region_id, channel, invoice_ref, ordered_on, product_id,
               base_id, product_group, units, net_units, unit_net, beside), 0) END AS facts
      FROM line
)
INSERT INTO fresh_line
SELECT f.line_id, f.order_id, f.kind, f.partner_id, f.buyer_partner_id, f.customer_id, f.ship_to_region_id, f.channel,
       f.invoice_ref, f.ordered_on, f.product_id, f.base_id, f.product_group, f.units, f.net_units, f.unit_net,
       round(f.net_units * f.unit_net, 2), f.facts, t.facts
  FROM fresh AS f LEFT JOIN trade_line AS t USING (line_id)
 WHERE f.facts IS DISTINCT FROM t.facts OR (f.entire AND f.facts IS NOT NULL);

-- was --
INSERT INTO was_line SELECT t.* FROM fresh_line AS f JOIN trade_line AS t USING (line_id) WHERE f.known IS NOT NULL;

-- gone --
DELETE FROM fresh_line WHERE facts IS NULL;

-- reach --
-- As they were and as they are.
INSERT INTO reached_line
SELECT line_id, kind, partner_id, buyer_partner_id, customer_id, region_id, channel, invoice_ref, day, product_group, base_id
  FROM was_line
UNION
SELECT line_id, kind, partner_id, buyer_partner_id, customer_id, region_id, channel, invoice_ref, day, product_group, base_id
  FROM fresh_line;

-- months --
-- What the months of sellers gained and lost.
INSERT INTO moved_month
SELECT partner_id, date_trunc('month', day::timestamp)::date, sum(value), sum(priced)
  FROM (SELECT partner_id, day, -value AS value, -1 AS priced FROM was_line
         WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND value IS NOT NULL
        UNION ALL
        SELECT partner_id, day, value, 1 FROM fresh_line
         WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND value IS NOT NULL) AS change
 GROUP BY partner_id, date_trunc('month', day::timestamp)
HAVING sum(value) <> 0 OR sum(priced) <> 0
 ORDER BY 1, 2;

-- units --
-- What groups of sell-out lines gained and lost in number: seller, product group, place and month.
INSERT INTO moved_units
SELECT partner_id, product_group, region_id, date_trunc('month', day::timestamp)::date, sum(units)
  FROM (SELECT partner_id, product_group, region_id, day, -net_units AS units FROM was_line
         WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND region_id IS NOT NULL
        UNION ALL
        SELECT partner_id, product_group, region_id, day, net_units FROM fresh_line
         WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND region_id IS NOT NULL) AS change
 GROUP BY partner_id, product_group, region_id, date_trunc('month', day::timestamp)
HAVING sum(units) <> 0;

-- add_months --
INSERT INTO trade_month (partner_id, month, value, priced)
SELECT partner_id, month, value, priced FROM moved_month
    ON CONFLICT (partner_id, month) DO UPDATE
   SET value = trade_month.value + excluded.value, priced = trade_month.priced + excluded.priced;

-- drop --
DELETE FROM trade_line AS t
 USING was_line AS w
 WHERE t.line_id = w.line_id AND NOT EXISTS (SELECT 1 FROM fresh_line AS f WHERE f.line_id = w.line_id);

-- rewrite --
UPDATE trade_line AS t
   SET order_id = f.order_id, kind = f.kind, partner_id = f.partner_id, buyer_partner_id = f.buyer_partner_id,
       customer_id = f.customer_id, region_id = f.region_id, channel = f.channel, invoice_ref = f.invoice_ref, day = f.day,
       product_id = f.product_id, base_id = f.base_id, product_group = f.product_group, units = f.units,
       net_units = f.net_units, unit_net = f.unit_net, value = f.value, facts = f.facts
  FROM fresh_line AS f
 WHERE t.line_id = f.line_id AND f.known <> f.facts;

-- ways_in --
-- The ways into an empty table, to be made again when all lines are there: line by line they take many times as long.
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made
  FROM pg_index
 WHERE indrelid = 'trade_line'::regclass AND NOT indisprimary AND NOT EXISTS (SELECT FROM trade_line);

-- add --
INSERT INTO trade_line (
    line_id, order_id, kind, partner_id, buyer_partner_id, customer_id, region_id, channel, invoice_ref, day, product_id,
    base_id, product_group, units, net_units, unit_net, value, facts)
SELECT line_id, order_id, kind, partner_id, buyer_partner_id, customer_id, region_id, channel, invoice_ref, day, product_id,
       base_id, product_group, units, net_units, unit_net, value, facts
  FROM fresh_line
 WHERE known IS NULL
 ORDER BY line_id;

-- forget_months --
DELETE FROM trade_month;

-- fill_months --
INSERT INTO trade_month (partner_id, month, value, priced)
SELECT partner_id, date_trunc('month', day::timestamp)::date, sum(value), count(*)
  FROM trade_line WHERE kind = 'sell_out' AND partner_id IS NOT NULL AND value IS NOT NULL
 GROUP BY partner_id, date_trunc('month', day::timestamp)::date;

-- forget_spans --
DELETE FROM trade_span;

-- fill_spans --
INSERT INTO trade_span (base_id, month, lowest, highest)
SELECT base_id, date_trunc('month', day::timestamp)::date, min(unit_net), max(unit_net)
  FROM trade_line WHERE kind = 'sell_out' AND unit_net IS NOT NULL
 GROUP BY base_id, date_trunc('month', day::timestamp)::date;

-- widen_spans --
-- A span only grows here: what would narrow it is not known without looking at all its lines.
WITH fresh AS MATERIALIZED (
    SELECT base_id, date_trunc('month', day::timestamp)::date AS month, min(unit_net) AS lowest, max(unit_net) AS highest
      FROM fresh_line WHERE kind = 'sell_out' AND unit_net IS NOT NULL
     GROUP BY base_id, date_trunc('month', day::timestamp)
     ORDER BY 1, 2
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
