"""What may leave the house about prices is for the profile of the place to say."""

import pytest

from hub.cases.outward import decide, propose_notice
from hub.errors import Declined
from tests.hub.cases.conftest import START, Office

TEXT = "Our published policy on advertised prices is the same for all partners."


async def priced(office: Office, **profile: str) -> None:
    """Make the case one about prices that lies where a profile holds."""
    await office.run(
        "UPDATE conflict_case SET rule = 'below_policy_offer', state = 'investigating', told_at = $1, reply_due_at = $1", START
    )
    body = {"jurisdiction": {"regions": {"CN": "US"}, "profile": {"US": profile}}}
    await office.run(
        "INSERT INTO policy_version (source_id, key, raw_id, version, effective_from, base_currency, body, state) "
        "VALUES (1, '1', 0, 1, '2026-01-01', 'CNY', $1, 'published')",
        body,
    )


async def test_nothing_is_sent_about_prices_where_the_profile_forbids_it(office: Office) -> None:
    await priced(office, price_notice="no", price_notice_text=TEXT)
    async with office.desk() as desk:
        with pytest.raises(Declined, match="nothing is sent to a partner about prices"):
            await propose_notice(desk, office.case, TEXT)


async def test_only_the_published_text_is_sent_about_prices(office: Office) -> None:
    await priced(office, price_notice_text=TEXT)
    async with office.desk() as desk:
        with pytest.raises(Declined, match="only the published policy text"):
            await propose_notice(desk, office.case, "Please raise your price.")
        made = await propose_notice(desk, office.case, None)
    async with office.desk("deputy") as desk:
        await decide(desk, made, "approved", None)
    (notice,) = await office.rows("SELECT * FROM case_step WHERE kind = 'noticed'")
    assert (notice["comment"], notice["visible_to_partner"]) == (TEXT, True)


async def test_a_notice_that_is_no_longer_allowed_is_not_approved(office: Office) -> None:
    await priced(office, price_notice_text=TEXT)
    async with office.desk() as desk:
        made = await propose_notice(desk, office.case, None)
    await office.run(
        "UPDATE policy_version SET body = jsonb_set(body, '{jurisdiction,profile,US}', '{\"price_notice\": \"no\"}')"
    )
    async with office.desk("deputy") as desk:
        with pytest.raises(Declined, match="nothing is sent"):
            await decide(desk, made, "approved", None)


async def test_without_a_published_text_there_is_no_notice(office: Office) -> None:
    await priced(office)
    async with office.desk() as desk:
        with pytest.raises(Declined, match="no published text"):
            await propose_notice(desk, office.case, None)
