"""A policy.toml from its folder to the version that holds."""

from pathlib import Path

from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from hub.store.user import Person, add_user
from jobs.doctor import ailing
from jobs.sources import ensure_source
from jobs.sync import Outcome, sync_source

POLICY = 'version = {}\neffective_from = 2026-01-01\nbase_currency = "CNY"\n[jurisdiction]\nregions = {{ CN = "CN" }}\n{}'


async def load(store: Store, folder: Path, version: int, more: str = "", two_person: bool | None = None) -> Outcome:
    """Load one policy and return the run of its stream."""
    (folder / "policy.toml").write_text(POLICY.format(version, more))
    one = SourceSettings(name="brand", connector="sheet", settings={"folder": str(folder)})
    settings = Settings(home=folder, source=[one], two_person=two_person)
    await ensure_source(store, settings, one, managed_by="file")
    outcomes = await sync_source(store, settings, "brand")
    return next(outcome for outcome in outcomes if outcome.stream == "policy")


async def states(store: Store) -> dict[int, str]:
    async with store.connection() as connection:
        return {row["version"]: row["state"] for row in await connection.fetch("SELECT version, state FROM policy_version")}


async def test_a_single_user_publishes_by_loading(store: Store, tmp_path: Path) -> None:
    outcome = await load(store, tmp_path, 1)
    assert outcome.notes == ()
    assert await states(store) == {1: "published"}


async def test_with_two_administrators_loading_proposes_and_says_what_to_do(store: Store, tmp_path: Path) -> None:
    async with store.transaction() as connection:
        await add_user(connection, Person(email="li@example.com", name="Li", roles=("admin",)))
    outcome = await load(store, tmp_path, 1)
    assert "channelhub policy publish 1 --user EMAIL" in outcome.notes[-1]
    assert await states(store) == {1: "proposed"}
    (sentence,) = [said for said in await ailing(store) if said.startswith("Policy")]
    assert "channelhub policy publish 1" in sentence
    assert (await load(store, tmp_path, 2, two_person=False)).notes == ()
    assert not [said for said in await ailing(store) if said.startswith("Policy")]
    assert await states(store) == {1: "proposed", 2: "published"}


async def test_what_loosens_a_profile_waits_even_for_a_single_user(store: Store, tmp_path: Path) -> None:
    outcome = await load(store, tmp_path, 1, '[jurisdiction.profile.CN]\nprice_rules = "case"\n')
    assert "CN: price_rules observe > case" in outcome.notes[-1]
    assert await states(store) == {1: "proposed"}


async def test_a_published_version_is_never_edited(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, 1)
    outcome = await load(store, tmp_path, 1, '[distribution]\nX = "open"\n')
    assert outcome.counts.rejected == 1
    async with store.connection() as connection:
        reject = await connection.fetchrow("SELECT code, message, field FROM reject")
        body = await connection.fetchval("SELECT body FROM policy_version")
    assert (reject["code"], reject["field"]) == ("published_version", "version")
    assert "give the changed file a higher version" in reject["message"]
    assert "distribution" not in body
    # The same content in other words is the same version.
    assert (await load(store, tmp_path, 1, "# a remark\n")).counts.rejected == 0
