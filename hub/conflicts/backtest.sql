-- room --
-- A schema of its own, first on the path for the rest of the transaction. What is not made in it is read where it lies.
DO $make$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', current_setting('hub.room'));
    EXECUTE format('SET LOCAL search_path = %I, %s', current_setting('hub.room'), current_setting('search_path'));
END
$make$;

-- books --
-- What detection writes: empty, with numbers of cases that are nobody else's.
CREATE SEQUENCE case_number;
CREATE TABLE conflict (LIKE public.conflict INCLUDING ALL);
CREATE TABLE conflict_history (LIKE public.conflict_history INCLUDING ALL);
CREATE TABLE conflict_case (LIKE public.conflict_case INCLUDING ALL);
CREATE TABLE case_step (LIKE public.case_step INCLUDING ALL);
CREATE TABLE alert (LIKE public.alert INCLUDING ALL);
CREATE TABLE detection (LIKE public.detection INCLUDING ALL);
CREATE TABLE dirty_record (LIKE public.dirty_record INCLUDING ALL);

-- decided --
-- What people decided decides here too: it counts for the scores and keeps a finding from opening again.
INSERT INTO conflict SELECT * FROM public.conflict WHERE state IN ('confirmed', 'dismissed');
ANALYZE conflict;

-- outside_cases --
-- Cases are made anew, so that their number is what the policy would have led to.
UPDATE conflict SET case_id = NULL WHERE case_id IS NOT NULL;

-- lines_stand --
-- Whether the lines of trade are as the records are: nothing waits to be judged, and they were derived in this currency.
SELECT NOT EXISTS (SELECT FROM public.dirty_record)
   AND EXISTS (SELECT FROM public.detection WHERE rule = :name::text AND rule_version = :version::int AND basis = :basis::text);

-- lines_known --
INSERT INTO detection (rule, rule_version, basis, judged_to)
SELECT rule, rule_version, coalesce(:basis::text, basis), judged_to FROM public.detection WHERE rule = :name::text;

-- lines_copied --
-- The marks go with the lines they reach, so that the copy is brought up to date and the marks stay for detection.
CREATE TABLE trade_line (LIKE public.trade_line INCLUDING ALL);
CREATE TABLE trade_month (LIKE public.trade_month INCLUDING ALL);
CREATE TABLE trade_span (LIKE public.trade_span INCLUDING ALL);
INSERT INTO trade_line SELECT * FROM public.trade_line;
INSERT INTO trade_month SELECT * FROM public.trade_month;
INSERT INTO trade_span SELECT * FROM public.trade_span;
INSERT INTO dirty_record SELECT * FROM public.dirty_record;
ANALYZE trade_line, trade_month, trade_span;

-- territory_grant --
CREATE TABLE territory_grant (LIKE public.territory_grant INCLUDING ALL);
INSERT INTO territory_grant SELECT * FROM public.territory_grant;
ANALYZE territory_grant;

-- price_policy --
CREATE TABLE price_policy (LIKE public.price_policy INCLUDING ALL);
INSERT INTO price_policy SELECT * FROM public.price_policy;
ANALYZE price_policy;

-- promotion --
CREATE TABLE promotion (LIKE public.promotion INCLUDING ALL);
INSERT INTO promotion SELECT * FROM public.promotion;
ANALYZE promotion;

-- policy_version --
CREATE TABLE policy_version (LIKE public.policy_version INCLUDING ALL);
INSERT INTO policy_version SELECT * FROM public.policy_version WHERE state = 'published' AND deleted_at IS NULL;

-- drafted --
-- A draft that starts later than the period holds from its first day on, and nothing that starts later takes its place.
UPDATE policy_version SET state = 'published' WHERE version = :version::int;

-- brought_forward --
WITH draft AS (
    UPDATE policy_version SET effective_from = :from_day::date WHERE version = :version::int AND effective_from > :from_day::date
    RETURNING id
)
DELETE FROM policy_version AS later
 USING draft
 WHERE later.effective_from >= :from_day::date AND later.id <> draft.id;

-- removed_grants --
UPDATE territory_grant SET deleted_at = :at WHERE key = ANY (:keys::text[]) AND deleted_at IS NULL;

-- removed_prices --
UPDATE price_policy SET deleted_at = :at WHERE key = ANY (:keys::text[]) AND deleted_at IS NULL;

-- removed_promotions --
UPDATE promotion SET deleted_at = :at WHERE key = ANY (:keys::text[]) AND deleted_at IS NULL;

-- known_rows --
-- The sources that have a live record under a key of the draft.
SELECT known.noun, known.key, array_agg(known.source_id ORDER BY known.source_id) AS sources
  FROM (SELECT 'territory_grant' AS noun, key, source_id FROM territory_grant WHERE deleted_at IS NULL
        UNION ALL SELECT 'price_policy', key, source_id FROM price_policy WHERE deleted_at IS NULL
        UNION ALL SELECT 'promotion', key, source_id FROM promotion WHERE deleted_at IS NULL
        UNION ALL SELECT 'policy_version', key, source_id FROM policy_version WHERE deleted_at IS NULL) AS known
  JOIN unnest(:nouns::text[], :keys::text[]) AS asked (noun, key) USING (noun, key)
 GROUP BY known.noun, known.key;

-- newcomers --
-- Under which source a row stands that no live record has the key of.
SELECT coalesce(min(id) FILTER (WHERE name = 'import'), min(id)) FROM source;

