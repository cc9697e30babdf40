-- desk --
CREATE TEMP TABLE IF NOT EXISTS cross_cell (
    partner_id bigint, product_group text, region_id bigint, month date, month_end date
) ON COMMIT DELETE ROWS;
-- Who holds what alone beyond doubt, and the groups that changed lines belong to.
CREATE TEMP TABLE IF NOT EXISTS cross_place (region_id bigint, product_group text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_quiet (
    region_id bigint, product_group text, partner_id bigint, valid_from date, valid_to date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_reach (
    kind text, partner_id bigint, buyer_partner_id bigint, product_group text, region_id bigint, month date, quiet boolean
) ON COMMIT DELETE ROWS;
-- The lines under judgement, with the numbers of what is asked about them.
CREATE TEMP TABLE IF NOT EXISTS cross_line (
    line_id bigint PRIMARY KEY, spot_id bigint, seat_id bigint, buyer_seat_id bigint, cell_id bigint, edge_id bigint,
    limit_id bigint, month date, passive boolean, mode text, max_holders int, is_open boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_row (
    line_id bigint, holder_id bigint, home_id bigint, granted_id bigint, disputed boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_own (seat_id bigint, grant_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_border (edge_id bigint PRIMARY KEY, pair text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_home (home_id bigint PRIMARY KEY, units numeric) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_cell_fact (
    cell_id bigint PRIMARY KEY, months_before bigint, bought numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_verdict (
    line_id bigint, holder_id bigint, home_id bigint, disputed boolean, group_units numeric, holder_units numeric,
    wholesale numeric, policy_id bigint, pair text, min_units numeric, classification text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_grants (seat_id bigint PRIMARY KEY, records jsonb) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cross_rulers (spot_id bigint PRIMARY KEY, records jsonb) ON COMMIT DELETE ROWS;

-- places --
-- The ground of changed lines. Left empty when what decides who holds it has changed: groups that were no concern before may
-- be one now, and the other way round.
INSERT INTO cross_place
SELECT DISTINCT region_id, product_group FROM reached_line
 WHERE kind = 'sell_out' AND region_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM changed WHERE noun IN ('territory_grant', 'partner', 'product', 'region'));

-- all_places --
INSERT INTO cross_place
SELECT DISTINCT region_id, product_group FROM trade_line WHERE kind = 'sell_out' AND region_id IS NOT NULL;

-- quiet --
-- Where one partner governs beyond doubt, whatever the segment: its own sales there are nobody's concern.
WITH held AS MATERIALIZED (
    SELECT place.region_id, place.product_group, g.partner_id, 2 * c.distance AS rank, g.segment, g.valid_from,
           coalesce(g.valid_to, 'infinity') AS valid_to
      FROM cross_place AS place
      JOIN region_cover AS c ON c.covered_id = place.region_id
      JOIN territory_grant AS g
        ON g.region_id = c.region_id AND g.product_group = place.product_group AND g.deleted_at IS NULL
    UNION ALL
    SELECT place.region_id, place.product_group, g.partner_id, 2 * c.distance + 1, g.segment, g.valid_from,
           coalesce(g.valid_to, 'infinity')
      FROM cross_place AS place
      JOIN region_cover AS c ON c.covered_id = place.region_id
      JOIN territory_grant AS g ON g.region_id = c.region_id AND g.product_group = '*' AND g.deleted_at IS NULL
)
INSERT INTO cross_quiet
SELECT mine.region_id, mine.product_group, mine.partner_id, mine.valid_from, mine.valid_to
  FROM held AS mine
 WHERE mine.segment = '*'
   AND NOT EXISTS (SELECT 1 FROM held AS other
                    WHERE other.region_id = mine.region_id AND other.product_group = mine.product_group
                      AND other.partner_id <> mine.partner_id AND other.rank <= mine.rank
                      AND other.valid_from < mine.valid_to AND mine.valid_from < other.valid_to);

-- weigh_quiet --
ANALYZE cross_quiet;

-- reach --
-- The groups of changed lines. A quiet one stays so for the two months after, in which a person would be shown its sales.
INSERT INTO cross_reach
SELECT cell.kind, cell.partner_id, cell.buyer_partner_id, cell.product_group, cell.region_id, cell.month,
       bool_or(q.partner_id IS NOT NULL)
  FROM (SELECT DISTINCT kind, partner_id, buyer_partner_id, product_group, region_id, date_trunc('month', day::timestamp)::date AS month
          FROM reached_line) AS cell
  LEFT JOIN cross_quiet AS q
    ON q.region_id = cell.region_id AND q.product_group = cell.product_group AND q.partner_id = cell.partner_id
   AND q.valid_from <= cell.month AND q.valid_to >= (cell.month + interval '3 months')::date
 GROUP BY cell.kind, cell.partner_id, cell.buyer_partner_id, cell.product_group, cell.region_id, cell.month;

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
), touched AS (
    SELECT t.partner_id, t.product_group, t.region_id, t.day
      FROM held
      JOIN region_cover AS c ON c.region_id = held.region_id
      JOIN trade_line AS t ON t.region_id = c.covered_id AND t.day >= held.valid_from
       AND (held.valid_to IS NULL OR t.day < held.valid_to) AND held.product_group IN (t.product_group, '*')
     WHERE t.kind = 'sell_out'
    UNION
    SELECT t.partner_id, t.product_group, t.region_id, t.day
      FROM given
      JOIN below ON below.top_id = given.partner_id
      JOIN trade_line AS t ON below.partner_id IN (t.partner_id, t.buyer_partner_id) AND t.day >= given.valid_from
       AND (given.valid_to IS NULL OR t.day < given.valid_to) AND given.product_group IN (t.product_group, '*')
     WHERE t.kind = 'sell_out'
    UNION
    SELECT t.partner_id, t.product_group, t.region_id, t.day
      FROM mover JOIN trade_line AS t ON mover.partner_id IN (t.partner_id, t.buyer_partner_id)
     WHERE t.kind = 'sell_out'
    UNION
    SELECT t.partner_id, t.product_group, t.region_id, t.day
      FROM changed AS c
      JOIN customer AS k ON k.id = c.record_id
      JOIN sales_order AS o ON o.customer_id = k.id
      JOIN trade_line AS t ON t.order_id = o.id AND t.kind = 'sell_out'
     WHERE c.noun = 'customer' AND c.old IS NOT NULL
       AND ((c.old ->> 'key_account')::boolean <> k.key_account OR c.old ->> 'segment' IS DISTINCT FROM k.segment
            OR c.old ->> 'code' <> k.code)
    UNION
    SELECT t.partner_id, t.product_group, t.region_id, t.day
      FROM changed AS c
      JOIN location AS w ON w.id = c.record_id
      JOIN sales_order AS o ON o.ship_to_location_id = w.id
      JOIN trade_line AS t ON t.order_id = o.id AND t.kind = 'sell_out'
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
    SELECT partner_id, product_group, region_id, month FROM cross_reach WHERE kind = 'sell_out' AND NOT quiet
    UNION
    SELECT partner_id, product_group, region_id, date_trunc('month', day::timestamp)::date FROM touched
    UNION
    SELECT t.partner_id, t.product_group, t.region_id, date_trunc('month', t.day::timestamp)::date
      FROM price
      JOIN trade_line AS t ON t.base_id = price.product_id AND t.day >= price.valid_from
       AND (price.valid_to IS NULL OR t.day < price.valid_to)
     WHERE t.kind = 'sell_out'
), seller AS (
    SELECT DISTINCT partner_id, product_group, month FROM moved_units
), buyer AS (
    SELECT DISTINCT buyer_partner_id AS partner_id, product_group, month FROM cross_reach WHERE buyer_partner_id IS NOT NULL
)
INSERT INTO judged
SELECT concat_ws('|', partner_id, product_group, region_id, to_char(month, 'YYYY-MM'))
  FROM reached
 WHERE partner_id IS NOT NULL AND region_id IS NOT NULL
UNION
-- The holder's own sales of the month, by which the group is measured.
SELECT f.scope
  FROM seller
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.affected_id = seller.partner_id AND f.event_day >= seller.month
   AND f.event_day < (seller.month + interval '1 month')::date AND f.product_group = seller.product_group
   AND f.state <> 'resolved_by_data'
UNION
-- The two months after: whether it happened three months running.
SELECT f.scope
  FROM cross_reach AS cell
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.partner_id = cell.partner_id AND f.event_day >= (cell.month + interval '1 month')::date
   AND f.event_day < (cell.month + interval '3 months')::date AND f.product_group = cell.product_group
   AND f.region_id = cell.region_id AND f.state <> 'resolved_by_data'
 WHERE cell.kind = 'sell_out' AND NOT cell.quiet
UNION
-- What the seller itself bought in the three months.
SELECT f.scope
  FROM buyer
  JOIN conflict AS f
    ON f.rule = :rule::text AND f.partner_id = buyer.partner_id AND f.event_day >= buyer.month
   AND f.event_day < (buyer.month + interval '3 months')::date AND f.product_group = buyer.product_group
   AND f.state <> 'resolved_by_data'
UNION
SELECT f.scope
  FROM member JOIN conflict AS f ON f.rule = :rule::text AND f.affected_id = member.id AND f.state <> 'resolved_by_data'
 WHERE member.renamed
    ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged
SELECT concat_ws('|', partner_id, product_group, region_id, to_char(month, 'YYYY-MM'))
  FROM (SELECT DISTINCT t.partner_id, t.product_group, t.region_id, date_trunc('month', t.day::timestamp)::date AS month
          FROM trade_line AS t
         WHERE t.kind = 'sell_out' AND t.partner_id IS NOT NULL AND t.region_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM cross_quiet AS q
                            WHERE q.region_id = t.region_id AND q.product_group = t.product_group
                              AND q.partner_id = t.partner_id AND q.valid_from <= t.day AND q.valid_to > t.day)) AS cell
    ON CONFLICT DO NOTHING;

-- cells --
-- The judged groups less those that cannot hold a finding: where through the whole month the same grants govern whatever the
-- segment, and the seller holds one of them or none of them is exclusive; and where neither seller nor place has any grant.
WITH RECURSIVE cell AS MATERIALIZED (
    SELECT split_part(scope, '|', 1)::bigint AS partner_id,
           -- A group may hold the separator.
           substr(scope, strpos(scope, '|') + 1, length(scope) - strpos(scope, '|') - 2
                  - length(split_part(scope, '|', -2)) - length(split_part(scope, '|', -1))) AS product_group,
           split_part(scope, '|', -2)::bigint AS region_id, (split_part(scope, '|', -1) || '-01')::date AS month
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
SELECT cell.partner_id, cell.product_group, cell.region_id, cell.month, (cell.month + interval '1 month')::date
  FROM cell
  LEFT JOIN rule_of_month AS r USING (product_group, region_id, month)
  LEFT JOIN holding AS h USING (partner_id, product_group, month)
 WHERE NOT coalesce(r.steady AND (NOT r.alone OR cell.partner_id = ANY (r.partners)
                                  OR (h.steady AND h.above_id = ANY (r.partners))), false)
   AND (r.month IS NOT NULL OR h.month IS NOT NULL)
 ORDER BY 1, 2, 4;

-- pick --
-- Lines of centrally bought accounts, and lines that go to a third party's warehouse, are no deliveries to a customer there.
INSERT INTO picked
SELECT t.line_id
  FROM cross_cell AS cell
  JOIN trade_line AS t
    ON t.partner_id = cell.partner_id AND t.product_group = cell.product_group AND t.day >= cell.month
   AND t.day < cell.month_end AND t.region_id = cell.region_id AND t.kind = 'sell_out'
 WHERE NOT coalesce((SELECT c.key_account FROM customer AS c WHERE c.id = t.customer_id), false)
   AND coalesce((SELECT w.kind FROM sales_order AS o JOIN location AS w ON w.id = o.ship_to_location_id
                  WHERE o.id = t.order_id), '') <> 'third_party';

-- number --
-- Lines where the profile lets the rule look, and the questions about them: spot, seat of seller and buyer, group, edge, limits.
WITH watched AS (
    SELECT s.line_id, s.partner_id, s.buyer_partner_id, s.product_group, s.region_id, s.segment, s.day, s.version,
           date_trunc('month', s.day::timestamp)::date AS month, f.territory_rules AS mode, f.exclusive_max_holders AS max_holders,
           s.initiated = 'passive' OR (s.initiated = 'unknown' AND f.unknown_initiated_as = 'passive') AS passive
      FROM sale AS s
      LEFT JOIN region_profile AS j ON j.version = s.version AND j.region_id = s.region_id
      JOIN profile AS f ON f.version = s.version AND f.name = coalesce(j.profile, 'default')
      LEFT JOIN distribution AS d ON d.version = s.version AND d.product_group = s.product_group
     WHERE f.territory_rules <> 'off'
       AND NOT (f.needs_exclusive_system AND coalesce(d.kind, 'exclusive') IN ('selective', 'open'))
)
INSERT INTO cross_line
SELECT line_id,
       dense_rank() OVER (ORDER BY product_group, region_id, segment, day),
       dense_rank() OVER (ORDER BY partner_id, product_group, day),
       CASE WHEN buyer_partner_id IS NOT NULL
            THEN -dense_rank() OVER (ORDER BY buyer_partner_id, product_group, day) END,
       dense_rank() OVER (ORDER BY partner_id, product_group, region_id, month),
       dense_rank() OVER (ORDER BY partner_id, product_group, region_id, day),
       dense_rank() OVER (ORDER BY version, region_id, product_group),
       month, passive, mode, max_holders, true
  FROM watched;

-- spots --
INSERT INTO spot
SELECT DISTINCT x.spot_id, s.product_group, s.region_id, s.segment, s.day FROM cross_line AS x JOIN sale AS s USING (line_id);

-- seats --
INSERT INTO seat
SELECT DISTINCT x.seat_id, s.partner_id, s.product_group, s.day FROM cross_line AS x JOIN sale AS s USING (line_id)
UNION ALL
SELECT DISTINCT x.buyer_seat_id, s.buyer_partner_id, s.product_group, s.day
  FROM cross_line AS x JOIN sale AS s USING (line_id)
 WHERE x.buyer_seat_id IS NOT NULL;

-- weigh --
ANALYZE sale (line_id, partner_id, region_id), cross_line, spot, governing, seat, bound;

-- close_entitled --
-- Lines whose seller or buyer is authorised: by the grants that govern, or by one for a named segment when the customer has
-- none; and lines delivered for a holder or sold to one.
WITH who AS (
    SELECT x.line_id, x.spot_id, b.partner_id
      FROM cross_line AS x JOIN bound AS b ON b.seat_id = x.seat_id
    UNION ALL
    SELECT x.line_id, x.spot_id, b.partner_id
      FROM cross_line AS x JOIN bound AS b ON b.seat_id = x.buyer_seat_id
), entitled AS (
    SELECT who.line_id FROM who JOIN governing AS g ON g.spot_id = who.spot_id AND g.partner_id = who.partner_id
    UNION
    SELECT s.line_id
      FROM territory_grant AS g
      JOIN region_cover AS c ON c.region_id = g.region_id
      JOIN who ON who.partner_id = g.partner_id
      JOIN sale AS s
        ON s.line_id = who.line_id AND s.segment = '' AND s.region_id = c.covered_id
       AND g.product_group IN (s.product_group, '*') AND g.valid_from <= s.day AND (g.valid_to IS NULL OR s.day < g.valid_to)
     WHERE g.segment <> '*' AND g.deleted_at IS NULL
    UNION
    SELECT x.line_id
      FROM cross_line AS x
      JOIN sale AS s ON s.line_id = x.line_id AND coalesce(s.drop_ship_for_id, s.buyer_partner_id) IS NOT NULL
      JOIN governing AS g
        ON g.spot_id = x.spot_id AND g.partner_id IN (s.drop_ship_for_id, s.buyer_partner_id)
       AND g.exclusivity <> 'non_exclusive'
)
UPDATE cross_line AS x SET is_open = false FROM entitled WHERE entitled.line_id = x.line_id;

-- rows --
-- One row per line and holder, and one without a holder where nobody governs and the seller is bound.
WITH RECURSIVE rule_of_spot AS (
    SELECT spot_id, count(DISTINCT partner_id) AS partners,
           count(DISTINCT partner_id) FILTER (WHERE exclusivity <> 'non_exclusive') AS holders,
           bool_and(exclusivity <> 'non_exclusive') AS all_alone
      FROM governing
     GROUP BY spot_id
), holder AS (
    SELECT spot_id, partner_id, min(granted_id) AS granted_id, bool_and(exclusivity = 'sole') AS all_sole
      FROM governing
     GROUP BY spot_id, partner_id
    HAVING bool_or(exclusivity <> 'non_exclusive')
), chain AS (
    SELECT DISTINCT partner_id, partner_id AS above_id FROM holder
    UNION
    SELECT chain.partner_id, p.parent_id FROM chain JOIN partner AS p ON p.id = chain.above_id WHERE p.parent_id IS NOT NULL
), held AS (
    SELECT x.line_id, x.month, x.max_holders, s.partner_id, s.product_group, h.partner_id AS holder_id, h.granted_id,
           r.partners > 1 AND NOT (r.all_alone AND r.holders <= x.max_holders) AS disputed
      FROM cross_line AS x
      JOIN holder AS h ON h.spot_id = x.spot_id
      JOIN rule_of_spot AS r ON r.spot_id = x.spot_id
      JOIN sale AS s ON s.line_id = x.line_id
      JOIN partner AS seller ON seller.id = s.partner_id
     WHERE x.is_open AND NOT (seller.type = 'direct' AND h.all_sole)
       AND NOT EXISTS (SELECT 1 FROM chain WHERE chain.partner_id = h.partner_id AND chain.above_id = s.partner_id)
)
INSERT INTO cross_row
SELECT line_id, holder_id, dense_rank() OVER (ORDER BY holder_id, product_group, month, granted_id), granted_id, disputed
  FROM held
UNION ALL
SELECT x.line_id, NULL, NULL, NULL, false
  FROM cross_line AS x JOIN bound AS b ON b.seat_id = x.seat_id
 WHERE x.is_open AND NOT EXISTS (SELECT 1 FROM governing AS g WHERE g.spot_id = x.spot_id);

-- questions --
INSERT INTO price_asked
SELECT DISTINCT s.line_id, 'wholesale', s.base_id, s.region_id, s.channel, s.units, s.day
  FROM cross_row JOIN sale AS s USING (line_id);

-- limit_questions --
INSERT INTO limit_asked
SELECT DISTINCT x.limit_id, s.version, s.region_id, s.product_group
  FROM cross_row JOIN cross_line AS x USING (line_id) JOIN sale AS s USING (line_id);

-- homes --
-- What each holder sold itself in the group and month, under the region of its grant.
WITH asked AS (
    SELECT DISTINCT r.home_id, r.holder_id, s.product_group, x.month, r.granted_id
      FROM cross_row AS r JOIN cross_line AS x USING (line_id) JOIN sale AS s USING (line_id)
     WHERE r.holder_id IS NOT NULL
)
INSERT INTO cross_home
SELECT asked.home_id, nullif(sum(t.net_units), 0)
  FROM asked
  JOIN trade_line AS t
    ON t.partner_id = asked.holder_id AND t.product_group = asked.product_group AND t.day >= asked.month
   AND t.day < (asked.month + interval '1 month')::date AND t.kind = 'sell_out'
  JOIN region_cover AS c ON c.region_id = asked.granted_id AND c.covered_id = t.region_id
 GROUP BY asked.home_id;

-- own_grants --
-- The live grants of whom each seller holds through.
INSERT INTO cross_own
SELECT seat.seat_id, g.id
  FROM (SELECT DISTINCT x.seat_id FROM cross_row JOIN cross_line AS x USING (line_id)) AS asked
  JOIN seat ON seat.seat_id = asked.seat_id
  JOIN bound AS b ON b.seat_id = seat.seat_id
  JOIN territory_grant AS g
    ON g.partner_id = b.partner_id AND g.product_group IN (seat.product_group, '*') AND g.deleted_at IS NULL
   AND g.valid_from <= seat.day AND (g.valid_to IS NULL OR seat.day < g.valid_to);

-- borders --
-- Where one of those grants touches the destination without covering it.
WITH edge AS (
    SELECT DISTINCT x.edge_id, x.seat_id, s.region_id
      FROM cross_row JOIN cross_line AS x USING (line_id) JOIN sale AS s USING (line_id)
)
INSERT INTO cross_border
SELECT DISTINCT ON (edge.edge_id) edge.edge_id, inside.code || '–' || outside.code
  FROM edge
  JOIN cross_own AS own ON own.seat_id = edge.seat_id
  JOIN territory_grant AS g ON g.id = own.grant_id
  JOIN region_cover AS near ON near.covered_id = edge.region_id
  JOIN region_neighbour AS n ON n.neighbour_id = near.region_id
  JOIN region_cover AS mine ON mine.region_id = g.region_id AND mine.covered_id = n.region_id
  JOIN region AS inside ON inside.id = n.region_id
  JOIN region AS outside ON outside.id = n.neighbour_id
 WHERE NOT EXISTS (SELECT 1 FROM region_cover AS c WHERE c.region_id = g.region_id AND c.covered_id = edge.region_id)
 ORDER BY edge.edge_id, inside.code COLLATE "C", outside.code COLLATE "C";

-- cell_facts --
-- In how many of the two months before the seller sold there too, and what it bought of the group in the three months.
WITH cell AS MATERIALIZED (
    SELECT DISTINCT x.cell_id, s.partner_id, s.product_group, s.region_id, x.month
      FROM cross_row JOIN cross_line AS x USING (line_id) JOIN sale AS s USING (line_id)
), before AS (
    SELECT cell.cell_id, count(DISTINCT date_trunc('month', t.day::timestamp)) AS months
      FROM cell
      JOIN trade_line AS t
        ON t.partner_id = cell.partner_id AND t.product_group = cell.product_group
       AND t.day >= (cell.month - interval '2 months')::date AND t.day < cell.month AND t.region_id = cell.region_id
       AND t.kind = 'sell_out'
     GROUP BY cell.cell_id
), buyer AS (
    SELECT DISTINCT partner_id, product_group, month FROM cell
), bought AS (
    SELECT buyer.partner_id, buyer.product_group, buyer.month, sum(t.net_units) AS units
      FROM buyer
      JOIN trade_line AS t
        ON t.buyer_partner_id = buyer.partner_id AND t.product_group = buyer.product_group
       AND t.day >= (buyer.month - interval '2 months')::date AND t.day < (buyer.month + interval '1 month')::date
       AND t.kind IN ('sell_in', 'sell_out', 'transfer')
     GROUP BY buyer.partner_id, buyer.product_group, buyer.month
), paired AS (
    SELECT cell.cell_id, bought.units
      FROM cell JOIN bought USING (partner_id, product_group, month)
)
INSERT INTO cross_cell_fact
SELECT coalesce(before.cell_id, paired.cell_id), coalesce(before.months, 0), paired.units
  FROM before FULL JOIN paired USING (cell_id);

-- grant_lists --
WITH told AS MATERIALIZED (
    SELECT g.id, hub_evidence('seller_grant', 'territory_grant', g.id, g.source_id, g.key, jsonb_build_object(
               'partner', p.code, 'region', r.code, 'product_group', g.product_group, 'segment', g.segment,
               'exclusivity', g.exclusivity, 'valid_from', g.valid_from, 'valid_to', g.valid_to,
               'contract_ref', g.contract_ref)) AS record, g.key, g.source_id
      FROM (SELECT DISTINCT grant_id FROM cross_own) AS own
      JOIN territory_grant AS g ON g.id = own.grant_id
      JOIN partner AS p ON p.id = g.partner_id
      JOIN region AS r ON r.id = g.region_id
)
INSERT INTO cross_grants
SELECT own.seat_id, jsonb_agg(told.record ORDER BY told.key COLLATE "C", told.source_id)
  FROM cross_own AS own JOIN told ON told.id = own.grant_id
 GROUP BY own.seat_id;

-- ruler_lists --
WITH asked AS (
    SELECT DISTINCT x.spot_id FROM cross_row JOIN cross_line AS x USING (line_id)
), told AS MATERIALIZED (
    SELECT g.id, hub_evidence('holder_grant', 'territory_grant', g.id, g.source_id, g.key, jsonb_build_object(
               'partner', p.code, 'region', r.code, 'product_group', g.product_group, 'segment', g.segment,
               'exclusivity', g.exclusivity, 'valid_from', g.valid_from, 'valid_to', g.valid_to,
               'contract_ref', g.contract_ref)) AS record, g.key, g.source_id
      FROM (SELECT DISTINCT grant_id FROM governing) AS ruling
      JOIN territory_grant AS g ON g.id = ruling.grant_id
      JOIN partner AS p ON p.id = g.partner_id
      JOIN region AS r ON r.id = g.region_id
)
INSERT INTO cross_rulers
SELECT asked.spot_id, jsonb_agg(told.record ORDER BY told.key COLLATE "C", told.source_id)
  FROM asked JOIN governing AS g ON g.spot_id = asked.spot_id JOIN told ON told.id = g.grant_id
 GROUP BY asked.spot_id;

-- weigh_rows --
ANALYZE cross_row, cross_home, cross_border, cross_cell_fact, cross_grants (seat_id), cross_rulers (spot_id), price_found, limit_found;

-- verdicts --
-- The first class that fits.
WITH bar AS (
    SELECT limit_id,
           max(value) FILTER (WHERE name = 'border_units') AS border_units,
           max(value) FILTER (WHERE name = 'price_tol') AS price_tol,
           max(value) FILTER (WHERE name = 'min_units') AS min_units,
           max(value) FILTER (WHERE name = 'min_share') AS min_share
      FROM limit_found
     GROUP BY limit_id
), measured AS (
    SELECT r.*, x.passive, x.edge_id, x.limit_id, s.unit_net, home.units AS holder_units,
           coalesce(sum(s.net_units) FILTER (WHERE NOT x.passive) OVER (PARTITION BY x.cell_id, r.holder_id), 0) AS group_units
      FROM cross_row AS r
      JOIN cross_line AS x USING (line_id)
      JOIN sale AS s USING (line_id)
      LEFT JOIN cross_home AS home ON home.home_id = r.home_id
)
INSERT INTO cross_verdict
SELECT m.line_id, m.holder_id, m.home_id, m.disputed, m.group_units, m.holder_units, price.price, price.policy_id, border.pair,
       bar.min_units,
       CASE WHEN m.passive THEN 'passive_info'
            WHEN m.holder_id IS NULL THEN 'benign'
            WHEN m.disputed THEN 'territory_disputed'
            WHEN border.pair IS NOT NULL AND m.group_units <= bar.border_units
                 AND (price.price IS NULL OR m.unit_net >= price.price * (1 - bar.price_tol)) THEN 'natural'
            WHEN m.group_units < bar.min_units
                 AND NOT coalesce(m.group_units >= bar.min_share * m.holder_units, false) THEN 'minor'
            ELSE 'suspected' END
  FROM measured AS m
  JOIN bar ON bar.limit_id = m.limit_id
  LEFT JOIN price_found AS price ON price.asked_id = m.line_id AND price.kind = 'wholesale'
  LEFT JOIN cross_border AS border ON border.edge_id = m.edge_id;

-- judge --
INSERT INTO found
SELECT concat_ws('|', s.partner_id, s.product_group, s.region_id, to_char(x.month, 'YYYY-MM')),
       ARRAY[source.name, s.order_key, s.number::text, coalesce(holder.code, '-')],
       v.classification, x.mode, s.version, s.partner_id, v.holder_id, s.product_id, s.region_id, s.product_group, s.day,
       round(s.net_units * s.unit_net, 2),
       hub_ratio(v.group_units, v.holder_units * 0.10),
       CASE WHEN s.invoice_ref IS NOT NULL OR cardinality(s.serials) > 0 THEN 1.0 ELSE 0.7 END,
       '{}'::text[],
       jsonb_build_object(
           'order', s.order_key, 'line', s.number, 'order_date', s.day, 'invoice_ref', s.invoice_ref, 'sku', s.sku,
           'ship_from', ship_from.code, 'ship_to', ship_to.code, 'bill_to', bill_to.code, 'customer', customer.code,
           'holder', coalesce(holder.code, '-'), 'units', hub_decimal(s.units), 'net_units', hub_decimal(s.net_units),
           'returned', hub_decimal(s.returned), 'unit_net', hub_decimal(s.unit_net),
           'local_wholesale', hub_decimal(v.wholesale),
           'wholesale_difference_percent', hub_decimal(round(100 * hub_ratio(s.unit_net - v.wholesale, v.wholesale), 2)),
           'adjacent', v.pair, 'group_units', hub_decimal(v.group_units), 'holder_units', hub_decimal(v.holder_units),
           'initiated', s.initiated,
           'indicators', jsonb_build_object(
               'below_local_wholesale', s.unit_net < v.wholesale,
               'repeated_3_months', coalesce(cell.months_before, 0) = 2,
               'serials_missing', cardinality(s.serials) = 0,
               'sells_more_than_bought', v.group_units > cell.bought),
           'records', jsonb_build_array(hub_evidence('sale_line', 'order_line', s.line_id, s.source_id,
               s.order_key || '|' || s.number, jsonb_build_object(
                   'seller', seller.code, 'sku', s.sku, 'units', hub_decimal(s.units), 'amount', hub_decimal(s.amount),
                   'currency', s.currency, 'order_date', s.day, 'ship_to', ship_to.code)))
               || coalesce(rulers.records, '[]'::jsonb) || coalesce(own.records, '[]'::jsonb)
               || CASE WHEN pp.id IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(hub_evidence('wholesale_price', 'price_policy',
                      pp.id, pp.source_id, pp.key, jsonb_build_object('unit_price', hub_decimal(pp.unit_price),
                      'currency', pp.currency, 'valid_from', pp.valid_from, 'valid_to', pp.valid_to))) END),
       jsonb_build_array(
           hub_tried('no_destination', 'none_found', ship_to.code),
           hub_tried('key_account', CASE WHEN s.customer_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, customer.code),
           hub_tried('third_party_location',
                     CASE WHEN s.ship_to_location_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, location.code),
           hub_tried('returned', CASE WHEN s.returned > 0 THEN 'found' ELSE 'none_found' END,
                     hub_decimal(s.returned) || ' of ' || hub_decimal(s.units) || ' units came back'),
           hub_tried('profile_off', 'none_found', x.mode),
           hub_tried('authorised', CASE WHEN b.partner_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, bound_partner.code),
           hub_tried('drop_ship', CASE WHEN s.drop_ship_for_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, NULL),
           hub_tried('entitled_buyer', CASE WHEN s.buyer_partner_id IS NULL THEN 'not_applicable' ELSE 'none_found' END,
                     buyer.code),
           hub_tried('above_holder', CASE WHEN v.holder_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, holder.code),
           hub_tried('direct_beside_sole', CASE WHEN seller.type <> 'direct' OR v.holder_id IS NULL THEN 'not_applicable'
                                                ELSE 'none_found' END, NULL),
           hub_tried('open_territory', CASE WHEN v.holder_id IS NULL THEN 'not_applicable' ELSE 'none_found' END, NULL),
           hub_tried('passive', CASE WHEN x.passive THEN 'found' ELSE 'none_found' END, s.initiated),
           hub_tried('unserved', CASE WHEN v.holder_id IS NULL THEN 'found' ELSE 'none_found' END, NULL),
           hub_tried('disputed', CASE WHEN v.holder_id IS NULL THEN 'not_applicable'
                                      WHEN v.disputed THEN 'found' ELSE 'none_found' END, NULL),
           hub_tried('border', CASE WHEN v.pair IS NULL THEN 'none_found' ELSE 'found' END, v.pair),
           hub_tried('small_quantity', CASE WHEN v.group_units < v.min_units THEN 'found' ELSE 'none_found' END,
                     hub_decimal(v.group_units) || ' units in the month'))
  FROM cross_verdict AS v
  JOIN cross_line AS x USING (line_id)
  JOIN sale AS s USING (line_id)
  JOIN source ON source.id = s.source_id
  JOIN partner AS seller ON seller.id = s.partner_id
  JOIN region AS ship_to ON ship_to.id = s.region_id
  LEFT JOIN bound AS b ON b.seat_id = x.seat_id
  LEFT JOIN partner AS holder ON holder.id = v.holder_id
  LEFT JOIN partner AS bound_partner ON bound_partner.id = b.partner_id
  LEFT JOIN partner AS buyer ON buyer.id = s.buyer_partner_id
  LEFT JOIN customer ON customer.id = s.customer_id
  LEFT JOIN location ON location.id = s.ship_to_location_id
  LEFT JOIN region AS ship_from ON ship_from.id = s.ship_from_region_id
  LEFT JOIN region AS bill_to ON bill_to.id = s.bill_to_region_id
  LEFT JOIN price_policy AS pp ON pp.id = v.policy_id
  LEFT JOIN cross_grants AS own ON own.seat_id = x.seat_id
  LEFT JOIN cross_rulers AS rulers ON rulers.spot_id = x.spot_id
  LEFT JOIN cross_cell_fact AS cell ON cell.cell_id = x.cell_id;
