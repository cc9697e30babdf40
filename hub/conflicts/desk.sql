-- desk --
-- Where one judgement lies. The tables live as long as the connection, their rows as long as the transaction.
CREATE TEMP TABLE IF NOT EXISTS policy_period (
    version int, valid_from date, valid_to date, market_share_band text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS threshold (
    version int, rule text, name text, region text, product_group text, place int, value numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS profile (
    version int, name text, territory_rules text, unknown_initiated_as text, exclusive_max_holders int,
    needs_exclusive_system boolean, price_rules text, price_reference text[]
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS jurisdiction (version int, region text, profile text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS region_profile (
    version int, region_id bigint, profile text, PRIMARY KEY (version, region_id)
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS distribution (version int, product_group text, kind text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS program_setting (version int, name text, stackable boolean) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS channel_class (version int, channel text, class text) ON COMMIT DELETE ROWS;
-- The kind of price above sellers of a type, where a policy names one; else it is the wholesale price.
CREATE TEMP TABLE IF NOT EXISTS price_level (
    version int, partner_type text, region text, product_group text, place int, kind text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS weighting (
    version int, impact numeric, depth numeric, evidence numeric, recurrence numeric, spread numeric,
    low numeric, medium numeric, high numeric, critical numeric, case_min_score numeric, always text[]
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS cap (version int, code text, cap numeric) ON COMMIT DELETE ROWS;

-- What a batch of changed records reaches, before any rule asks: products, rates, lines and offers, as they were and as they are.
CREATE TEMP TABLE IF NOT EXISTS reached_product (product_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS reached_rate (
    currency text, first_day date, end_day date, in_prices boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stale_order (order_id bigint, entire boolean) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS was_line (LIKE trade_line) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS fresh_line (
    line_id bigint, order_id bigint, kind text, partner_id bigint, buyer_partner_id bigint, customer_id bigint, region_id bigint,
    channel text, invoice_ref text, day date, product_id bigint, base_id bigint, product_group text, units numeric,
    net_units numeric, unit_net numeric, value numeric, facts bigint, known bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS moved_month (
    partner_id bigint, month date, value numeric, priced bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS moved_units (
    partner_id bigint, product_group text, region_id bigint, month date, units numeric
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS reached_line (
    line_id bigint, kind text, partner_id bigint, buyer_partner_id bigint, customer_id bigint, region_id bigint, channel text,
    invoice_ref text, day date, product_group text, base_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS reached_offer (listing_id text, month date, base_id bigint) ON COMMIT DELETE ROWS;

-- What one rule judges and finds. Most of it is found to be known and thrown away: it is not worth compressing.
CREATE TEMP TABLE IF NOT EXISTS judged (scope text PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS found (
    scope text, parts text[], classification text, mode text, version int, partner_id bigint, affected_id bigint,
    product_id bigint, region_id bigint, product_group text, event_day date, value_at_risk numeric, depth numeric,
    strength numeric, circumstances text[], evidence jsonb, filters_tried jsonb
) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS skipped (reason text, number bigint) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE IF NOT EXISTS finding (
    finding_key text PRIMARY KEY, parts text[], scope text, classification text, is_full boolean, mode text,
    policy_version int, partner_id bigint, affected_id bigint, product_id bigint, region_id bigint, accused text, victim text,
    product_group text, base_sku text, region text, event_day date, value_at_risk numeric, value_currency text,
    depth numeric, strength numeric, peers text, group_key text,
    caps jsonb, evidence jsonb, filters_tried jsonb, told bigint
) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;

-- What has happened to findings in this transaction, over all rules, with what they were before.
CREATE TEMP TABLE IF NOT EXISTS happened (
    conflict_id bigint PRIMARY KEY, rule text, kind text, revision int, classification text, is_full boolean, state text,
    score numeric, uncapped_score numeric, evidence jsonb, peers text, event_day date, case_id bigint, region_id bigint,
    product_group text, affected_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS rescore (conflict_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
-- Findings whose score comes out other than it was.
CREATE TEMP TABLE IF NOT EXISTS scored (
    conflict_id bigint, score numeric, uncapped_score numeric, capped_by text, band text, days int, places int,
    sales_above float8, sales_below float8, grown boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS case_touched (case_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS case_happened (case_id bigint, kind text) ON COMMIT DELETE ROWS;

-- What the premises lay out for the rule that is at work.
CREATE TEMP TABLE IF NOT EXISTS picked (line_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS sale (
    line_id bigint PRIMARY KEY, order_id bigint, source_id bigint, order_key text, number int, product_id bigint, sku text,
    base_id bigint, product_group text, pack numeric, units numeric, returned numeric, net_units numeric, unit_net numeric,
    amount numeric, currency text, serials text[], partner_id bigint, buyer_partner_id bigint, customer_id bigint, segment text,
    channel text, invoice_ref text, initiated text, drop_ship_for_id bigint, ship_from_region_id bigint, region_id bigint,
    ship_to_location_id bigint, bill_to_region_id bigint, day date, version int
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS picked_offer (offer_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS observed (
    offer_id bigint PRIMARY KEY, source_id bigint, source text, key text, listing_id text, observed_at timestamptz, day date,
    month date, seller text, seller_key text, channel text, product_id bigint, sku text, base_id bigint, product_group text,
    pack numeric, partner_id bigint, region_id bigint, market_id bigint, price numeric, min_qty numeric, units numeric,
    currency text, tax_included boolean, tax_rate numeric, unit_net numeric, url text, evidence_hash text, basis text,
    condition text, version int, profile text
) ON COMMIT DELETE ROWS;
-- The latest comparable offer of every seller, on each day and in each month (day null), of the bases and months asked for.
CREATE TEMP TABLE IF NOT EXISTS peer_ground (base_id bigint, month date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS peer_offer (
    base_id bigint, market_id bigint, month date, day date, seller_key text, unit_net numeric
) ON COMMIT DELETE ROWS;
-- Questions are numbered by whoever asks; answers carry the number. One number joins well where four columns do not.
CREATE TEMP TABLE IF NOT EXISTS spot (
    spot_id bigint, product_group text, region_id bigint, segment text, day date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS governing (
    spot_id bigint, grant_id bigint, partner_id bigint, granted_id bigint, exclusivity text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS seat (seat_id bigint, partner_id bigint, product_group text, day date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS bound (seat_id bigint PRIMARY KEY, partner_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS price_asked (
    asked_id bigint, kind text, base_id bigint, region_id bigint, channel text, units numeric, day date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS price_found (
    asked_id bigint, kind text, policy_id bigint, price numeric, PRIMARY KEY (asked_id, kind)
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS limit_asked (
    limit_id bigint, version int, region_id bigint, product_group text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS limit_found (limit_id bigint, name text, value numeric) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS ahead_asked (
    ahead_id bigint, partner_id bigint, base_id bigint, product_group text, region_id bigint, month date
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS ahead_found (ahead_id bigint PRIMARY KEY, promotion_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS pack_size (base_id bigint, k numeric, UNIQUE (base_id, k)) ON COMMIT DELETE ROWS;
-- Claims that the batch reaches, as they were and as they are.
CREATE TEMP TABLE IF NOT EXISTS reached_claim (
    claim_id bigint, program text, partner_id bigint, base_id bigint
) ON COMMIT DELETE ROWS;
-- Claims asked about, those that stand of them and of whatever may resemble them, and the earlier claim each resembles.
CREATE TEMP TABLE IF NOT EXISTS claim_asked (claim_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS standing_claim (
    claim_id bigint PRIMARY KEY, source text, key text, program text, stackable boolean, kind text, partner_id bigint,
    product_id bigint, base_id bigint, units numeric, amount numeric, currency text, value numeric, customer_id bigint,
    invoice text, serial text, day date, version int
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS claim_twin (claim_id bigint PRIMARY KEY, kept_id bigint, level text) ON COMMIT DELETE ROWS;
-- The lines whose usual price is asked for, and that price: the median of the others of the day, else of the month.
CREATE TEMP TABLE IF NOT EXISTS usual_asked (line_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS usual_found (
    line_id bigint PRIMARY KEY, unit_net numeric, price numeric, kind text
) ON COMMIT DELETE ROWS;
