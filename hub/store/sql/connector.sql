-- forget_others --
DELETE FROM connector WHERE NOT name = ANY (:names::text[]);

-- declare --
INSERT INTO connector (name, title, kind, version, quality, streams, settings, broken)
SELECT name, title, kind, version, quality, streams, settings, broken
  FROM jsonb_to_recordset(:entries::jsonb)
    AS one (name text, title text, kind text, version text, quality text, streams text[], settings jsonb, broken text)
 ORDER BY name
    ON CONFLICT (name) DO UPDATE
   SET title = excluded.title, kind = excluded.kind, version = excluded.version, quality = excluded.quality,
       streams = excluded.streams, settings = excluded.settings, broken = excluded.broken
 WHERE (connector.title, connector.kind, connector.version, connector.quality, connector.streams, connector.settings, connector.broken)
       IS DISTINCT FROM
       (excluded.title, excluded.kind, excluded.version, excluded.quality, excluded.streams, excluded.settings, excluded.broken);
