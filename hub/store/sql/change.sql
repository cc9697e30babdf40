-- version --
SELECT (SELECT coalesce(sum(mark), 0)::text FROM data_change) AS marks,
       (SELECT string_agg(id::text, ',' ORDER BY id) FROM stream
         WHERE watermark + make_interval(secs => freshness_s) < :now) AS stale;

-- settle --
WITH gone AS (
    DELETE FROM data_change WHERE (SELECT count(*) FROM data_change) > 100 RETURNING mark
)
INSERT INTO data_change (mark) SELECT sum(mark) FROM gone HAVING count(*) > 0;

-- unwatched --
-- A statement that found no row gives its transaction no number, and needs no mark. One mark is enough for a transaction: the
-- setting is there until it ends, and goes with a savepoint that is taken back.
SELECT format('CREATE OR REPLACE TRIGGER changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE%s ON %I FOR EACH STATEMENT '
              'WHEN (pg_current_xact_id_if_assigned() IS NOT NULL AND coalesce(current_setting(''hub.changed'', true), '''') = '''') '
              'EXECUTE FUNCTION hub_changed()',
              ' OF ' || watched.columns, watched.name) AS command
  FROM (SELECT c.oid, c.relname AS name,
               string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE c.relname = :table) AS columns,
               coalesce(string_agg(a.attnum::text, ' ' ORDER BY a.attnum) FILTER (WHERE c.relname = :table), '') AS numbers
          FROM pg_class AS c
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> :column
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL(:unseen::text[])
           AND c.relname <> 'tortoise_migrations' AND c.relname NOT LIKE 'procrastinate%'
         GROUP BY c.oid, c.relname) AS watched
 WHERE NOT EXISTS (SELECT FROM pg_trigger AS t
                    WHERE t.tgrelid = watched.oid AND t.tgname = 'changed' AND t.tgattr::text = watched.numbers)
 ORDER BY watched.name;
