-- create --
INSERT INTO access_token (name, prefix, digest, role, user_id, partner_id, expires_at)
VALUES (:name, :prefix, :digest, :role, :user_id, :partner_id, :expires_at)
RETURNING id;

-- holds_role --
SELECT EXISTS (SELECT 1 FROM hub_user WHERE id = :user_id AND active AND :role = ANY (roles));

-- acts_for --
SELECT coalesce(partner_id = :partner_id, true) FROM hub_user WHERE id = :user_id;

-- find --
SELECT token.id AS token_id, token.role, token.user_id, coalesce(person.name, token.name) AS name,
       coalesce(token.partner_id, person.partner_id) AS partner_id,
       coalesce(person.partner_ids, '{}') AS partner_ids,
       coalesce(person.region_ids, '{}') AS region_ids,
       coalesce(person.product_groups, '{}') AS product_groups,
       person.locale, token.expires_at,
       coalesce(token.last_used_at < :minute_ago, true) AS unrecorded
  FROM access_token AS token
  LEFT JOIN hub_user AS person ON person.id = token.user_id
 WHERE token.digest = :digest
   AND token.revoked_at IS NULL
   AND (token.expires_at IS NULL OR :now < token.expires_at)
   AND (token.user_id IS NULL OR person.active AND token.role = ANY (person.roles))
   AND (token.role <> 'partner' OR coalesce(person.partner_id = token.partner_id, true));

-- find_claimed --
-- Without a role of the claim it is the user's first. A claim makes nobody more who acts for a partner.
SELECT NULL::bigint AS token_id, told.role, person.id AS user_id, person.name, person.partner_id,
       person.partner_ids, person.region_ids, person.product_groups, person.locale, :expires_at::timestamptz AS expires_at
  FROM hub_user AS person,
       LATERAL (SELECT coalesce(:role::text, person.roles[1])) AS told (role)
 WHERE (person.email = :email OR person.subject = :subject)
   AND person.active
   AND CASE WHEN told.role = 'partner' THEN person.partner_id IS NOT NULL
            ELSE person.partner_id IS NULL OR told.role = ANY (person.roles) END;

-- touch --
UPDATE access_token
   SET last_used_at = :now
 WHERE id = :id AND coalesce(last_used_at < :minute_ago, true);

-- revoke --
UPDATE access_token
   SET revoked_at = coalesce(revoked_at, :now)
 WHERE id = :id
RETURNING id;

-- access_changed --
SELECT pg_notify('hub_access', '');
