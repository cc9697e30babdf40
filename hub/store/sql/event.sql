-- last_numbers --
SELECT topic, max(number) AS number FROM event WHERE number > :after GROUP BY topic;

-- forget --
DELETE FROM event
 WHERE occurred_at < now() - CASE WHEN topic = 'sync' THEN interval '1 day'
                                  WHEN topic IN ('order', 'inventory') THEN interval '7 days'
                                  ELSE interval '30 days' END;
