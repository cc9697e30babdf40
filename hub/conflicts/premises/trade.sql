-- trade --
-- What partners sold in the months under `trading`, by product group and destination. `priced` counts lines of known value.
WITH month AS (
    SELECT DISTINCT t.partner_id, t.month FROM trading AS t
     WHERE NOT EXISTS (SELECT 1 FROM traded AS known WHERE known.partner_id = t.partner_id AND known.month = t.month)
), line AS MATERIALIZED (
    SELECT l.id, l.source_id, o.key, l.number, month.partner_id, month.month, p.product_group, o.ship_to_region_id,
           l.qty * p.units_per_pack AS units, l.amount, l.tax_included, l.tax_rate, o.currency, o.ordered_on
      FROM month
      JOIN sales_order AS o
        ON o.partner_id = month.partner_id AND o.ordered_on >= month.month
       AND o.ordered_on < (month.month + interval '1 month')::date AND o.kind = 'sell_out' AND o.deleted_at IS NULL
      JOIN order_line AS l ON l.order_id = o.id AND l.deleted_at IS NULL AND l.status <> 'cancelled'
      JOIN product AS p ON p.id = l.product_id
), returned AS (
    SELECT line.id, sum(back.qty * article.units_per_pack) AS units
      FROM line
      JOIN order_line AS back
        ON back.source_id = line.source_id AND back.return_of_order = line.key AND back.return_of_line = line.number
       AND back.deleted_at IS NULL AND back.status <> 'cancelled'
      JOIN product AS article ON article.id = back.product_id
     -- A subquery, so that it is asked of lines that came back only: there is no way in by the kind of an order.
     WHERE (SELECT home.kind = 'return' AND home.deleted_at IS NULL FROM sales_order AS home WHERE home.id = back.order_id)
     GROUP BY line.id
), net AS (
    SELECT line.*, line.units - coalesce(returned.units, 0) AS net_units
      FROM line LEFT JOIN returned ON returned.id = line.id
     WHERE line.units > coalesce(returned.units, 0)
), priced AS (
    SELECT net.*, round(net.net_units * hub_ratio(
               net.amount * hub_rate(net.currency, net.ordered_on, :base_currency::text),
               (CASE WHEN net.tax_included THEN 1 + net.tax_rate ELSE 1 END) * net.units), 2) AS value
      FROM net
)
INSERT INTO traded
SELECT partner_id, month, product_group, ship_to_region_id, sum(net_units), sum(value), count(value)
  FROM priced
 GROUP BY partner_id, month, product_group, ship_to_region_id;
