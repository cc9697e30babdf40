-- forget_others --
DELETE FROM alert_route WHERE managed_by = 'file' AND NOT name = ANY ($1::text[]);

-- declare --
INSERT INTO alert_route (name, rule_ids, severity, regions, product_groups, partners, addresses, target, secret, locale, managed_by)
VALUES (:name, :rule_ids::text[], :severity, :regions::text[], :product_groups::text[], :partners::text[], :addresses::text[],
        :target, :secret, :locale, 'file')
    ON CONFLICT (name) DO UPDATE
   SET rule_ids = excluded.rule_ids, severity = excluded.severity, regions = excluded.regions,
       product_groups = excluded.product_groups, partners = excluded.partners, addresses = excluded.addresses,
       target = excluded.target, secret = excluded.secret, locale = excluded.locale, managed_by = 'file';

-- upsert --
-- Nothing where the name is the file's.
INSERT INTO alert_route (
    name, rule_ids, severity, regions, product_groups, partners, addresses, target, secret, locale, managed_by, changed_at)
VALUES (:name, :rule_ids::text[], :severity, :regions::text[], :product_groups::text[], :partners::text[], :addresses::text[],
        :target, :secret, :locale, 'api', :at)
    ON CONFLICT (name) DO UPDATE
   SET rule_ids = excluded.rule_ids, severity = excluded.severity, regions = excluded.regions,
       product_groups = excluded.product_groups, partners = excluded.partners, addresses = excluded.addresses,
       target = excluded.target, secret = excluded.secret, locale = excluded.locale, changed_at = excluded.changed_at
 WHERE alert_route.managed_by = 'api'
RETURNING id;

-- delete --
DELETE FROM alert_route WHERE id = $1 AND managed_by = 'api' RETURNING id;

-- name --
SELECT name FROM alert_route WHERE id = $1;

-- of_api --
SELECT name, rule_ids, severity, regions, product_groups, partners, addresses, target, secret, locale
  FROM alert_route
 WHERE managed_by = 'api'
 ORDER BY name COLLATE "C";

-- unknown_regions --
SELECT asked.code FROM unnest(:codes::text[]) AS asked (code)
 WHERE NOT EXISTS (SELECT 1 FROM region WHERE region.code = asked.code)
 ORDER BY asked.code COLLATE "C";
