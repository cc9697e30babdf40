-- add --
INSERT INTO hub_user (email, subject, name, roles, partner_id, partner_ids, region_ids, product_groups, locale, time_zone,
                      quiet_hours)
VALUES (:email, :subject, :name, :roles::text[], :partner_id, :partner_ids::bigint[], :region_ids::bigint[],
        :product_groups::text[], :locale, :time_zone, :quiet_hours)
ON CONFLICT (email) DO NOTHING
RETURNING id;

-- upsert --
INSERT INTO hub_user (email, subject, name, roles, partner_id, partner_ids, region_ids, product_groups, locale, time_zone,
                      quiet_hours)
VALUES (:email, :subject, :name, :roles::text[], :partner_id, :partner_ids::bigint[], :region_ids::bigint[],
        :product_groups::text[], :locale, :time_zone, :quiet_hours)
ON CONFLICT (email) DO UPDATE
   SET subject = excluded.subject, name = excluded.name, roles = excluded.roles,
       partner_id = excluded.partner_id, partner_ids = excluded.partner_ids,
       region_ids = excluded.region_ids, product_groups = excluded.product_groups, locale = excluded.locale,
       time_zone = excluded.time_zone, quiet_hours = excluded.quiet_hours, active = true
 WHERE 'admin' = ANY (excluded.roles) OR NOT hub_user.active OR NOT 'admin' = ANY (hub_user.roles) OR EXISTS (
         SELECT 1 FROM hub_user AS other WHERE other.id <> hub_user.id AND other.active AND 'admin' = ANY (other.roles))
RETURNING id;

-- hold_administrators --
-- Two that take each other's role away come one after the other.
SELECT id FROM hub_user WHERE active AND 'admin' = ANY (roles) ORDER BY id FOR UPDATE;

-- deactivate --
-- The last administrator stays, or nobody could let anybody in again.
UPDATE hub_user AS one
   SET active = false
 WHERE one.id = :id
   AND NOT ('admin' = ANY (one.roles) AND NOT EXISTS (
         SELECT 1 FROM hub_user AS other WHERE other.id <> one.id AND other.active AND 'admin' = ANY (other.roles)))
RETURNING one.id;

-- prefer --
UPDATE hub_user
   SET locale = coalesce(:locale, locale), time_zone = coalesce(:time_zone, time_zone),
       quiet_hours = CASE WHEN :hours_said::boolean THEN :quiet_hours ELSE quiet_hours END
 WHERE id = :id
RETURNING id;

-- by_email --
SELECT id, roles, partner_id, active FROM hub_user WHERE email = :email;
