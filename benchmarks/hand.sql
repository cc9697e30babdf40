-- q1 --
-- 50 orders with seller, customer and up to 10 lines, as one would write it by hand for this one question.
SELECT row_to_json(page)::text
  FROM (SELECT json_agg(row_to_json(item)) AS nodes
          FROM (SELECT hub_global_id('Order', o.id) AS id, o.key AS number, upper(o.state) AS state, o.ordered_on AS "orderedOn",
                       to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "placedAt",
                       json_build_object('amount', trim_scale(o.total)::text, 'currency', o.currency) AS total,
                       json_build_object('code', p.code, 'name', p.name) AS partner,
                       json_build_object('name', c.name) AS "soldTo",
                       json_build_object('nodes', (
                           SELECT json_agg(row_to_json(line))
                             FROM (SELECT l.number AS "lineNumber", l.sku AS "sourceSku", l.tax_included AS "taxIncluded",
                                          json_build_object('amount', trim_scale(l.amount)::text, 'currency', o.currency)
                                              AS "lineTotal"
                                     FROM order_line AS l
                                    WHERE l.order_id = o.id AND l.deleted_at IS NULL
                                    ORDER BY l.number
                                    LIMIT 10) AS line)) AS lines
                  FROM (SELECT * FROM sales_order WHERE deleted_at IS NULL ORDER BY placed_at DESC, id DESC LIMIT 50) AS o
                  JOIN partner AS p ON p.id = o.partner_id
                  JOIN customer AS c ON c.id = o.customer_id
                 ORDER BY o.placed_at DESC, o.id DESC) AS item) AS page;

-- q2 --
-- A page of 100 orders with eight fields, after the last of the page before.
SELECT row_to_json(page)::text
  FROM (SELECT json_agg(row_to_json(item)) AS nodes, (array_agg(item."placedAt"))[count(*)] AS at,
               (array_agg(item.place))[count(*)] AS place
          FROM (SELECT hub_global_id('Order', o.id) AS id, o.key AS number, upper(o.kind) AS kind, upper(o.state) AS state,
                       o.channel, o.ordered_on AS "orderedOn",
                       to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "placedAt",
                       upper(o.initiated) AS initiated, o.id AS place
                  FROM sales_order AS o
                 WHERE o.deleted_at IS NULL
                   AND (:at::timestamptz IS NULL OR (o.placed_at, o.id) < (:at::timestamptz, :id::bigint))
                 ORDER BY o.placed_at DESC, o.id DESC
                 LIMIT 100) AS item) AS page;
