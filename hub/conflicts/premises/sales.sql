-- sales --
-- The picked sell-out lines with what came back and the price of one base unit. Lines that came back whole are left out:
-- no rule looks at them.
WITH returned AS (
    SELECT l.id AS line_id, sum(back.qty * article.units_per_pack) AS units
      FROM picked
      JOIN order_line AS l ON l.id = picked.line_id
      JOIN sales_order AS o ON o.id = l.order_id
      JOIN order_line AS back
        ON back.source_id = l.source_id AND back.return_of_order = o.key AND back.return_of_line = l.number
       AND back.deleted_at IS NULL AND back.status <> 'cancelled'
      JOIN product AS article ON article.id = back.product_id
     -- A subquery, so that it is asked of lines that came back only: there is no way in by the kind of an order.
     WHERE (SELECT home.kind = 'return' AND home.deleted_at IS NULL FROM sales_order AS home WHERE home.id = back.order_id)
     GROUP BY l.id
), line AS (
    SELECT l.id AS line_id, l.order_id, l.source_id, o.key AS order_key, l.number, l.product_id, p.code AS sku, p.base_id,
           p.product_group, p.units_per_pack AS pack, l.qty * p.units_per_pack AS units,
           coalesce(r.units, 0) AS returned, l.amount, o.currency, l.tax_included, l.tax_rate, l.serials, o.partner_id,
           o.buyer_partner_id, o.customer_id, coalesce(c.segment, '') AS segment, o.channel, o.invoice_ref, o.initiated, o.drop_ship_for_id,
           o.ship_from_region_id, o.ship_to_region_id, o.ship_to_location_id, o.bill_to_region_id, o.ordered_on
      FROM picked
      JOIN order_line AS l ON l.id = picked.line_id AND l.deleted_at IS NULL AND l.status <> 'cancelled'
      JOIN sales_order AS o ON o.id = l.order_id AND o.kind = 'sell_out' AND o.deleted_at IS NULL
      JOIN product AS p ON p.id = l.product_id
      LEFT JOIN customer AS c ON c.id = o.customer_id
      LEFT JOIN returned AS r ON r.line_id = l.id
)
INSERT INTO sale
SELECT line.line_id, line.order_id, line.source_id, line.order_key, line.number, line.product_id, line.sku, line.base_id,
       line.product_group, line.pack, line.units, line.returned, line.units - line.returned,
       hub_ratio(line.amount * hub_rate(line.currency, line.ordered_on, :base_currency::text),
                 (CASE WHEN line.tax_included THEN 1 + line.tax_rate ELSE 1 END) * line.units),
       line.amount, line.currency, line.serials, line.partner_id, line.buyer_partner_id, line.customer_id, line.segment, line.channel,
       line.invoice_ref, line.initiated, line.drop_ship_for_id, line.ship_from_region_id, line.ship_to_region_id,
       line.ship_to_location_id, line.bill_to_region_id, line.ordered_on, policy_period.version
  FROM line
  JOIN policy_period ON line.ordered_on >= policy_period.valid_from AND line.ordered_on < policy_period.valid_to
 WHERE line.units > line.returned;
