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

-- standing --
-- The claims asked about and all that may resemble them, as far as they count: submitted, approved or paid, and not replaced by
-- one that is. Their money is in the base currency, and unknown without a rate.
WITH near AS (
    SELECT claim_id AS id FROM claim_asked
    UNION
    SELECT other.id
      FROM claim_asked
      JOIN claim AS c ON c.id = claim_asked.claim_id
      JOIN claim AS other ON other.partner_id = c.partner_id AND other.program = c.program
    UNION
    SELECT other.id
      FROM claim_asked
      JOIN claim AS c ON c.id = claim_asked.claim_id
      JOIN claim AS other ON other.serial = c.serial AND other.program = c.program
)
INSERT INTO standing_claim
SELECT c.id, source.name, c.key, c.program, coalesce(program.stackable, false), c.kind, c.partner_id, c.product_id, p.base_id,
       c.qty * p.units_per_pack, c.amount, c.currency,
       round(c.amount * hub_rate(c.currency, c.claim_date, :base_currency::text), 2), c.customer_id,
       upper(regexp_replace(c.invoice_ref, '\s', '', 'g')), c.serial, c.claim_date, policy_period.version
  FROM near
  JOIN claim AS c ON c.id = near.id AND c.deleted_at IS NULL AND c.status IN ('submitted', 'approved', 'paid')
  JOIN source ON source.id = c.source_id
  JOIN policy_period ON c.claim_date >= policy_period.valid_from AND c.claim_date < policy_period.valid_to
  LEFT JOIN program_setting AS program ON program.version = policy_period.version AND program.name = c.program
  LEFT JOIN product AS p ON p.id = c.product_id
 WHERE NOT EXISTS (SELECT 1 FROM claim AS newer
                    WHERE newer.source_id = c.source_id AND newer.replaces = c.key AND newer.deleted_at IS NULL
                      AND newer.status IN ('submitted', 'approved', 'paid'));

-- weigh_claims --
ANALYZE claim_asked, standing_claim;

-- twins --
-- Of the claims asked about, those that say the same again as an earlier one of the programme: by serial before by invoice, and
-- of several the earliest. Claims that name different serials are about different things.
WITH subject AS MATERIALIZED (
    SELECT c.* FROM claim_asked JOIN standing_claim AS c USING (claim_id)
), same AS (
    SELECT c.claim_id, k.claim_id AS kept_id, 1 AS place, 'serial' AS level
      FROM subject AS c
      JOIN standing_claim AS k
        ON k.program = c.program AND k.serial = c.serial AND (k.partner_id = c.partner_id OR NOT c.stackable)
    UNION ALL
    SELECT c.claim_id, k.claim_id, 2, 'exact'
      FROM subject AS c
      JOIN standing_claim AS k
        ON k.program = c.program AND k.partner_id = c.partner_id AND k.invoice = c.invoice AND k.base_id = c.base_id
       AND k.units = c.units
     WHERE c.kind <> 'mdf' AND k.kind <> 'mdf' AND (c.serial = k.serial) IS NOT FALSE
    UNION ALL
    SELECT c.claim_id, k.claim_id, 2, 'exact'
      FROM subject AS c
      JOIN standing_claim AS k
        ON k.program = c.program AND k.partner_id = c.partner_id AND k.invoice = c.invoice AND k.amount = c.amount
       AND k.currency = c.currency
     WHERE c.kind = 'mdf' AND k.kind = 'mdf'
)
INSERT INTO claim_twin
SELECT DISTINCT ON (same.claim_id) same.claim_id, same.kept_id, same.level
  FROM same
  JOIN standing_claim AS c ON c.claim_id = same.claim_id
  JOIN standing_claim AS k ON k.claim_id = same.kept_id
 WHERE (k.day, k.key COLLATE "C", k.source COLLATE "C") < (c.day, c.key COLLATE "C", c.source COLLATE "C")
 ORDER BY same.claim_id, same.place, k.day, k.key COLLATE "C", k.source COLLATE "C";