-- named --
-- What the draft refers to: a golden code, else a key that stands for one golden record only.
WITH asked AS (
    SELECT DISTINCT noun, key FROM unnest(:nouns::text[], :keys::text[]) AS asked (noun, key)
), golden AS (
    SELECT 'partner' AS noun, code AS key, id FROM partner WHERE deleted_at IS NULL
    UNION ALL SELECT 'region', code, id FROM region WHERE deleted_at IS NULL
    UNION ALL SELECT 'product', code, id FROM product WHERE deleted_at IS NULL
), linked AS (
    SELECT l.noun, l.key, min(l.golden_id) AS id
      FROM identity_link AS l JOIN asked USING (noun, key)
     WHERE l.deleted_at IS NULL
     GROUP BY l.noun, l.key
    HAVING count(DISTINCT l.golden_id) = 1
)
SELECT asked.noun, asked.key, coalesce(golden.id, linked.id) AS id
  FROM asked LEFT JOIN golden USING (noun, key) LEFT JOIN linked USING (noun, key)
 WHERE coalesce(golden.id, linked.id) IS NOT NULL;

-- results --
-- What both sides found, and what people had decided before.
CREATE TABLE verdict AS SELECT finding_key, state FROM public.conflict WHERE state IN ('confirmed', 'dismissed');
CREATE TABLE outcome (
    side text, finding_key text, rule text, classification text, is_full boolean, mode text, score numeric, band text,
    partner_id bigint, accused text, victim text, product_group text, base_sku text, region text, event_day date,
    value_at_risk numeric, value_currency text, content text, PRIMARY KEY (side, finding_key)
);
CREATE TABLE outcome_case (side text, case_id bigint, rule text, manager text, day date, alerts boolean);

-- keep_outcome --
INSERT INTO outcome
SELECT :side::text, finding_key, rule, classification, is_full, mode, score, band, partner_id, accused, victim, product_group,
       base_sku, region, event_day, value_at_risk, value_currency,
       md5(concat_ws(chr(31), classification, mode, score, uncapped_score, evidence, filters_tried))
  FROM conflict
 WHERE event_day BETWEEN :from_day::date AND :to_day::date AND rule = ANY (:rules::text[])
   AND state <> 'resolved_by_data' AND NOT evidence_changed;

-- keep_cases --
-- Cases with a finding in the period, each under the earliest of these days.
INSERT INTO outcome_case
SELECT :side::text, one.id, one.rule, coalesce(accused.manager, victim.manager, :otherwise::text), min(c.event_day),
       one.id = ANY (:alerting::bigint[])
  FROM conflict_case AS one
  JOIN conflict AS c ON c.case_id = one.id AND c.event_day BETWEEN :from_day::date AND :to_day::date
  LEFT JOIN partner AS accused ON accused.id = one.partner_id
  LEFT JOIN partner AS victim ON victim.id = one.affected_id
 WHERE one.rule = ANY (:rules::text[])
 GROUP BY one.id, one.rule, accused.manager, victim.manager;

-- desk_cleared --
-- The second side starts with an empty desk.
DO $clear$
BEGIN
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('pg_temp.%I', relname), ', ')
               FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r');
END
$clear$;

-- ground --
-- What the present policy finds, as one hash: two backtests stand on the same ground when it is equal.
SELECT encode(sha256(convert_to(coalesce(string_agg(finding_key || content, ',' ORDER BY finding_key COLLATE "C"), ''), 'UTF8')), 'hex')
  FROM outcome WHERE side = 'present';

-- counted --
-- By rule and side. An amount nobody knows is counted, not guessed.
SELECT o.rule, o.side, count(*) AS findings, count(*) FILTER (WHERE o.is_full) AS full_class,
       count(*) FILTER (WHERE o.value_at_risk IS NULL) AS unknown,
       count(*) FILTER (WHERE v.state = 'confirmed') AS confirmed, count(*) FILTER (WHERE v.state = 'dismissed') AS dismissed
  FROM outcome AS o
  LEFT JOIN verdict AS v USING (finding_key)
 GROUP BY o.rule, o.side
 ORDER BY o.rule, o.side;

-- money --
SELECT rule, side, value_currency AS currency, sum(value_at_risk) AS amount
  FROM outcome
 WHERE value_at_risk IS NOT NULL
 GROUP BY rule, side, value_currency
 ORDER BY rule, side, value_currency;

-- load --
SELECT rule, side, manager, count(*) AS cases, count(*) FILTER (WHERE alerts) AS alerts
  FROM outcome_case
 GROUP BY rule, side, manager
 ORDER BY rule, side, manager;

-- differences --
SELECT finding_key, coalesce(d.rule, p.rule) AS rule, coalesce(d.partner_id, p.partner_id) AS partner_id,
       coalesce(d.accused, p.accused) AS accused, coalesce(d.victim, p.victim) AS victim,
       coalesce(d.product_group, p.product_group) AS product_group, coalesce(d.base_sku, p.base_sku) AS base_sku,
       coalesce(d.region, p.region) AS region, coalesce(d.event_day, p.event_day) AS event_day,
       CASE WHEN p.side IS NULL THEN 'added' WHEN d.side IS NULL THEN 'removed'
            WHEN p.classification <> d.classification THEN 'class' WHEN p.mode <> d.mode THEN 'mode'
            WHEN p.score <> d.score THEN 'score' ELSE 'evidence' END AS change,
       p.classification AS class_before, d.classification AS class_after, p.score AS score_before, d.score AS score_after,
       p.band AS band_before, d.band AS band_after, v.state AS verdict
  FROM (SELECT * FROM outcome WHERE side = 'present') AS p
  FULL JOIN (SELECT * FROM outcome WHERE side = 'draft') AS d USING (finding_key)
  LEFT JOIN verdict AS v USING (finding_key)
 WHERE p.side IS NULL OR d.side IS NULL OR p.content <> d.content
 ORDER BY abs(coalesce(d.score, 0) - coalesce(p.score, 0)) DESC, finding_key COLLATE "C";
