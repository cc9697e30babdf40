-- known_orders --
-- Orders of a batch that exist already. Whoever changes orders locks them first, in the order of ids.
SELECT id FROM sales_order
 WHERE source_id = :source_id AND key = ANY(:keys::text[])
 ORDER BY id
   FOR NO KEY UPDATE;

-- orders_before --
-- Orders as marks keep them: of what they are before a change only what nobody can look up later, the lines they sent back. The
-- lines themselves stand as they were in trade_line until they are judged again.
SELECT o.id, o.key, jsonb_build_object(
           'order', jsonb_build_object('source_id', o.source_id, 'key', o.key, 'kind', o.kind),
           'lines', coalesce((SELECT jsonb_agg(jsonb_build_object('return_of_order', l.return_of_order,
                                                                  'return_of_line', l.return_of_line))
                                FROM order_line AS l
                               WHERE l.order_id = o.id AND l.deleted_at IS NULL AND l.return_of_order IS NOT NULL),
                              '[]'::jsonb)) AS old
  FROM sales_order AS o
 WHERE o.id = ANY(:ids::bigint[]);

-- losing_orders --
-- Orders whose header or a line these payloads no longer hold.
WITH losing AS (
    SELECT o.id
      FROM sales_order AS o
     WHERE o.raw_id = ANY(:raw_ids::bigint[])
       AND NOT EXISTS (SELECT 1 FROM unnest(:orders::text[]) AS kept (key) WHERE kept.key = o.key)
    UNION
    SELECT l.order_id
      FROM order_line AS l
     WHERE l.raw_id = ANY(:raw_ids::bigint[]) AND l.deleted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM unnest(:lines::text[]) AS kept (key) WHERE kept.key = l.key)
)
SELECT o.id
  FROM losing JOIN sales_order AS o USING (id)
 ORDER BY o.id
   FOR NO KEY UPDATE OF o;

-- settle_orders --
-- What follows from the lines, for orders that had lines before this batch.
WITH sums AS (
    SELECT o.id,
           count(l.id) AS line_count,
           count(l.id) FILTER (WHERE l.status <> 'cancelled') AS live,
           count(l.id) FILTER (WHERE l.status IN ('shipped', 'delivered')) AS done,
           coalesce(sum(l.amount) FILTER (WHERE l.status <> 'cancelled'), 0) AS total,
           coalesce(sum(CASE WHEN l.tax_included THEN round(l.amount / (1 + l.tax_rate), 6) ELSE l.amount END)
                    FILTER (WHERE l.status <> 'cancelled'), 0) AS net_total
      FROM sales_order AS o
      LEFT JOIN order_line AS l ON l.order_id = o.id AND l.deleted_at IS NULL
     WHERE o.id = ANY(:ids::bigint[])
     GROUP BY o.id
)
UPDATE sales_order AS o
   SET line_count = sums.line_count, total = sums.total, net_total = sums.net_total,
       state = CASE WHEN sums.line_count = 0 THEN o.state
                    WHEN sums.live = 0 THEN 'cancelled'
                    WHEN sums.done = sums.live THEN 'fulfilled'
                    WHEN sums.done > 0 THEN 'partly_fulfilled'
                    ELSE 'open' END
  FROM sums
 WHERE sums.id = o.id;

-- close_empty_orders --
-- An order whose last line is gone is gone; one that never had lines goes with its payload.
UPDATE sales_order AS o
   SET deleted_at = now()
 WHERE o.id = ANY(:ids::bigint[]) AND o.deleted_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM order_line AS l WHERE l.order_id = o.id AND l.deleted_at IS NULL)
RETURNING o.id;

-- leaders --
-- What orders take over from their customers and places, which stay as they are until the orders are there: whoever changes
-- one of them afterwards finds these orders too. Locked as intake writes them: customers, then places, each in the order of ids.
WITH followed_customer AS MATERIALIZED (
    SELECT id, region_id, partner_id FROM customer WHERE id = ANY(:customers::bigint[]) ORDER BY id FOR SHARE
), followed_location AS MATERIALIZED (
    SELECT id, region_id, partner_id FROM location WHERE id = ANY(:locations::bigint[]) ORDER BY id FOR SHARE
)
SELECT 'customer' AS noun, id, region_id, partner_id FROM followed_customer
UNION ALL
SELECT 'location', id, region_id, partner_id FROM followed_location;

-- led_orders --
-- Orders that follow customers or places which changed.
SELECT o.id
  FROM sales_order AS o
  LEFT JOIN customer AS c ON c.id = o.customer_id
  LEFT JOIN location AS p ON p.id = o.location_id
 WHERE (o.customer_id = ANY(:customers::bigint[]) OR o.location_id = ANY(:locations::bigint[]))
   AND ((NOT 'ship_to_region_id' = ANY(o.given) AND o.ship_to_region_id IS DISTINCT FROM c.region_id)
     OR (NOT 'buyer_partner_id' = ANY(o.given) AND o.buyer_partner_id IS DISTINCT FROM c.partner_id)
     OR (NOT 'ship_from_region_id' = ANY(o.given) AND o.ship_from_region_id IS DISTINCT FROM p.region_id))
 ORDER BY o.id
   FOR NO KEY UPDATE OF o;

-- follow_leaders --
UPDATE sales_order AS o
   SET ship_to_region_id = CASE WHEN 'ship_to_region_id' = ANY(o.given) THEN o.ship_to_region_id ELSE c.region_id END,
       buyer_partner_id = CASE WHEN 'buyer_partner_id' = ANY(o.given) THEN o.buyer_partner_id ELSE c.partner_id END,
       ship_from_region_id = CASE WHEN 'ship_from_region_id' = ANY(o.given) THEN o.ship_from_region_id ELSE p.region_id END
  FROM sales_order AS same
  LEFT JOIN customer AS c ON c.id = same.customer_id
  LEFT JOIN location AS p ON p.id = same.location_id
 WHERE o.id = same.id AND o.id = ANY(:ids::bigint[]);
