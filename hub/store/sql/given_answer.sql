-- forget --
DELETE FROM given_answer WHERE given_at < :before;

-- take --
INSERT INTO given_answer (caller, mutation, key, asked, given_at)
VALUES (:caller, :mutation, :key, :asked, :now)
    ON CONFLICT (caller, mutation, key) DO NOTHING
RETURNING id;

-- recall --
SELECT asked, answer FROM given_answer WHERE caller = :caller AND mutation = :mutation AND key = :key;

-- keep --
UPDATE given_answer SET answer = :answer WHERE caller = :caller AND mutation = :mutation AND key = :key;
