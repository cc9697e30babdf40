-- desk --
-- What is to be told, and who hears of it. The rows live as long as the transaction.
CREATE TEMP TABLE IF NOT EXISTS tidings (
    id bigint PRIMARY KEY, rule text, band text, score numeric, region_id bigint, product_group text, partner_id bigint,
    affected_id bigint, owner_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS addressed (
    id bigint, route text, channel text, recipient text, user_id bigint, time_zone text, quiet_hours text,
    PRIMARY KEY (id, recipient)
) ON COMMIT DELETE ROWS;
TRUNCATE tidings, addressed;

-- of_alerts --
-- A step that is overdue is its owner's to hear of; anything else the manager's.
INSERT INTO tidings
SELECT a.id, c.rule, a.severity, c.score, c.region_id, c.product_group, c.partner_id, c.affected_id,
       CASE WHEN a.reason = 'sla' THEN c.assignee_id END
  FROM alert AS a
  JOIN conflict_case AS c ON c.id = a.case_id
 WHERE a.id = ANY (:alert_ids::bigint[]);

-- of_findings --
-- What is new since then and may be told: full findings that stand and were not there, or were not full, before.
INSERT INTO tidings
SELECT f.id, f.rule, f.band, f.score, f.region_id, f.product_group, f.partner_id, f.affected_id, NULL
  FROM conflict AS f
 WHERE f.is_full AND f.mode = 'case' AND f.state = 'open' AND f.changed_at >= :since AND f.detected_at < :until
   AND (f.detected_at >= :since OR EXISTS (
         SELECT FROM (SELECT h.state, h.classification
                        FROM conflict_history AS h
                       WHERE h.conflict_id = f.id AND h.until >= :since
                       ORDER BY h.revision
                       LIMIT 1) AS before
          WHERE before.state = 'resolved_by_data' OR before.classification <> f.classification));

-- address --
-- The routes that fit; and the manager of the partner concerned, else of the one affected, else the policy's default, where
-- that address is a user's. A user who acts for a partner, or was shut out, hears of nothing.
WITH route AS (
    SELECT *
      FROM jsonb_to_recordset(:routes::jsonb) AS r (
           place int, name text, rule_ids text[], severity text, regions text[], product_groups text[], partners text[],
           addresses text[], target text, channel text)
), band AS (
    SELECT name, place
      FROM unnest(ARRAY['info', 'low', 'medium', 'high', 'critical']) WITH ORDINALITY AS b (name, place)
), fitting AS (
    SELECT t.id, r.place, r.name, r.addresses, r.target, r.channel
      FROM tidings AS t
      JOIN band ON band.name = t.band
      JOIN route AS r ON (r.rule_ids = '{}' OR t.rule = ANY (r.rule_ids))
       AND (r.product_groups = '{}' OR t.product_group = ANY (r.product_groups))
      JOIN band AS least ON least.name = r.severity AND least.place <= band.place
     WHERE (r.partners = '{}' OR EXISTS (
             SELECT FROM partner AS p WHERE p.id = coalesce(t.partner_id, t.affected_id) AND p.code = ANY (r.partners)))
       AND (r.regions = '{}' OR EXISTS (
             SELECT FROM region AS named JOIN region_cover AS c ON c.region_id = named.id
              WHERE named.code = ANY (r.regions) AND c.covered_id = t.region_id))
), colleague AS (
    SELECT id, email FROM hub_user WHERE active AND NOT 'partner' = ANY (roles)
), answerable AS (
    SELECT t.id, coalesce(owner.email, own.email, other.email, usual.email) AS email,
           CASE WHEN owner.id IS NOT NULL THEN 'the owner' WHEN own.id IS NOT NULL THEN 'the manager'
                WHEN other.id IS NOT NULL THEN :affected ELSE 'the default' END AS route
      FROM tidings AS t
      LEFT JOIN colleague AS owner ON owner.id = t.owner_id
      LEFT JOIN partner AS accused ON accused.id = t.partner_id
      LEFT JOIN colleague AS own ON own.email = lower(trim(accused.manager))
      LEFT JOIN partner AS victim ON victim.id = t.affected_id
      LEFT JOIN colleague AS other ON other.email = lower(trim(victim.manager))
      LEFT JOIN colleague AS usual ON usual.email = lower(trim(:default::text))
     WHERE :mail::boolean
), wanted AS (
    SELECT id, place, name AS route, 'email' AS channel, address AS recipient
      FROM fitting CROSS JOIN unnest(addresses) AS address
     UNION ALL
    SELECT id, place, name, channel, target FROM fitting WHERE target IS NOT NULL
     UNION ALL
    SELECT id, 1000000, route, 'email', email FROM answerable WHERE email IS NOT NULL
)
INSERT INTO addressed
SELECT DISTINCT ON (w.id, w.recipient)
       w.id, w.route, w.channel, w.recipient, u.id, coalesce(u.time_zone, :zone), coalesce(u.quiet_hours, :quiet)
  FROM wanted AS w
  LEFT JOIN hub_user AS u ON u.email = w.recipient
 WHERE u.id IS NULL OR (u.active AND NOT 'partner' = ANY (u.roles))
 ORDER BY w.id, w.recipient, w.place;

-- administrators --
INSERT INTO addressed
SELECT t.id, :route, 'email', u.email, u.id, coalesce(u.time_zone, :zone), coalesce(u.quiet_hours, :quiet)
  FROM tidings AS t
  JOIN hub_user AS u ON u.active AND 'admin' = ANY (u.roles) AND NOT 'partner' = ANY (u.roles);

-- receivers --
SELECT DISTINCT recipient, time_zone, quiet_hours FROM addressed ORDER BY recipient;

-- put --
-- The most serious go out; what is critical even in quiet hours.
WITH receiver AS (
    SELECT *
      FROM unnest(:recipients::text[], :hushed::boolean[], :days::timestamptz[]) AS r (recipient, hushed, day)
), spent AS (
    SELECT r.recipient, count(d.id) AS many
      FROM receiver AS r
      LEFT JOIN delivery AS d
        ON d.recipient = r.recipient AND d.created_at >= r.day AND d.alert_id IS NOT NULL AND NOT d.held
     GROUP BY r.recipient
), ranked AS (
    SELECT a.*, spent.many, r.hushed AND t.band <> 'critical' AS hushed,
           row_number() OVER (
               PARTITION BY a.recipient, r.hushed AND t.band <> 'critical' ORDER BY t.score DESC, t.id) AS place
      FROM addressed AS a
      JOIN tidings AS t ON t.id = a.id
      JOIN receiver AS r ON r.recipient = a.recipient
      JOIN spent ON spent.recipient = a.recipient
), written AS (
    INSERT INTO delivery (alert_id, route, channel, recipient, user_id, held, created_at)
    SELECT id, route, channel, recipient, user_id, hushed OR many + place > :most, :at FROM ranked ORDER BY id, recipient
        ON CONFLICT (alert_id, route, recipient) DO NOTHING
    RETURNING id
)
SELECT count(*) FROM written;

-- zones --
-- Where receivers live, with the latest days that were told there.
SELECT zone.time_zone,
       ARRAY(SELECT r.day FROM digest_round AS r WHERE r.time_zone = zone.time_zone ORDER BY r.day DESC LIMIT 3) AS days
  FROM (SELECT time_zone FROM hub_user WHERE active UNION SELECT :usual) AS zone
 ORDER BY zone.time_zone;

-- begin_round --
-- Nothing where the round is written; where somebody is writing it, nothing once that is done. A zone told for the first time
-- goes on a day before the one that is furthest behind.
INSERT INTO digest_round (time_zone, day, until_at) VALUES (:time_zone, :day, :until)
    ON CONFLICT (time_zone, day) DO NOTHING
RETURNING coalesce(
    (SELECT max(r.until_at) FROM digest_round AS r WHERE r.time_zone = :time_zone),
    (SELECT min(latest.until_at) - interval '1 day'
       FROM (SELECT max(r.until_at) AS until_at
               FROM digest_round AS r
              WHERE r.time_zone IN (SELECT u.time_zone FROM hub_user AS u WHERE u.active UNION SELECT :usual)
              GROUP BY r.time_zone) AS latest),
    '-infinity'::timestamptz) AS since;

-- leave_out --
-- What is told elsewhere, and findings of a case the receiver was told of after they were found.
DELETE FROM addressed AS one
 USING conflict AS f
 WHERE f.id = one.id
   AND (one.time_zone <> :time_zone OR EXISTS (
         SELECT FROM alert AS a JOIN delivery AS d ON d.alert_id = a.id
          WHERE a.case_id = f.case_id AND a.raised_at >= f.detected_at AND d.recipient = one.recipient));

-- digest_receivers --
SELECT recipient, time_zone, quiet_hours FROM addressed
 UNION
SELECT d.recipient, coalesce(u.time_zone, :usual), coalesce(u.quiet_hours, :usual_quiet)
  FROM delivery AS d
  LEFT JOIN hub_user AS u ON u.id = d.user_id
 WHERE d.held AND d.state = 'pending' AND d.created_at < :until AND coalesce(u.time_zone, :usual) = :time_zone
   AND coalesce(u.active, true);

-- digests --
-- One for each receiver who has none of the day, with the most serious items by name and everything by number; what was held
-- is carried by it.
WITH receiver AS (
    SELECT * FROM unnest(:recipients::text[], :times::timestamptz[]) AS r (recipient, free_at)
), held AS (
    SELECT d.id, d.recipient, d.route, d.channel, d.user_id, a.case_id
      FROM delivery AS d
      JOIN receiver AS r ON r.recipient = d.recipient
      JOIN alert AS a ON a.id = d.alert_id
     WHERE d.held AND d.state = 'pending' AND d.created_at < :until
), item AS (
    SELECT held.recipient, c.number, c.rule, coalesce(p.code, '-') AS partner, coalesce(g.code, '-') AS region, c.score,
           standing.many AS findings
      FROM (SELECT DISTINCT recipient, case_id FROM held) AS held
      JOIN conflict_case AS c ON c.id = held.case_id
      LEFT JOIN partner AS p ON p.id = c.partner_id
      LEFT JOIN region AS g ON g.id = c.region_id
     CROSS JOIN LATERAL (
           SELECT count(*) AS many FROM conflict AS f
            WHERE f.case_id = c.id AND f.is_full AND f.state IN ('open', 'confirmed')) AS standing
     UNION ALL
    SELECT one.recipient, NULL, f.rule, f.accused, CASE WHEN min(f.region) = max(f.region) THEN min(f.region) ELSE '-' END,
           max(f.score), count(*)
      FROM addressed AS one
      JOIN conflict AS f ON f.id = one.id
     WHERE f.case_id IS NULL
     GROUP BY one.recipient, f.rule, f.accused, f.group_key
     UNION ALL
    SELECT one.recipient, c.number, f.rule, f.accused, CASE WHEN min(f.region) = max(f.region) THEN min(f.region) ELSE '-' END,
           max(f.score), count(*)
      FROM addressed AS one
      JOIN conflict AS f ON f.id = one.id
      JOIN conflict_case AS c ON c.id = f.case_id
     GROUP BY one.recipient, f.rule, f.accused, c.number
), placed AS (
    SELECT item.*, row_number() OVER (PARTITION BY recipient ORDER BY score DESC, number, rule, partner, region) AS place
      FROM item
), by_rule AS (
    SELECT recipient, jsonb_object_agg(rule, many) AS rules, sum(many) AS findings
      FROM (SELECT recipient, rule, sum(findings) AS many FROM item GROUP BY recipient, rule) AS sums
     GROUP BY recipient
), named AS (
    SELECT recipient, max(place) AS many,
           jsonb_agg(jsonb_build_object('number', number, 'rule', rule, 'partner', partner, 'region', region, 'score', score,
                                        'findings', findings) ORDER BY place) FILTER (WHERE place <= :shown) AS items
      FROM placed
     GROUP BY recipient
), way AS (
    SELECT DISTINCT ON (recipient) recipient, route, channel, user_id
      FROM (SELECT recipient, route, channel, user_id FROM held
             UNION ALL
            SELECT recipient, route, channel, user_id FROM addressed) AS every
     ORDER BY recipient, route
), written AS (
    INSERT INTO digest (recipient, day, route, channel, user_id, alert_count, finding_count, body, created_at)
    SELECT named.recipient, :day, way.route, way.channel, way.user_id,
           (SELECT count(*) FROM held WHERE held.recipient = named.recipient), by_rule.findings,
           jsonb_build_object('items', named.items, 'many', named.many, 'rules', by_rule.rules), :at
      FROM named
      JOIN by_rule ON by_rule.recipient = named.recipient
      JOIN way ON way.recipient = named.recipient
        ON CONFLICT (recipient, day) DO NOTHING
    RETURNING id, recipient, route, channel, user_id
), carried AS (
    UPDATE delivery AS d
       SET state = 'suppressed', digest_id = written.id
      FROM held JOIN written ON written.recipient = held.recipient
     WHERE d.id = held.id
), sent AS (
    INSERT INTO delivery (digest_id, route, channel, recipient, user_id, created_at, next_attempt_at)
    SELECT w.id, w.route, w.channel, w.recipient, w.user_id, :at, nullif(r.free_at, :at)
      FROM written AS w JOIN receiver AS r ON r.recipient = w.recipient
    RETURNING id
)
SELECT count(*) FROM sent;

-- digests_taken --
SELECT id, day, alert_count, finding_count, body FROM digest WHERE id = ANY (:ids::bigint[]);
