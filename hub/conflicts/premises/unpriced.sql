-- unpriced --
-- Changed sales whose price is not known in the base currency.
INSERT INTO skipped
SELECT 'no_rate', count(*) FROM fresh_line WHERE kind = 'sell_out' AND unit_net IS NULL
HAVING count(*) > 0;

-- all_unpriced --
INSERT INTO skipped
SELECT 'no_rate', count(*) FROM trade_line WHERE kind = 'sell_out' AND unit_net IS NULL
HAVING count(*) > 0;
