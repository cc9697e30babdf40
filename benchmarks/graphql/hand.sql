-- q1 --
-- 50 orders with seller, customer and up to 10 lines, as one would write it by hand for this one question.
SELECT row_to_json(page)::text
  FROM (SELECT json_agg(item) AS nodes
          FROM (SELECT replace(encode(('Order:' || o.id)::bytea, 'base64'), '=', '') AS id, o.key AS number,
                       upper(o.state) AS state, o.ordered_on AS "orderedOn", o.placed_at AS "placedAt",
                       (SELECT m FROM (SELECT trim_scale(o.total)::text AS amount, o.currency) AS m) AS total,
                       (SELECT p FROM (SELECT code, name FROM partner WHERE id = o.partner_id) AS p) AS partner,
                       (SELECT c FROM (SELECT name FROM customer WHERE id = o.customer_id) AS c) AS "soldTo",
                       (SELECT w
                          FROM (SELECT (SELECT json_agg(line)
                                          FROM (SELECT l.number AS "lineNumber", l.sku AS "sourceSku",
                                                       l.tax_included AS "taxIncluded",
                                                       (SELECT m FROM (SELECT trim_scale(l.amount)::text AS amount, o.currency) AS m)
                                                           AS "lineTotal"
                                                  FROM (SELECT number, sku, tax_included, amount
                                                          FROM order_line
                                                         WHERE order_id = o.id AND deleted_at IS NULL
                                                         ORDER BY number
                                                         LIMIT 10) AS l) AS line) AS nodes) AS w) AS lines
                  FROM (SELECT id, key, state, ordered_on, placed_at, total, currency, partner_id, customer_id
                          FROM sales_order
                         WHERE deleted_at IS NULL
                         ORDER BY placed_at DESC, id DESC
                         LIMIT 50) AS o) AS item) AS page;

-- q2 --
-- A page of 100 orders with eight fields, after the last of the page before.
SELECT row_to_json(page)::text
  FROM (SELECT json_agg(item) AS nodes
          FROM (SELECT replace(encode(('Order:' || id)::bytea, 'base64'), '=', '') AS id, key AS number, upper(kind) AS kind,
                       upper(state) AS state, channel, ordered_on AS "orderedOn", placed_at AS "placedAt",
                       upper(initiated) AS initiated
                  FROM sales_order
                 WHERE deleted_at IS NULL AND (placed_at, id) < (:at::timestamptz, :id::bigint)
                 ORDER BY placed_at DESC, sales_order.id DESC
                 LIMIT 100) AS item) AS page;
