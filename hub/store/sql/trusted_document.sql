-- register --
-- In the order of the hashes, so that two who register the same do not wait for each other.
WITH made AS (
    INSERT INTO trusted_document (hash, text, name, operation_names, maximum_cost, registered_by)
    SELECT DISTINCT ON (given.hash) given.hash, given.text, given.name, given.operation_names, given.maximum_cost,
           :user_id::bigint
      FROM jsonb_to_recordset(:documents::jsonb)
           AS given (hash text, text text, name text, operation_names text[], maximum_cost int)
     ORDER BY given.hash
        ON CONFLICT (hash) DO NOTHING
    RETURNING id, hash, name, operation_names
)
INSERT INTO audit (actor_id, action, noun, subject_id, after)
SELECT :user_id::bigint, 'registered', 'trusted_document', made.id,
       jsonb_build_object('hash', made.hash, 'name', made.name, 'operations', to_jsonb(made.operation_names))
  FROM made;

-- ids --
SELECT kept.id
  FROM unnest(:hashes::text[]) WITH ORDINALITY AS wanted (hash, place)
  JOIN trusted_document AS kept ON kept.hash = wanted.hash
 ORDER BY wanted.place;

-- text --
SELECT text FROM trusted_document WHERE hash = :hash;

-- listed --
SELECT kept.hash, kept.name, kept.operation_names AS operations, kept.maximum_cost, kept.registered_at, by.email AS registered_by
  FROM trusted_document AS kept
  LEFT JOIN hub_user AS by ON by.id = kept.registered_by
 ORDER BY kept.name COLLATE "C", kept.hash;
