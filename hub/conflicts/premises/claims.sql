-- reached_claims --
-- Claims reached by their own change, by one that replaces them, and by every change of one they may resemble: of the same
-- programme with the serial, or with the partner and the base. Each as it was and as it is.
WITH mark AS (
    SELECT c.id, c.source_id, c.program, c.partner_id, c.serial, c.product_id, c.replaces
      FROM changed AS m JOIN claim AS c ON c.id = m.record_id WHERE m.noun = 'claim'
    UNION
    SELECT m.record_id, old.source_id, old.program, old.partner_id, old.serial, old.product_id, old.replaces
      FROM changed AS m
     CROSS JOIN LATERAL jsonb_to_record(m.old) AS old (
               source_id bigint, program text, partner_id bigint, serial text, product_id bigint, replaces text)
     WHERE m.noun = 'claim' AND m.old IS NOT NULL
    UNION
    SELECT c.id, c.source_id, c.program, c.partner_id, c.serial, c.product_id, c.replaces
      FROM reached_product AS article JOIN claim AS c ON c.product_id = article.product_id
    UNION
    SELECT c.id, c.source_id, c.program, c.partner_id, c.serial, c.product_id, c.replaces
      FROM reached_rate AS rate
      JOIN claim AS c ON c.currency = rate.currency AND c.claim_date >= rate.first_day AND c.claim_date < rate.end_day
    UNION
    SELECT c.id, c.source_id, c.program, c.partner_id, c.serial, c.product_id, c.replaces
      FROM changed AS m
      JOIN partner AS p ON p.id = m.record_id
      JOIN claim AS c ON c.partner_id = p.id
     WHERE m.noun = 'partner' AND m.old IS NOT NULL
       AND (m.old ->> 'code' <> p.code OR (m.old ->> 'home_region_id')::bigint IS DISTINCT FROM p.home_region_id)
    UNION
    SELECT c.id, c.source_id, c.program, c.partner_id, c.serial, c.product_id, c.replaces
      FROM changed AS m
      JOIN customer AS k ON k.id = m.record_id
      JOIN claim AS c ON c.customer_id = k.id
     WHERE m.noun = 'customer' AND m.old IS NOT NULL AND m.old ->> 'code' <> k.code
), touched AS (
    SELECT * FROM mark
    UNION
    SELECT older.id, older.source_id, older.program, older.partner_id, older.serial, older.product_id, older.replaces
      FROM mark JOIN claim AS older ON older.source_id = mark.source_id AND older.key = mark.replaces
), base AS (
    SELECT touched.*, p.base_id FROM touched LEFT JOIN product AS p ON p.id = touched.product_id
    UNION
    SELECT touched.*, (m.old ->> 'base_id')::bigint
      FROM touched JOIN changed AS m ON m.noun = 'product' AND m.record_id = touched.product_id AND m.old IS NOT NULL
)
INSERT INTO reached_claim
SELECT id, program, partner_id, base_id FROM base
UNION
SELECT c.id, c.program, c.partner_id, p.base_id
  FROM touched
  JOIN claim AS c ON c.program = touched.program AND c.serial = touched.serial
  LEFT JOIN product AS p ON p.id = c.product_id
UNION
SELECT c.id, c.program, c.partner_id, p.base_id
  FROM base
  JOIN claim AS c ON c.program = base.program AND c.partner_id = base.partner_id
  LEFT JOIN product AS p ON p.id = c.product_id
 WHERE p.base_id IS NOT DISTINCT FROM base.base_id;

-- twins --
-- Of the claims asked about, those that an earlier one of the same programme resembles: the best level first, then the earliest.
-- A claim counts while it is submitted, approved or paid and no such claim replaces it.
WITH standing AS MATERIALIZED (
    SELECT c.*, p.base_id, c.qty * p.units_per_pack AS units, source.name AS source,
           upper(regexp_replace(c.invoice_ref, '\s', '', 'g')) AS invoice,
           round(c.amount * hub_rate(c.currency, c.claim_date, :base_currency::text), 2) AS value
      FROM (SELECT DISTINCT program FROM claim_asked JOIN claim ON claim.id = claim_asked.claim_id) AS asked
      JOIN claim AS c ON c.program = asked.program AND c.deleted_at IS NULL AND c.status IN ('submitted', 'approved', 'paid')
      JOIN source ON source.id = c.source_id
      LEFT JOIN product AS p ON p.id = c.product_id
     WHERE NOT EXISTS (SELECT 1 FROM claim AS newer
                        WHERE newer.source_id = c.source_id AND newer.replaces = c.key AND newer.id <> c.id
                          AND newer.deleted_at IS NULL AND newer.status IN ('submitted', 'approved', 'paid'))
), subject AS (
    SELECT c.*, v.version, coalesce(program.stackable, false) AS stackable
      FROM claim_asked
      JOIN standing AS c ON c.id = claim_asked.claim_id
      JOIN policy_period AS v ON c.claim_date >= v.valid_from AND c.claim_date < v.valid_to
      LEFT JOIN program_setting AS program ON program.version = v.version AND program.name = c.program
), near AS (
    SELECT c.id, k.id AS kept_id, 1 AS place, 'serial' AS level
      FROM subject AS c
      JOIN standing AS k
        ON k.program = c.program AND k.serial = c.serial AND (k.partner_id = c.partner_id OR NOT c.stackable)
    UNION ALL
    SELECT c.id, k.id, 2, 'exact'
      FROM subject AS c
      JOIN standing AS k
        ON k.program = c.program AND k.partner_id = c.partner_id AND k.base_id = c.base_id AND k.units = c.units
       AND k.invoice = c.invoice
     WHERE 'mdf' NOT IN (c.kind, k.kind)
    UNION ALL
    SELECT c.id, k.id, 2, 'exact'
      FROM subject AS c
      JOIN standing AS k
        ON k.program = c.program AND k.partner_id = c.partner_id AND (k.amount, k.currency) = (c.amount, c.currency)
       AND k.invoice = c.invoice
     WHERE c.kind = 'mdf' AND k.kind = 'mdf'
    UNION ALL
    SELECT c.id, k.id, 3, 'fuzzy'
      FROM subject AS c
      JOIN standing AS k
        ON k.program = c.program AND k.partner_id = c.partner_id AND k.base_id = c.base_id AND k.units = c.units
       AND k.customer_id = c.customer_id
      JOIN claim_limit AS bar ON bar.claim_id = c.id
     WHERE 'mdf' NOT IN (c.kind, k.kind) AND (c.invoice IS NULL OR k.invoice IS NULL)
       AND abs(c.claim_date - k.claim_date) <= bar.days
       AND abs(c.value - k.value) <= bar.amount_tol * greatest(c.value, k.value)
)
INSERT INTO claim_twin
SELECT DISTINCT ON (c.id) c.id, near.kept_id, near.level, c.version, c.units, c.value, k.units, k.value
  FROM near
  JOIN subject AS c ON c.id = near.id
  JOIN standing AS k ON k.id = near.kept_id
 WHERE (k.claim_date, k.key COLLATE "C", k.source COLLATE "C") < (c.claim_date, c.key COLLATE "C", c.source COLLATE "C")
   AND (near.level = 'serial' OR c.serial = k.serial OR c.serial IS NULL OR k.serial IS NULL)
 ORDER BY c.id, near.place, k.claim_date, k.key COLLATE "C", k.source COLLATE "C";
