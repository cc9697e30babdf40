-- last_numbers --
SELECT topic, max(number) AS number FROM event WHERE number > :after GROUP BY topic;

-- is_kept --
SELECT EXISTS (SELECT 1 FROM event WHERE number = :number AND topic = :topic);
