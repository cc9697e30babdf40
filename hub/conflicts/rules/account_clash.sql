-- desk --
-- Deals that the batch reaches, and all whose account has to be known for them.
CREATE TEMP TABLE IF NOT EXISTS deal_reached (deal_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS deal_asked (deal_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
-- What customers are known by: a deal that says the same may be about them.
CREATE TEMP TABLE IF NOT EXISTS account_clue (customer_id bigint, tax_id text, domain text, name text) ON COMMIT DELETE ROWS;
-- Under which account each deal stands, how that was found, and how sure it is.
CREATE TEMP TABLE IF NOT EXISTS deal_account (
    deal_id bigint PRIMARY KEY, account_key text, customer_id bigint, top_id bigint, tax_id text, domain text, name text,
    derived_by text, sure numeric
) ON COMMIT DELETE ROWS;

-- moved_customers --
-- What changed customers are and were known by, and who stands below them.
WITH RECURSIVE mark AS MATERIALIZED (
    SELECT k.id, m.old
      FROM changed AS m JOIN customer AS k ON k.id = m.record_id
     WHERE m.noun = 'customer'
       AND (m.old IS NULL OR (m.old ->> 'parent_id')::bigint IS DISTINCT FROM k.parent_id OR m.old ->> 'code' <> k.code
            OR m.old ->> 'tax_id' IS DISTINCT FROM k.tax_id OR m.old ->> 'domain' IS DISTINCT FROM k.domain
            OR m.old ->> 'name' <> k.name OR (m.old ->> 'deleted_at' IS NULL) <> (k.deleted_at IS NULL))
), branch AS (
    SELECT id FROM mark UNION SELECT k.id FROM branch JOIN customer AS k ON k.parent_id = branch.id
)
INSERT INTO account_clue
SELECT k.id, k.tax_id, hub_domain(k.domain), hub_account_name(k.name) FROM branch JOIN customer AS k USING (id)
UNION
SELECT id, old ->> 'tax_id', hub_domain(old ->> 'domain'), hub_account_name(old ->> 'name') FROM mark WHERE old IS NOT NULL;

-- follow --
-- The deals that clues lead to.
INSERT INTO deal_asked
SELECT d.id FROM account_clue AS clue JOIN deal_registration AS d ON d.customer_id = clue.customer_id
UNION
SELECT d.id FROM account_clue AS clue JOIN deal_registration AS d ON d.account_tax_id = clue.tax_id
UNION
SELECT d.id
  FROM account_clue AS clue
  JOIN deal_registration AS d ON d.account_domain IS NOT NULL AND hub_domain(d.account_domain) = clue.domain
UNION
SELECT d.id
  FROM account_clue AS clue
  JOIN deal_registration AS d ON d.account_name IS NOT NULL AND hub_account_name(d.account_name) = clue.name
    ON CONFLICT DO NOTHING;

-- reach --
-- Beside what customers lead to, deals are reached by their own change, by their partner's place in the tree, and by the rate
-- of their amount; and so is every deal that is held against one of these.
WITH RECURSIVE moved AS (
    SELECT p.id FROM changed AS m JOIN partner AS p ON p.id = m.record_id
     WHERE m.noun = 'partner' AND m.old IS NOT NULL
       AND ((m.old ->> 'parent_id')::bigint IS DISTINCT FROM p.parent_id OR m.old ->> 'code' <> p.code)
), below AS (
    SELECT id FROM moved UNION SELECT p.id FROM below JOIN partner AS p ON p.parent_id = below.id
), touched AS (
    SELECT deal_id FROM deal_asked
    UNION
    SELECT record_id FROM changed WHERE noun = 'deal_registration'
    UNION
    SELECT d.id FROM below JOIN deal_registration AS d ON d.partner_id = below.id
    UNION
    SELECT f.scope::bigint
      FROM reached_rate AS rate
      JOIN conflict AS f ON f.rule = :rule::text AND f.event_day >= rate.first_day AND f.event_day < rate.end_day
     WHERE f.state <> 'resolved_by_data'
), first AS (
    SELECT touched.deal_id, d.partner_id FROM touched JOIN deal_registration AS d ON d.id = touched.deal_id
    UNION
    SELECT record_id, (old ->> 'partner_id')::bigint FROM changed WHERE noun = 'deal_registration' AND old IS NOT NULL
)
INSERT INTO deal_reached
SELECT deal_id FROM touched
UNION
SELECT f.scope::bigint
  FROM first
  JOIN conflict AS f ON f.rule = :rule::text AND f.affected_id = first.partner_id
 WHERE f.state <> 'resolved_by_data' AND (f.evidence #>> '{records,1,id}')::bigint = first.deal_id;

-- ask --
INSERT INTO deal_asked SELECT deal_id FROM deal_reached ON CONFLICT DO NOTHING;

-- ask_all --
INSERT INTO deal_asked SELECT id FROM deal_registration WHERE deleted_at IS NULL;

-- accounts --
-- The customer named; else the first customer with the tax number, the domain or the name; else what the deal says itself.
WITH RECURSIVE deal AS MATERIALIZED (
    SELECT d.id, d.customer_id, d.account_tax_id AS tax_id, hub_domain(d.account_domain) AS domain,
           hub_account_name(d.account_name) AS name
      FROM deal_asked
      JOIN deal_registration AS d ON d.id = deal_asked.deal_id
     WHERE d.deleted_at IS NULL AND d.status IN ('submitted', 'approved')
), known AS MATERIALIZED (
    SELECT deal.*, CASE WHEN deal.customer_id IS NULL THEN
               (SELECT k.id FROM customer AS k WHERE k.tax_id = deal.tax_id AND k.deleted_at IS NULL
                 ORDER BY k.code COLLATE "C" LIMIT 1) END AS by_tax,
           CASE WHEN deal.customer_id IS NULL THEN
               (SELECT k.id FROM customer AS k
                 WHERE k.domain IS NOT NULL AND hub_domain(k.domain) = deal.domain AND k.deleted_at IS NULL
                 ORDER BY k.code COLLATE "C" LIMIT 1) END AS by_domain,
           CASE WHEN deal.customer_id IS NULL THEN
               (SELECT k.id FROM customer AS k WHERE hub_account_name(k.name) = deal.name AND k.deleted_at IS NULL
                 ORDER BY k.code COLLATE "C" LIMIT 1) END AS by_name
      FROM deal
), chosen AS (
    SELECT id, coalesce(customer_id, by_tax, by_domain, by_name) AS customer_id, tax_id, domain, name,
           CASE WHEN customer_id IS NOT NULL THEN 'customer' WHEN by_tax IS NOT NULL THEN 'customer_tax_id'
                WHEN by_domain IS NOT NULL THEN 'customer_domain' WHEN by_name IS NOT NULL THEN 'customer_name'
                WHEN tax_id IS NOT NULL THEN 'tax_id' WHEN domain IS NOT NULL THEN 'domain' ELSE 'name' END AS derived_by
      FROM known
), chain AS (
    SELECT DISTINCT customer_id, customer_id AS above_id, 0 AS level FROM chosen WHERE customer_id IS NOT NULL
    UNION ALL
    SELECT chain.customer_id, k.parent_id, chain.level + 1
      FROM chain JOIN customer AS k ON k.id = chain.above_id
     WHERE k.parent_id IS NOT NULL AND chain.level < 100
), top AS (
    SELECT DISTINCT ON (chain.customer_id) chain.customer_id, k.id AS top_id, k.code
      FROM chain JOIN customer AS k ON k.id = chain.above_id
     ORDER BY chain.customer_id, chain.level DESC
)
INSERT INTO deal_account
SELECT chosen.id, said.account_key, customer_id, top.top_id, chosen.tax_id, chosen.domain, chosen.name, chosen.derived_by,
       CASE WHEN chosen.derived_by IN ('customer_domain', 'domain') THEN 0.9
            WHEN chosen.derived_by IN ('customer_name', 'name') THEN 0.6 ELSE 1.0 END
  FROM chosen
  LEFT JOIN top USING (customer_id)
 CROSS JOIN LATERAL (
       SELECT coalesce('c:' || top.code, 't:' || chosen.tax_id, 'd:' || chosen.domain, 'n:' || chosen.name) AS account_key
       ) AS said
 WHERE said.account_key IS NOT NULL
    ON CONFLICT DO NOTHING;

-- clues --
-- What else may stand under the accounts found: deals about customers of the same group, and deals that say the same.
WITH RECURSIVE branch AS (
    SELECT top_id AS id FROM deal_account WHERE top_id IS NOT NULL
    UNION
    SELECT k.id FROM branch JOIN customer AS k ON k.parent_id = branch.id
)
INSERT INTO account_clue
SELECT k.id, k.tax_id, hub_domain(k.domain), hub_account_name(k.name) FROM branch JOIN customer AS k USING (id)
UNION
SELECT NULL, tax_id, domain, name FROM deal_account WHERE top_id IS NULL;

-- weigh_accounts --
ANALYZE deal_asked, deal_account;

-- keys --
-- A scope is a deal. With a reached deal all of its account are judged.
INSERT INTO judged
SELECT deal_id::text FROM deal_reached
UNION
SELECT other.deal_id::text
  FROM deal_reached
  JOIN deal_account AS mine USING (deal_id)
  JOIN deal_account AS other ON other.account_key = mine.account_key;

-- all_keys --
INSERT INTO judged SELECT deal_id::text FROM deal_account;

-- judge --
WITH RECURSIVE deal AS MATERIALIZED (
    SELECT d.*, account.account_key, account.customer_id AS matched_id, account.derived_by, account.sure,
           source.name AS source, day.registered_on, coalesce(d.expires_on, day.registered_on + 90) AS protected_until
      FROM deal_account AS account
      JOIN deal_registration AS d ON d.id = account.deal_id
      JOIN source ON source.id = d.source_id
     CROSS JOIN LATERAL (SELECT (d.registered_at AT TIME ZONE :timezone::text)::date AS registered_on) AS day
), chain AS (
    SELECT DISTINCT partner_id, partner_id AS above_id FROM deal
    UNION
    SELECT chain.partner_id, p.parent_id FROM chain JOIN partner AS p ON p.id = chain.above_id WHERE p.parent_id IS NOT NULL
), pair AS (
    SELECT DISTINCT ON (b.id) b.id AS b_id, a.id AS a_id,
           CASE WHEN b.product_group = '*' THEN a.product_group ELSE b.product_group END AS product_group,
           least(a.sure, b.sure) AS sure
      FROM judged
      JOIN deal AS b ON b.id = judged.scope::bigint
      JOIN deal AS a
        ON a.account_key = b.account_key AND a.partner_id <> b.partner_id AND a.renewal = b.renewal
       AND (a.product_group = b.product_group OR '*' IN (a.product_group, b.product_group))
       AND (a.registered_at, a.key COLLATE "C", a.source COLLATE "C") < (b.registered_at, b.key COLLATE "C", b.source COLLATE "C")
       AND b.registered_on < a.protected_until
     WHERE NOT coalesce(a.source_id = b.source_id AND (a.linked_deal = b.key OR b.linked_deal = a.key), false)
       AND NOT EXISTS (SELECT 1 FROM chain WHERE chain.partner_id = a.partner_id AND chain.above_id = b.partner_id)
       AND NOT EXISTS (SELECT 1 FROM chain WHERE chain.partner_id = b.partner_id AND chain.above_id = a.partner_id)
     ORDER BY b.id, a.registered_at, a.key COLLATE "C", a.source COLLATE "C"
)
INSERT INTO found
SELECT b.id::text, ARRAY[b.source, b.key],
       CASE WHEN pair.sure < 0.9 THEN 'possible' WHEN a.status = 'approved' THEN 'clash' ELSE 'race' END,
       'case', v.version, b.partner_id, a.partner_id, NULL, NULL, pair.product_group, b.registered_on,
       round(b.amount * hub_rate(b.currency, b.registered_on, :base_currency::text), 2),
       CASE WHEN a.status = 'approved' THEN 1 ELSE 0.5 END, 0.7 * pair.sure, '{}'::text[],
       jsonb_build_object(
           'deal', b.key, 'first_deal', a.key, 'account_key', b.account_key,
           'derived_by', b.derived_by, 'matched', matched.code, 'first_derived_by', a.derived_by,
           'first_matched', first_matched.code, 'match', hub_decimal(pair.sure), 'registered_first', a.registered_on,
           'protected_until', a.protected_until, 'days_left', a.protected_until - b.registered_on,
           'records', jsonb_build_array(
               hub_evidence('deal', 'deal_registration', b.id, b.source_id, b.key, jsonb_build_object(
                   'partner', partner.code, 'customer', customer.code, 'account_tax_id', b.account_tax_id,
                   'account_domain', b.account_domain, 'account_name', b.account_name, 'product_group', b.product_group,
                   'registered_at', hub_instant(b.registered_at), 'expires_on', b.expires_on, 'status', b.status,
                   'amount', hub_decimal(b.amount), 'currency', b.currency, 'linked_deal', b.linked_deal,
                   'renewal', b.renewal)),
               hub_evidence('first_deal', 'deal_registration', a.id, a.source_id, a.key, jsonb_build_object(
                   'partner', holder.code, 'customer', first_customer.code, 'account_tax_id', a.account_tax_id,
                   'account_domain', a.account_domain, 'account_name', a.account_name, 'product_group', a.product_group,
                   'registered_at', hub_instant(a.registered_at), 'expires_on', a.expires_on, 'status', a.status,
                   'amount', hub_decimal(a.amount), 'currency', a.currency, 'linked_deal', a.linked_deal,
                   'renewal', a.renewal)))),
       jsonb_build_array(
           hub_tried('same_line', 'none_found', partner.code || ', ' || holder.code),
           hub_tried('linked', CASE WHEN coalesce(a.linked_deal, b.linked_deal) IS NULL THEN 'not_applicable'
                                    ELSE 'none_found' END, coalesce(b.linked_deal, a.linked_deal)),
           hub_tried('renewal', 'none_found', CASE WHEN b.renewal THEN 'both are renewals' ELSE 'neither is a renewal' END),
           hub_tried('window_over', 'none_found', a.protected_until::text),
           hub_tried('name_only', CASE WHEN pair.sure < 0.9 THEN 'found' ELSE 'none_found' END, b.account_key))
  FROM pair
  JOIN deal AS b ON b.id = pair.b_id
  JOIN deal AS a ON a.id = pair.a_id
  JOIN policy_period AS v ON b.registered_on >= v.valid_from AND b.registered_on < v.valid_to
  JOIN partner ON partner.id = b.partner_id
  JOIN partner AS holder ON holder.id = a.partner_id
  LEFT JOIN customer ON customer.id = b.customer_id
  LEFT JOIN customer AS first_customer ON first_customer.id = a.customer_id
  LEFT JOIN customer AS matched ON matched.id = b.matched_id
  LEFT JOIN customer AS first_matched ON first_matched.id = a.matched_id;
