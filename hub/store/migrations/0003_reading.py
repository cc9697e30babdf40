"""What a compiled read says in one word: ids, cursors, durations, payload text and whose stream a payload came by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

GLOBAL_ID = """
CREATE OR REPLACE FUNCTION hub_global_id(kind text, id bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(encode(convert_to(kind || ':' || id, 'UTF8'), 'base64'), E'+/=\\n', '-_')
"""

# Days, hours, minutes and seconds; never months, whose length varies. Whole seconds.
DURATION = """
CREATE OR REPLACE FUNCTION hub_duration(seconds numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN trunc(seconds) = 0 THEN 'PT0S' ELSE
       CASE WHEN seconds < 0 THEN '-P' ELSE 'P' END
       || CASE WHEN abs(seconds) >= 86400 THEN div(abs(seconds), 86400) || 'D' ELSE '' END
       || CASE WHEN mod(trunc(abs(seconds)), 86400) > 0 THEN 'T' ELSE '' END
       || CASE WHEN mod(trunc(abs(seconds)), 86400) >= 3600 THEN div(mod(trunc(abs(seconds)), 86400), 3600) || 'H' ELSE '' END
       || CASE WHEN mod(trunc(abs(seconds)), 3600) >= 60 THEN div(mod(trunc(abs(seconds)), 3600), 60) || 'M' ELSE '' END
       || CASE WHEN mod(trunc(abs(seconds)), 60) > 0 THEN mod(trunc(abs(seconds)), 60) || 'S' ELSE '' END
       END
"""

# A payload may be anything; what is not UTF-8 text is shown with escapes. At most 1 MiB.
TEXT = """
CREATE OR REPLACE FUNCTION hub_payload_text(body bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN left(convert_from(body, 'UTF8'), 1048576);
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN left(encode(body, 'escape'), 1048576);
END
$$
"""

STREAM_OF = """
CREATE OR REPLACE FUNCTION hub_stream_of(payload bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT raw.stream_id FROM raw_record AS raw WHERE raw.id = payload)
"""

STALE = """
CREATE OR REPLACE FUNCTION hub_stream_stale(stream bigint, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT one.watermark + make_interval(secs => one.freshness_s) < moment FROM stream AS one
                  WHERE one.id = stream), false)
"""

CHANNEL_CLASS = """
CREATE OR REPLACE FUNCTION hub_channel_class(channel text, day date) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT version.body -> 'channels' ->> channel FROM policy_version AS version
                  WHERE version.state = 'published' AND version.deleted_at IS NULL AND version.effective_from <= day
                  ORDER BY version.effective_from DESC, version.version DESC LIMIT 1),
                CASE WHEN channel IN ('trade', 'wholesale', 'b2b') THEN 'trade' ELSE 'consumer' END)
"""

# A cursor carries an HMAC-SHA256 of its text, cut to 8 bytes. The key is made here, once per database, and never leaves it
# but to the process that checks cursors.
CURSOR_KEY = """
DO $make$
DECLARE
    secret bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));
    padded bytea := secret || decode(repeat('00', 32), 'hex');
    inside bytea := padded;
    outside bytea := padded;
BEGIN
    FOR place IN 0..63 LOOP
        inside := set_byte(inside, place, get_byte(padded, place) # 54);
        outside := set_byte(outside, place, get_byte(padded, place) # 92);
    END LOOP;
    EXECUTE format('CREATE FUNCTION hub_cursor_key() RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %L::bytea',
                   secret::text);
    EXECUTE format('CREATE FUNCTION hub_cursor_seal(message bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE '
                   'RETURN substring(sha256(%L::bytea || sha256(%L::bytea || message)) FOR 8)',
                   outside::text, inside::text);
END
$make$
"""

CURSOR = """
CREATE OR REPLACE FUNCTION hub_cursor(body text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(encode(convert_to(body, 'UTF8') || hub_cursor_seal(convert_to(body, 'UTF8')), 'base64'), E'+/=\\n', '-_')
"""

UNITS = """
CREATE OR REPLACE FUNCTION hub_units_per_pack(article bigint) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT product.units_per_pack FROM product WHERE product.id = article)
"""

# Who an offer's seller is: whom the source says, else the partner of a confirmed name; an exact channel beats any.
SELLER = """
CREATE OR REPLACE FUNCTION hub_seller(said bigint, seller text, site text) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(said, (SELECT name.partner_id FROM partner_alias AS name
                        WHERE name.alias_key = seller AND name.channel IN (site, '*') AND name.status = 'confirmed'
                          AND name.deleted_at IS NULL
                        ORDER BY name.channel = '*', name.id LIMIT 1))
"""

GOLDEN = """
CREATE OR REPLACE FUNCTION hub_golden(noun text, golden bigint, OUT code text, OUT name text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT one.code, one.name FROM partner AS one WHERE noun = 'partner' AND one.id = golden
    UNION ALL SELECT one.code, one.name FROM customer AS one WHERE noun = 'customer' AND one.id = golden
    UNION ALL SELECT one.code, one.name FROM product AS one WHERE noun = 'product' AND one.id = golden
    UNION ALL SELECT one.code, one.name FROM region AS one WHERE noun = 'region' AND one.id = golden
    UNION ALL SELECT one.code, one.name FROM location AS one WHERE noun = 'location' AND one.id = golden
$$
"""

# The field of a sentence that is absent reads as a dash.
SENTENCE = """
CREATE OR REPLACE FUNCTION hub_sentence(says text, fields jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    field text;
    spoken text := says;
BEGIN
    FOR field IN SELECT DISTINCT hit[1] FROM regexp_matches(says, '\\{(\\w+)\\}', 'g') AS hit LOOP
        spoken := replace(spoken, '{' || field || '}', coalesce(fields ->> field, '–'));
    END LOOP;
    RETURN spoken;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0002_nouns")]

    initial = False

    # One step: Tortoise copies all models for each.
    operations = [
        ops.RunSQL(
            [GLOBAL_ID, DURATION, TEXT, STREAM_OF, STALE, CHANNEL_CLASS, UNITS, SELLER, GOLDEN, SENTENCE, CURSOR_KEY, CURSOR],
            [
                "DROP FUNCTION hub_cursor(text)",
                "DROP FUNCTION hub_cursor_seal(bytea), hub_cursor_key()",
                "DROP FUNCTION hub_sentence(text, jsonb)",
                "DROP FUNCTION hub_golden(text, bigint)",
                "DROP FUNCTION hub_seller(bigint, text, text)",
                "DROP FUNCTION hub_units_per_pack(bigint)",
                "DROP FUNCTION hub_channel_class(text, date)",
                "DROP FUNCTION hub_stream_stale(bigint, timestamptz)",
                "DROP FUNCTION hub_stream_of(bigint)",
                "DROP FUNCTION hub_payload_text(bytea)",
                "DROP FUNCTION hub_duration(numeric)",
                "DROP FUNCTION hub_global_id(text, bigint)",
            ],
        )
    ]
