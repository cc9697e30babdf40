"""Account clash (撞单): two partners registered the same end account while the first registration was protected."""

from hub.conflicts.rule import Rule, Text

account_clash = Rule(
    name="account_clash",
    title_en="Same account registered twice",
    title_zh="同一客户重复报备(撞单)",
    says={
        "": Text(
            en="{accused} registered deal {deal} ({event_day}) for the account {account_key}, which {victim} had registered "
            "with {first_deal} on {registered_first}, protected until {protected_until}.",
            zh="{accused} 于 {event_day} 报备 {deal},该客户({account_key})已由 {victim} 于 {registered_first} 以 "
            "{first_deal} 报备,保护期至 {protected_until}。",
        ),
        "possible": Text(
            en="{accused} registered deal {deal} ({event_day}) for an account that by its name may be the one {victim} had "
            "registered with {first_deal} on {registered_first}, protected until {protected_until} ({account_key}).",
            zh="{accused} 于 {event_day} 报备 {deal},按名称可能与 {victim} 于 {registered_first} 以 {first_deal} 报备的"
            "是同一客户({account_key}),保护期至 {protected_until}。",
        ),
    },
    key=("source", "deal_id"),
    full=frozenset({"clash", "race"}),
    needs=(frozenset({"deal_registration"}),),
    reach=(
        "moved_customers", "follow", "reach", "ask", "accounts", "clues", "follow", "accounts", "weigh_accounts", "keys",
    ),
    everything=("ask_all", "accounts", "weigh_accounts", "all_keys"),
)  # fmt: skip
