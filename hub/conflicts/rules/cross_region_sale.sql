-- desk --
CREATE TEMP TABLE IF NOT EXISTS cross_cell (
    partner_id bigint, product_group text, region_id bigint, month date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_row (
    line_id bigint, holder_id bigint, bound_id bigint, granted_id bigint, passive boolean, disputed boolean, month date, mode text
) ON COMMIT DELETE ROWS;

-- keys --
-- A scope is seller|product group|destination|month: the group whose units count together. Beside the changed lines it is
-- reached by what decides who may sell there, by what the holder sells at home, and by what a person is shown.
WITH RECURSIVE given AS (
    SELECT g.partner_id, g.region_id, g.product_group, g.valid_from, g.valid_to
      FROM changed AS c JOIN territory_grant AS g ON g.id = c.record_id WHERE c.noun = 'territory_grant'
    UNION
    SELECT g.partner_id, g.region_id, g.product_group, g.valid_from, g.valid_to
      FROM changed AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS g (
               partner_id bigint, region_id bigint, product_group text, valid_from date, valid_to date)
     WHERE c.noun = 'territory_grant' AND c.old IS NOT NULL
), member AS (
    SELECT p.id, p.parent_id, (c.old ->> 'parent_id')::bigint AS old_parent_id,
           c.old ->> 'code' <> p.code OR c.old ->> 'type' <> p.type AS renamed
      FROM changed AS c JOIN partner AS p ON p.id = c.record_id
     WHERE c.noun = 'partner' AND c.old IS NOT NULL
       AND ((c.old ->> 'parent_id')::bigint IS DISTINCT FROM p.parent_id OR c.old ->> 'code' <> p.code
            OR c.old ->> 'type' <> p.type)
), held AS (
    SELECT * FROM given
    UNION
    SELECT g.partner_id, g.region_id, g.product_group, g.valid_from, g.valid_to
      FROM member JOIN territory_grant AS g ON g.partner_id = member.id AND member.renamed
), below AS (
    SELECT partner_id AS top_id, partner_id FROM given
    UNION
    SELECT id, id FROM member
    UNION
    SELECT below.top_id, p.id FROM below JOIN partner AS p ON p.parent_id = below.partner_id
), above AS (
    SELECT parent_id AS partner_id FROM member WHERE parent_id IS NOT NULL
    UNION
    SELECT old_parent_id FROM member WHERE old_parent_id IS NOT NULL
    UNION
    SELECT p.parent_id FROM above JOIN partner AS p ON p.id = above.partner_id WHERE p.parent_id IS NOT NULL
), mover AS (
    SELECT below.partner_id FROM member JOIN below ON below.top_id = member.id
    UNION
    SELECT partner_id FROM above
), reached_order AS (
    SELECT o.id, held.product_group
      FROM held
      JOIN region_cover AS c ON c.region_id = held.region_id
      JOIN sales_order AS o ON o.ship_to_region_id = c.covered_id AND o.ordered_on >= held.valid_from
       AND (held.valid_to IS NULL OR o.ordered_on < held.valid_to)
    UNION
    SELECT o.id, given.product_group
      FROM given
      JOIN below ON below.top_id = given.partner_id
      JOIN sales_order AS o ON o.partner_id = below.partner_id AND o.ordered_on >= given.valid_from
       AND (given.valid_to IS NULL OR o.ordered_on < given.valid_to)
    UNION
    SELECT o.id, given.product_group
      FROM given
      JOIN below ON below.top_id = given.partner_id
      JOIN sales_order AS o ON o.buyer_partner_id = below.partner_id AND o.ordered_on >= given.valid_from
       AND (given.valid_to IS NULL OR o.ordered_on < given.valid_to)
    UNION
    SELECT o.id, '*' FROM mover JOIN sales_order AS o ON o.partner_id = mover.partner_id
    UNION
    SELECT o.id, '*' FROM mover JOIN sales_order AS o ON o.buyer_partner_id = mover.partner_id
    UNION
    SELECT o.id, '*'
      FROM changed AS c
      JOIN customer AS k ON k.id = c.record_id
      JOIN sales_order AS o ON o.customer_id = k.id
     WHERE c.noun = 'customer' AND c.old IS NOT NULL
       AND ((c.old ->> 'key_account')::boolean <> k.key_account OR c.old ->> 'segment' IS DISTINCT FROM k.segment
            OR c.old ->> 'code' <> k.code)
    UNION
    SELECT o.id, '*'
      FROM changed AS c
      JOIN location AS w ON w.id = c.record_id
      JOIN sales_order AS o ON o.ship_to_location_id = w.id
     WHERE c.noun = 'location' AND c.old IS NOT NULL AND (c.old ->> 'kind' <> w.kind OR c.old ->> 'code' <> w.code)
), price AS (
    SELECT pp.product_id, pp.valid_from, pp.valid_to
      FROM changed AS c JOIN price_policy AS pp ON pp.id = c.record_id
     WHERE c.noun = 'price_policy' AND 'wholesale' IN (pp.kind, c.old ->> 'kind')
    UNION
    SELECT pp.product_id, pp.valid_from, pp.valid_to
      FROM changed AS c
     CROSS JOIN LATERAL jsonb_to_record(c.old) AS pp (product_id bigint, kind text, valid_from date, valid_to date)
     WHERE c.noun = 'price_policy' AND c.old IS NOT NULL AND pp.kind = 'wholesale'
), reached AS (
    SELECT partner_id, product_group, region_id, date_trunc('month', day)::date AS month
      FROM reached_line WHERE kind = 'sell_out'
    UNION
    SELECT o.partner_id, p.product_group, o.ship_to_region_id, date_trunc('month', o.ordered_on)::date
      FROM reached_order AS r
      JOIN sales_order AS o ON o.id = r.id AND o.kind = 'sell_out'
      JOIN order_line AS l ON l.order_id = o.id
      JOIN product AS p ON p.id = l.product_id AND r.product_group IN (p.product_group, '*')
    UNION
    SELECT o.partner_id, p.product_group, o.ship_to_region_id, date_trunc('month', o.ordered_on)::date
      FROM price
      JOIN product AS p ON p.base_id = price.product_id
      JOIN order_line AS l ON l.product_id = p.id
      JOIN sales_order AS o ON o.id = l.order_id AND o.kind = 'sell_out' AND o.ordered_on >= price.valid_from
       AND (price.valid_to IS NULL OR o.ordered_on < price.valid_to)
), trade AS (
    SELECT DISTINCT kind, partner_id, buyer_partner_id, region_id, product_group, date_trunc('month', day)::date AS month
      FROM reached_line
), standing_finding AS (
    SELECT c.scope, c.partner_id, c.affected_id, c.region_id, c.product_group,
           date_trunc('month', c.event_day)::date AS month
      FROM conflict AS c WHERE c.rule = :rule::text AND c.state <> 'resolved_by_data'
)
INSERT INTO judged
SELECT concat_ws('|', partner_id, product_group, region_id, to_char(month, 'YYYY-MM'))
  FROM reached
 WHERE partner_id IS NOT NULL AND region_id IS NOT NULL
UNION
-- The holder's own sales of the month, by which the group is measured.
SELECT f.scope FROM standing_finding AS f
  JOIN trade ON trade.kind = 'sell_out' AND trade.partner_id = f.affected_id AND trade.product_group = f.product_group
            AND trade.month = f.month
UNION
-- The two months after: whether it happened three months running.
SELECT f.scope FROM standing_finding AS f
  JOIN trade ON trade.kind = 'sell_out' AND trade.partner_id = f.partner_id AND trade.product_group = f.product_group
            AND trade.region_id = f.region_id AND f.month > trade.month
            AND f.month <= (trade.month + interval '2 months')::date
UNION
-- What the seller itself bought in the three months.
SELECT f.scope FROM standing_finding AS f
  JOIN trade ON trade.buyer_partner_id = f.partner_id AND trade.product_group = f.product_group
            AND f.month >= trade.month AND f.month <= (trade.month + interval '2 months')::date
UNION
SELECT f.scope FROM standing_finding AS f JOIN member ON member.renamed AND f.affected_id = member.id
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT DISTINCT concat_ws('|', o.partner_id, p.product_group, o.ship_to_region_id,
                          to_char(date_trunc('month', o.ordered_on), 'YYYY-MM'))
  FROM sales_order AS o
  JOIN order_line AS l ON l.order_id = o.id
  JOIN product AS p ON p.id = l.product_id
 WHERE o.kind = 'sell_out' AND o.deleted_at IS NULL AND o.partner_id IS NOT NULL AND o.ship_to_region_id IS NOT NULL
    ON CONFLICT DO NOTHING;

-- cells --
-- The judged groups less those that cannot hold a finding: where through the whole month the same grants govern whatever the
-- segment, and the seller holds one of them or none of them is exclusive; and where neither seller nor place has any grant.
WITH RECURSIVE cell AS MATERIALIZED (
    SELECT split_part(scope, '|', 1)::bigint AS partner_id, split_part(scope, '|', 2) AS product_group,
           split_part(scope, '|', 3)::bigint AS region_id, (split_part(scope, '|', 4) || '-01')::date AS month
      FROM judged
), place AS (
    SELECT DISTINCT product_group, region_id, month, (month + interval '1 month')::date AS month_end FROM cell
), candidate AS MATERIALIZED (
    SELECT place.product_group, place.region_id, place.month, g.partner_id, g.exclusivity <> 'non_exclusive' AS alone,
           2 * c.distance + (g.product_group = '*')::int AS rank,
           g.segment = '*' AND g.valid_from <= place.month AND coalesce(g.valid_to >= place.month_end, true) AS steady
      FROM place
      JOIN region_cover AS c ON c.covered_id = place.region_id
      JOIN territory_grant AS g
        ON g.region_id = c.region_id AND g.product_group IN (place.product_group, '*') AND g.deleted_at IS NULL
       AND g.valid_from < place.month_end AND coalesce(g.valid_to > place.month, true)
), nearest AS (
    SELECT product_group, region_id, month, min(rank) AS rank, bool_and(steady) AS steady
      FROM candidate GROUP BY product_group, region_id, month
), rule_of_month AS (
    SELECT n.product_group, n.region_id, n.month, n.steady, array_agg(c.partner_id) AS partners, bool_or(c.alone) AS alone
      FROM nearest AS n JOIN candidate AS c USING (product_group, region_id, month, rank)
     GROUP BY n.product_group, n.region_id, n.month, n.steady
), seat AS (
    SELECT DISTINCT partner_id, product_group, month, (month + interval '1 month')::date AS month_end FROM cell
), chain AS (
    SELECT DISTINCT partner_id, partner_id AS above_id, 0 AS level FROM cell
    UNION ALL
    SELECT chain.partner_id, p.parent_id, chain.level + 1
      FROM chain JOIN partner AS p ON p.id = chain.above_id WHERE p.parent_id IS NOT NULL AND chain.level < 100
), holding AS (
    SELECT DISTINCT ON (seat.partner_id, seat.product_group, seat.month)
           seat.partner_id, seat.product_group, seat.month, chain.above_id,
           bool_or(g.valid_from <= seat.month AND coalesce(g.valid_to >= seat.month_end, true)) AS steady
      FROM seat
      JOIN chain ON chain.partner_id = seat.partner_id
      JOIN territory_grant AS g
        ON g.partner_id = chain.above_id AND g.product_group IN (seat.product_group, '*') AND g.deleted_at IS NULL
       AND g.valid_from < seat.month_end AND coalesce(g.valid_to > seat.month, true)
     GROUP BY seat.partner_id, seat.product_group, seat.month, chain.level, chain.above_id
     ORDER BY seat.partner_id, seat.product_group, seat.month, chain.level
)
INSERT INTO cross_cell
SELECT cell.partner_id, cell.product_group, cell.region_id, cell.month
  FROM cell
  LEFT JOIN rule_of_month AS r USING (product_group, region_id, month)
  LEFT JOIN holding AS h USING (partner_id, product_group, month)
 WHERE NOT coalesce(r.steady AND (NOT r.alone OR cell.partner_id = ANY (r.partners)
                                  OR (h.steady AND h.above_id = ANY (r.partners))), false)
   AND (r.month IS NOT NULL OR h.month IS NOT NULL);

-- pick --
-- Lines of centrally bought accounts, and lines that go to a third party's warehouse, are no deliveries to a customer there.
INSERT INTO picked
SELECT l.id
  FROM cross_cell AS cell
  JOIN sales_order AS o
    ON o.partner_id = cell.partner_id AND o.ship_to_region_id = cell.region_id AND o.ordered_on >= cell.month
   AND o.ordered_on < (cell.month + interval '1 month')::date AND o.kind = 'sell_out' AND o.deleted_at IS NULL
  JOIN order_line AS l ON l.order_id = o.id AND l.deleted_at IS NULL AND l.status <> 'cancelled'
  JOIN product AS p ON p.id = l.product_id AND p.product_group = cell.product_group
  LEFT JOIN customer AS c ON c.id = o.customer_id
  LEFT JOIN location AS w ON w.id = o.ship_to_location_id
 WHERE NOT coalesce(c.key_account, false) AND coalesce(w.kind, '') <> 'third_party';

-- spots --
INSERT INTO spot SELECT DISTINCT product_group, region_id, segment, day FROM sale;

-- standings --
INSERT INTO standing
SELECT partner_id, product_group, day FROM sale
UNION
SELECT buyer_partner_id, product_group, day FROM sale WHERE buyer_partner_id IS NOT NULL;

-- rows --
-- One row per line and holder, and one without a holder where nobody governs and the seller is bound.
WITH RECURSIVE rule_of_spot AS (
    SELECT product_group, region_id, segment, day, array_agg(DISTINCT partner_id) AS partners,
           array_agg(DISTINCT partner_id) FILTER (WHERE exclusivity <> 'non_exclusive') AS holders,
           bool_and(exclusivity <> 'non_exclusive') AS all_alone, min(granted_id) AS granted_id
      FROM governing
     GROUP BY product_group, region_id, segment, day
), line AS (
    SELECT s.line_id, s.partner_id, s.buyer_partner_id, s.product_group, s.region_id, s.segment, s.day, s.drop_ship_for_id,
           b.bound_id, r.partners, r.holders, r.all_alone, r.granted_id, f.territory_rules AS mode, f.exclusive_max_holders,
           s.initiated = 'passive' OR (s.initiated = 'unknown' AND f.unknown_initiated_as = 'passive') AS passive
      FROM sale AS s
      LEFT JOIN region_profile AS j ON j.version = s.version AND j.region_id = s.region_id
      JOIN profile AS f ON f.version = s.version AND f.name = coalesce(j.profile, 'default')
      LEFT JOIN distribution AS d ON d.version = s.version AND d.product_group = s.product_group
      LEFT JOIN rule_of_spot AS r ON r.product_group = s.product_group AND r.region_id = s.region_id AND r.segment = s.segment
                                 AND r.day = s.day
      LEFT JOIN bound AS b ON b.partner_id = s.partner_id AND b.product_group = s.product_group AND b.day = s.day
     WHERE f.territory_rules <> 'off'
       AND NOT (f.needs_exclusive_system AND coalesce(d.kind, 'exclusive') IN ('selective', 'open'))
), entitled AS (
    -- Who is authorised: seller or buyer, by the grants that govern, or by one for a named segment when the customer has none.
    SELECT line.line_id, who.partner_id = line.partner_id AS is_seller
      FROM line
     CROSS JOIN LATERAL (VALUES (line.partner_id), (line.buyer_partner_id)) AS who (partner_id)
      JOIN bound AS b ON b.partner_id = who.partner_id AND b.product_group = line.product_group AND b.day = line.day
     WHERE b.bound_id = ANY (line.partners)
        OR (line.segment = '' AND EXISTS (
            SELECT 1 FROM territory_grant AS g
              JOIN region_cover AS c ON c.region_id = g.region_id AND c.covered_id = line.region_id
             WHERE g.partner_id = b.bound_id AND g.product_group IN (line.product_group, '*') AND g.segment <> '*'
               AND g.deleted_at IS NULL AND g.valid_from <= line.day AND (g.valid_to IS NULL OR line.day < g.valid_to)))
), open_line AS (
    SELECT * FROM line
     WHERE NOT EXISTS (SELECT 1 FROM entitled WHERE entitled.line_id = line.line_id)
       AND NOT coalesce(line.drop_ship_for_id = ANY (line.holders), false)
       AND NOT coalesce(line.buyer_partner_id = ANY (line.holders), false)
), holder AS (
    SELECT open_line.*, one.holder_id FROM open_line CROSS JOIN LATERAL unnest(open_line.holders) AS one (holder_id)
), chain AS (
    SELECT DISTINCT holder_id AS partner_id, holder_id AS above_id FROM holder
    UNION
    SELECT chain.partner_id, p.parent_id FROM chain JOIN partner AS p ON p.id = chain.above_id WHERE p.parent_id IS NOT NULL
)
INSERT INTO cross_row
SELECT h.line_id, h.holder_id, h.bound_id, h.granted_id, h.passive,
       cardinality(h.partners) > 1 AND NOT (h.all_alone AND cardinality(h.holders) <= h.exclusive_max_holders),
       date_trunc('month', h.day)::date, h.mode
  FROM holder AS h
  JOIN partner AS seller ON seller.id = h.partner_id
 WHERE NOT EXISTS (SELECT 1 FROM chain WHERE chain.partner_id = h.holder_id AND chain.above_id = h.partner_id)
   AND NOT (seller.type = 'direct' AND NOT EXISTS (
            SELECT 1 FROM governing AS g
             WHERE g.product_group = h.product_group AND g.region_id = h.region_id AND g.segment = h.segment
               AND g.day = h.day AND g.partner_id = h.holder_id AND g.exclusivity <> 'sole'))
UNION ALL
SELECT line_id, NULL, bound_id, NULL, passive, false, date_trunc('month', day)::date, mode
  FROM open_line
 WHERE partners IS NULL AND bound_id IS NOT NULL;

-- questions --
INSERT INTO price_asked
SELECT DISTINCT s.line_id, 'wholesale', s.base_id, s.region_id, s.channel, s.units, s.day
  FROM cross_row JOIN sale AS s USING (line_id);

-- limit_questions --
INSERT INTO limit_asked
SELECT DISTINCT s.version, s.region_id, s.product_group FROM cross_row JOIN sale AS s USING (line_id);

-- trading_months --
INSERT INTO trading SELECT DISTINCT holder_id, month FROM cross_row WHERE holder_id IS NOT NULL ON CONFLICT DO NOTHING;

-- judge --
WITH line_group AS (
    SELECT r.line_id, r.holder_id, r.bound_id, r.granted_id, r.passive, r.disputed, r.month, r.mode,
           coalesce(sum(s.net_units) FILTER (WHERE NOT r.passive)
                        OVER (PARTITION BY s.partner_id, r.holder_id, s.product_group, s.region_id, r.month), 0) AS group_units
      FROM cross_row AS r JOIN sale AS s USING (line_id)
), home AS (
    SELECT asked.holder_id, asked.product_group, asked.month, asked.granted_id, nullif(sum(t.net_units), 0) AS units
      FROM (SELECT DISTINCT r.holder_id, s.product_group, r.month, r.granted_id
              FROM cross_row AS r JOIN sale AS s USING (line_id) WHERE r.holder_id IS NOT NULL) AS asked
      JOIN traded AS t
        ON t.partner_id = asked.holder_id AND t.month = asked.month AND t.product_group = asked.product_group
      JOIN region_cover AS c ON c.region_id = asked.granted_id AND c.covered_id = t.region_id
     GROUP BY asked.holder_id, asked.product_group, asked.month, asked.granted_id
), own AS (
    SELECT DISTINCT r.bound_id, s.product_group, s.region_id, s.day
      FROM cross_row AS r JOIN sale AS s USING (line_id) WHERE r.bound_id IS NOT NULL
), own_grant AS (
    SELECT own.bound_id, own.product_group, own.region_id, own.day, g.id, g.region_id AS granted_id, g.source_id, g.key
      FROM own
      JOIN territory_grant AS g
        ON g.partner_id = own.bound_id AND g.product_group IN (own.product_group, '*') AND g.deleted_at IS NULL
       AND g.valid_from <= own.day AND (g.valid_to IS NULL OR own.day < g.valid_to)
), border AS (
    SELECT DISTINCT ON (o.bound_id, o.product_group, o.region_id, o.day)
           o.bound_id, o.product_group, o.region_id, o.day, inside.code || '–' || outside.code AS pair
      FROM own_grant AS o
      JOIN region_cover AS near ON near.covered_id = o.region_id
      JOIN region_neighbour AS n ON n.neighbour_id = near.region_id
      JOIN region_cover AS mine ON mine.region_id = o.granted_id AND mine.covered_id = n.region_id
      JOIN region AS inside ON inside.id = n.region_id
      JOIN region AS outside ON outside.id = n.neighbour_id
     WHERE NOT EXISTS (SELECT 1 FROM region_cover AS c WHERE c.region_id = o.granted_id AND c.covered_id = o.region_id)
     ORDER BY o.bound_id, o.product_group, o.region_id, o.day, inside.code COLLATE "C", outside.code COLLATE "C"
), own_list AS (
    SELECT o.bound_id, o.product_group, o.region_id, o.day,
           jsonb_agg(hub_evidence('seller_grant', 'territory_grant', g.id, g.source_id, g.key, jsonb_build_object(
               'partner', p.code, 'region', r.code, 'product_group', g.product_group, 'segment', g.segment,
               'exclusivity', g.exclusivity, 'valid_from', g.valid_from, 'valid_to', g.valid_to,
               'contract_ref', g.contract_ref)) ORDER BY g.key COLLATE "C", g.source_id) AS records
      FROM own_grant AS o
      JOIN territory_grant AS g ON g.id = o.id
      JOIN partner AS p ON p.id = g.partner_id
      JOIN region AS r ON r.id = g.region_id
     GROUP BY o.bound_id, o.product_group, o.region_id, o.day
), ruling_list AS (
    SELECT o.product_group, o.region_id, o.segment, o.day,
           jsonb_agg(hub_evidence('holder_grant', 'territory_grant', g.id, g.source_id, g.key, jsonb_build_object(
               'partner', p.code, 'region', r.code, 'product_group', g.product_group, 'segment', g.segment,
               'exclusivity', g.exclusivity, 'valid_from', g.valid_from, 'valid_to', g.valid_to,
               'contract_ref', g.contract_ref)) ORDER BY g.key COLLATE "C", g.source_id) AS records
      FROM governing AS o
      JOIN territory_grant AS g ON g.id = o.grant_id
      JOIN partner AS p ON p.id = g.partner_id
      JOIN region AS r ON r.id = g.region_id
     GROUP BY o.product_group, o.region_id, o.segment, o.day
), cell AS (
    SELECT DISTINCT s.partner_id, s.product_group, s.region_id, r.month FROM cross_row AS r JOIN sale AS s USING (line_id)
), before AS (
    SELECT cell.partner_id, cell.product_group, cell.region_id, cell.month,
           count(DISTINCT date_trunc('month', o.ordered_on)) AS months
      FROM cell
      JOIN sales_order AS o
        ON o.partner_id = cell.partner_id AND o.ship_to_region_id = cell.region_id AND o.kind = 'sell_out'
       AND o.ordered_on >= (cell.month - interval '2 months')::date AND o.ordered_on < cell.month AND o.deleted_at IS NULL
      JOIN order_line AS l ON l.order_id = o.id AND l.deleted_at IS NULL AND l.status <> 'cancelled'
      JOIN product AS p ON p.id = l.product_id AND p.product_group = cell.product_group
     GROUP BY cell.partner_id, cell.product_group, cell.region_id, cell.month
), bought AS (
    SELECT buyer.partner_id, buyer.product_group, buyer.month, sum(l.qty * p.units_per_pack) AS units
      FROM (SELECT DISTINCT partner_id, product_group, month FROM cell) AS buyer
      JOIN sales_order AS o
        ON o.buyer_partner_id = buyer.partner_id AND o.kind IN ('sell_in', 'sell_out', 'transfer') AND o.deleted_at IS NULL
       AND o.ordered_on >= (buyer.month - interval '2 months')::date
       AND o.ordered_on < (buyer.month + interval '1 month')::date
      JOIN order_line AS l ON l.order_id = o.id AND l.deleted_at IS NULL AND l.status <> 'cancelled'
      JOIN product AS p ON p.id = l.product_id AND p.product_group = buyer.product_group
     GROUP BY buyer.partner_id, buyer.product_group, buyer.month
), bar AS (
    SELECT version, region_id, product_group,
           max(value) FILTER (WHERE name = 'border_units') AS border_units,
           max(value) FILTER (WHERE name = 'price_tol') AS price_tol,
           max(value) FILTER (WHERE name = 'min_units') AS min_units,
           max(value) FILTER (WHERE name = 'min_share') AS min_share
      FROM limit_found
     GROUP BY version, region_id, product_group
), row_of AS (
    SELECT s.*, g.holder_id, g.bound_id, g.passive, g.month, g.mode, g.disputed, g.group_units, home.units AS holder_units, price.price AS wholesale, price.policy_id, border.pair,
           CASE WHEN g.passive THEN 'passive_info'
                WHEN g.holder_id IS NULL THEN 'benign'
                WHEN g.disputed THEN 'territory_disputed'
                WHEN border.pair IS NOT NULL AND g.group_units <= bar.border_units
                     AND (price.price IS NULL OR s.unit_net >= price.price * (1 - bar.price_tol)) THEN 'natural'
                WHEN g.group_units < bar.min_units
                     AND NOT coalesce(g.group_units >= bar.min_share * home.units, false) THEN 'minor'
                ELSE 'suspected' END AS classification,
           bar.border_units, bar.min_units
      FROM line_group AS g
      JOIN sale AS s USING (line_id)
      JOIN bar ON bar.version = s.version AND bar.region_id = s.region_id AND bar.product_group = s.product_group
      LEFT JOIN home ON home.holder_id = g.holder_id AND home.product_group = s.product_group AND home.month = g.month
                    AND home.granted_id = g.granted_id
      LEFT JOIN price_found AS price ON price.asked_id = g.line_id AND price.kind = 'wholesale'
      LEFT JOIN border ON border.bound_id = g.bound_id AND border.product_group = s.product_group
                      AND border.region_id = s.region_id AND border.day = s.day
)
INSERT INTO found
SELECT concat_ws('|', x.partner_id, x.product_group, x.region_id, to_char(x.month, 'YYYY-MM')),
       ARRAY[source.name, x.order_key, x.number::text, coalesce(holder.code, '-')],
       x.classification, x.mode, x.version, x.partner_id, x.holder_id, x.product_id, x.region_id, x.product_group, x.day,
       round(x.net_units * x.unit_net, 2),
       hub_ratio(x.group_units, x.holder_units * 0.10),
       CASE WHEN x.invoice_ref IS NOT NULL OR cardinality(x.serials) > 0 THEN 1.0 ELSE 0.7 END,
       '{}'::text[],
       jsonb_build_object(
           'order', x.order_key, 'line', x.number, 'order_date', x.day, 'invoice_ref', x.invoice_ref, 'sku', x.sku,
           'ship_from', ship_from.code, 'ship_to', ship_to.code, 'bill_to', bill_to.code, 'customer', customer.code,
           'holder', coalesce(holder.code, '-'), 'units', hub_decimal(x.units), 'net_units', hub_decimal(x.net_units),
           'returned', hub_decimal(x.returned), 'unit_net', hub_decimal(x.unit_net),
           'local_wholesale', hub_decimal(x.wholesale),
           'wholesale_difference_percent', hub_decimal(round(100 * hub_ratio(x.unit_net - x.wholesale, x.wholesale), 2)),
           'adjacent', x.pair, 'group_units', hub_decimal(x.group_units), 'holder_units', hub_decimal(x.holder_units),
           'initiated', x.initiated,
           'indicators', jsonb_build_object(
               'below_local_wholesale', x.unit_net < x.wholesale,
               'repeated_3_months', coalesce(before.months, 0) = 2,
               'serials_missing', cardinality(x.serials) = 0,
               'sells_more_than_bought', x.group_units > bought.units),
           'records', jsonb_build_array(hub_evidence('sale_line', 'order_line', x.line_id, x.source_id,
               x.order_key || '|' || x.number, jsonb_build_object(
                   'seller', seller.code, 'sku', x.sku, 'units', hub_decimal(x.units), 'amount', hub_decimal(x.amount),
                   'currency', x.currency, 'order_date', x.day, 'ship_to', ship_to.code)))
               || coalesce(ruling.records, '[]'::jsonb) || coalesce(own_list.records, '[]'::jsonb)
               || CASE WHEN pp.id IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(hub_evidence('wholesale_price', 'price_policy', pp.id,
                      pp.source_id, pp.key, jsonb_build_object('unit_price', hub_decimal(pp.unit_price),
                      'currency', pp.currency, 'valid_from', pp.valid_from, 'valid_to', pp.valid_to))) END),
       jsonb_build_array(
           hub_tried('no_destination', 'none_found', ship_to.code),
           hub_tried('key_account', CASE WHEN x.customer_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, customer.code),
           hub_tried('third_party_location',
                     CASE WHEN x.ship_to_location_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, location.code),
           hub_tried('returned', CASE WHEN x.returned > 0 THEN 'found' ELSE 'none_found' END,
                     hub_decimal(x.returned) || ' of ' || hub_decimal(x.units) || ' units came back'),
           hub_tried('profile_off', 'none_found', x.mode),
           hub_tried('authorised', CASE WHEN x.bound_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, bound_partner.code),
           hub_tried('drop_ship', CASE WHEN x.drop_ship_for_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, NULL),
           hub_tried('entitled_buyer', CASE WHEN x.buyer_partner_id IS NULL THEN 'not_applicable' ELSE 'none_found' END,
                     buyer.code),
           hub_tried('above_holder', CASE WHEN x.holder_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, holder.code),
           hub_tried('direct_beside_sole', CASE WHEN seller.type <> 'direct' OR x.holder_id IS NULL THEN 'not_applicable'
                                                ELSE 'none_found' END, NULL),
           hub_tried('open_territory', CASE WHEN x.holder_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, NULL),
           hub_tried('passive', CASE WHEN x.passive THEN 'found' ELSE 'none_found' END, x.initiated),
           hub_tried('unserved', CASE WHEN x.holder_id IS NULL THEN 'found' ELSE 'none_found' END, NULL),
           hub_tried('disputed', CASE WHEN x.holder_id IS NULL THEN 'not_applicable'
                                      WHEN x.disputed THEN 'found' ELSE 'none_found' END, NULL),
           hub_tried('border', CASE WHEN x.pair IS NULL THEN 'none_found' ELSE 'found' END, x.pair),
           hub_tried('small_quantity', CASE WHEN x.group_units < x.min_units THEN 'found' ELSE 'none_found' END,
                     hub_decimal(x.group_units) || ' units in the month'))
  FROM row_of AS x
  JOIN source ON source.id = x.source_id
  JOIN partner AS seller ON seller.id = x.partner_id
  JOIN region AS ship_to ON ship_to.id = x.region_id
  LEFT JOIN partner AS holder ON holder.id = x.holder_id
  LEFT JOIN partner AS bound_partner ON bound_partner.id = x.bound_id
  LEFT JOIN partner AS buyer ON buyer.id = x.buyer_partner_id
  LEFT JOIN customer ON customer.id = x.customer_id
  LEFT JOIN location ON location.id = x.ship_to_location_id
  LEFT JOIN region AS ship_from ON ship_from.id = x.ship_from_region_id
  LEFT JOIN region AS bill_to ON bill_to.id = x.bill_to_region_id
  LEFT JOIN price_policy AS pp ON pp.id = x.policy_id
  LEFT JOIN own_list ON own_list.bound_id = x.bound_id AND own_list.product_group = x.product_group
                    AND own_list.region_id = x.region_id AND own_list.day = x.day
  LEFT JOIN ruling_list AS ruling ON ruling.product_group = x.product_group AND ruling.region_id = x.region_id
                                 AND ruling.segment = x.segment AND ruling.day = x.day
  LEFT JOIN before ON before.partner_id = x.partner_id AND before.product_group = x.product_group
                  AND before.region_id = x.region_id AND before.month = x.month
  LEFT JOIN bought ON bought.partner_id = x.partner_id AND bought.product_group = x.product_group AND bought.month = x.month;
