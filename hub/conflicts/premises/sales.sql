-- sales --
-- The picked sell-out lines with what their orders and customers say of them.
INSERT INTO sale
SELECT t.line_id, t.order_id, l.source_id, o.key, l.number, t.product_id, p.code, t.base_id, t.product_group, p.units_per_pack,
       t.units, t.units - t.net_units, t.net_units, t.unit_net, l.amount, o.currency, l.serials, t.partner_id,
       t.buyer_partner_id, t.customer_id, coalesce(c.segment, ''), t.channel, t.invoice_ref, o.initiated, o.drop_ship_for_id,
       o.ship_from_region_id, t.region_id, o.ship_to_location_id, o.bill_to_region_id, t.day, policy_period.version
  FROM picked
  JOIN trade_line AS t ON t.line_id = picked.line_id AND t.kind = 'sell_out'
  JOIN order_line AS l ON l.id = t.line_id
  JOIN sales_order AS o ON o.id = t.order_id
  JOIN product AS p ON p.id = t.product_id
  JOIN policy_period ON t.day >= policy_period.valid_from AND t.day < policy_period.valid_to
  LEFT JOIN customer AS c ON c.id = t.customer_id;
