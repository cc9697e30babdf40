"""Tokens of an identity provider: which are believed, whom they speak for, and what becomes of keys."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
import websockets
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from hub.clock import now
from hub.errors import SettingsError
from hub.settings import OidcSettings, read_settings
from hub.store.database import Store
from hub.store.user import Person, add_user, deactivate_user, upsert_user
from schema.auth import oidc
from schema.auth.claims import Provider, Unproven
from schema.auth.oidc import KEPT_S, LARGEST, PAUSE_S, Keys, ProviderDown, read_keys
from schema.auth.tokens import Pass, Tokens
from schema.context import Locale, RequestContext, Role, Viewer
from schema.once import once
from schema.root import build_schema
from tests.issuer import EMAIL, Issuer, by_hand, curve, issuing, part, public, rsa, short
from tests.web import PROTOCOL, Client, Deferred, Socket, token, web
from tests.world import a_finding, happens

LI = Person(
    email=EMAIL,
    name="Li",
    roles=("channel_manager", "analyst"),
    partner_ids=(7, 8),
    region_ids=(3,),
    product_groups=("tea",),
    locale="zh-CN",
    subject="u-1",
)
WHO = "{ viewer { actor { displayName role } user { email } accessTokens(first: 5) { nodes { name } } } }"
FINDINGS = 'subscription { conflictEvents(after: "0") { eventId } }'
HOUR = 3600


@dataclass
class Clock:
    """Seconds that pass when they are told to."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as one:
        yield one


@pytest.fixture
async def li(store: Store) -> int:
    async with store.transaction() as connection:
        return await add_user(connection, LI)


def tokens(store: Store, issuer: Issuer, clock: Clock | None = None, **more: Any) -> Tokens:
    """A hub's door that trusts the provider."""
    chosen = issuer.settings(**more)
    return Tokens(store, Provider(chosen, Keys(chosen, clock or Clock())))


async def admit(door: Tokens, text: str) -> Pass | None:
    return await door.admit(f"Bearer {text}")


# -- whom a token speaks for


async def test_a_token_speaks_for_its_user_like_one_of_the_hub(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer)
    found = await admit(door, issuer.token(email="LI@Example.com"))
    assert found is not None
    assert found.viewer == Viewer(
        role=Role.CHANNEL_MANAGER,
        user_id=li,
        partner_ids=frozenset({7, 8}),
        region_ids=frozenset({3}),
        product_groups=frozenset({"tea"}),
        locale=Locale.ZH_CN,
    )
    ours = await admit(door, await token(store, "channel_manager", user_id=li))
    assert ours is not None
    assert found.viewer == ours.viewer
    assert (found.viewer.name, found.viewer.token_id) == ("Li", None)


async def test_a_user_may_be_known_by_subject(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer, user_claim="sub")
    found = await admit(door, issuer.token(email=None, email_verified=False))
    assert found is not None
    assert found.viewer.user_id == li
    assert await admit(door, issuer.token(sub="U-1")) is None
    assert await admit(door, issuer.token(sub=EMAIL)) is None


async def test_another_claim_may_hold_the_address(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer, user_claim="upn")
    assert await admit(door, issuer.token(upn=EMAIL, email="other@example.com")) is not None
    assert await admit(door, issuer.token()) is None


async def test_a_letter_that_only_looks_like_one_names_somebody_else(store: Store, issuer: Issuer) -> None:
    async with store.transaction() as connection:
        await add_user(connection, Person(email="kim@example.com", name="Kim", roles=("admin",)))
        await add_user(connection, Person(email="åsa@example.com", name="Åsa", roles=("analyst",)))
    door = tokens(store, issuer)
    assert await admit(door, issuer.token(email="KIM@example.com")) is not None
    assert await admit(door, issuer.token(email="\N{KELVIN SIGN}im@example.com")) is None
    assert await admit(door, issuer.token(email="åsa@example.com")) is not None


ROLES: dict[str, Any] = {"roles_claim": "realm_access.roles", "roles": {"hub-admin": "admin", "hub-reader": "analyst"}}


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"realm_access": {"roles": ["offline_access", "hub-reader"]}}, Role.ANALYST),
        ({"realm_access": {"roles": ["hub-reader", "hub-admin"]}}, Role.ADMIN),
        ({"realm_access": {"roles": "hub-reader"}}, Role.ANALYST),
        ({"realm_access.roles": ["hub-reader"], "realm_access": {"roles": ["hub-admin"]}}, Role.ANALYST),
        ({"realm_access": {"roles": ["admin", 7, None, ["hub-admin"]]}}, None),
        ({"realm_access": {"roles": []}}, None),
        ({"realm_access": ["hub-admin"]}, None),
        ({"roles": ["hub-admin"]}, None),
        ({}, None),
    ],
)
async def test_roles_come_by_the_claim(
    store: Store, issuer: Issuer, li: int, claims: dict[str, Any], role: Role | None
) -> None:
    found = await admit(tokens(store, issuer, **ROLES), issuer.token(**claims))
    assert (found and found.viewer.role) == role
    assert found is None or found.viewer.partner_ids == {7, 8}


async def test_a_claim_makes_nobody_more_who_acts_for_a_partner(store: Store, issuer: Issuer) -> None:
    west = Person(email=EMAIL, name="West", roles=("partner",), partner_id=7)
    async with store.transaction() as connection:
        await add_user(connection, west)
    door = tokens(store, issuer, roles_claim="groups", roles={"boss": "admin", "west": "partner"})
    assert await admit(door, issuer.token(groups=["boss"])) is None
    found = await admit(door, issuer.token(groups=["west"]))
    assert found is not None
    assert (found.viewer.role, found.viewer.partner_id) == (Role.PARTNER, 7)
    async with store.transaction() as connection:
        await upsert_user(connection, structs.replace(west, roles=("analyst",), partner_id=None))
    door.forget()
    assert await admit(door, issuer.token(groups=["west"])) is None


async def test_a_subject_is_noted_of_one_user(issuer: Issuer, client: Client) -> None:
    upsert = """mutation ($i: UpsertUserInput!) {
        upsertUser(input: $i) { user { email subject } userErrors { code path } }
    }"""

    async def noted(email: str, subject: str | None) -> Any:
        given = {"email": email, "name": "Wu", "roles": ["ANALYST"], "subject": subject}
        return (await client.data(upsert, variables={"i": given}))["upsertUser"]

    assert (await noted("wu@example.com", "u-2"))["user"] == {"email": "wu@example.com", "subject": "u-2"}
    for wrong in ("u-1", "", "x" * 256):
        refused = await noted("wu@example.com", wrong)
        assert refused["user"] is None
        assert refused["userErrors"] == [{"code": "VALIDATION_FAILED", "path": ["input", "subject"]}]
    assert (await noted("wu@example.com", "u-2"))["userErrors"] == []
    assert (await noted("wu@example.com", None))["user"]["subject"] is None


async def test_who_is_no_active_user_stays_outside(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer)
    assert await admit(door, issuer.token(email="nobody@example.com")) is None
    assert await admit(door, issuer.token()) is not None
    async with store.transaction() as connection:
        await deactivate_user(connection, li)
        assert await connection.fetchval("SELECT count(*) FROM hub_user") == 2
    door.forget()
    assert await admit(door, issuer.token()) is None


# -- which tokens are believed

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON = int(AT.timestamp())


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({}, True),
        ({"aud": ["other", "channelhub"]}, True),
        ({"aud": "other"}, False),
        ({"aud": ["other"]}, False),
        ({"aud": []}, False),
        ({"aud": {"channelhub": 1}}, False),
        ({"aud": None}, False),
        ({"iss": "https://elsewhere.example.com"}, False),
        ({"iss": None}, False),
        ({"exp": None}, False),
        ({"exp": "never"}, False),
        ({"exp": True}, False),
        ({"exp": NOON - 59}, True),
        ({"exp": NOON - 60}, False),
        ({"exp": 10**30}, True),
        ({"exp": 1e300}, True),
        ({"nbf": NOON + 60}, True),
        ({"nbf": NOON + 61}, False),
        ({"nbf": "now"}, False),
        ({"iat": NOON + 60}, True),
        ({"iat": NOON + 61}, False),
        ({"iat": NOON - 10 * 365 * 24 * HOUR}, True),
        ({"email_verified": True}, True),
        ({"email_verified": "true"}, True),
        ({"email_verified": False}, False),
        ({"email_verified": "false"}, False),
        ({"email": None}, False),
        ({"email": " "}, False),
        ({"email": 7}, False),
        ({"email": [EMAIL]}, False),
        ({"email": f"{EMAIL}\x00"}, False),
        ({"sub": 7}, False),
    ],
)
def test_claims_hold_or_the_token_proves_nothing(claims: dict[str, Any], good: bool) -> None:
    issuer = Issuer(address="127.0.0.1:9")
    chosen = issuer.settings()
    provider = Provider(chosen, Keys(chosen))
    with time_machine.travel(AT, tick=False):
        try:
            named = provider.named(provider.current(issuer.claims(**claims)))
        except Unproven:
            assert not good
        else:
            assert good
            assert (named.email, named.subject, named.role) == (EMAIL, None, None)
            assert named.expires_at > AT


async def forged(issuer: Issuer) -> dict[str, str]:
    """Tokens that somebody without the key can put together."""
    head, body = {"kid": "one", "typ": "JWT"}, part(issuer.claims())
    pem = rsa("one").as_pem(private=False)
    modulus = str(public(rsa("one"))["n"]).encode()

    def shared(secret: bytes, **more: Any) -> str:
        said = f"{part(head | {'alg': 'HS256'} | more)}.{body}"
        return f"{said}.{part(hmac.digest(secret, said.encode(), hashlib.sha256))}"

    stranger, (good_head, good_body, good_end) = rsa("stranger"), issuer.token().split(".")
    return {
        "none": f"{part(head | {'alg': 'none'})}.{body}.",
        "None": f"{part(head | {'alg': 'None'})}.{body}.",
        "none with an end": f"{part(head | {'alg': 'none'})}.{body}.{good_end}",
        "no end": f"{good_head}.{good_body}.",
        "no body": f"{good_head}..{good_end}",
        "no algorithm": f"{part(head)}.{body}.{good_end}",
        "the public key as a secret": shared(pem),
        "the modulus as a secret": shared(modulus),
        "an empty secret": shared(b""),
        "the secret key that is told": shared(b"secret", kid="shared"),
        "the key of a stranger": issuer.token(stranger, {"kid": "one"}),
        "a stranger's key in the head": issuer.token(stranger, {"kid": "one", "jwk": public(stranger)}),
        "a stranger's address in the head": issuer.token(stranger, {"kid": "one", "jku": f"{issuer.issuer}/keys"}),
        "a key of another kind": issuer.token(curve("curve"), {"kid": "one"}),
        "a key for encryption": issuer.token(rsa("sealed")),
        "a key of another algorithm": issuer.token(rsa("other")),
        "a key that is too short": issuer.token(short("short")),
        "an algorithm that is not allowed": issuer.token(head={"alg": "RS512"}),
        "another body": f"{good_head}.{part(issuer.claims(email='owner@localhost'))}.{good_end}",
        "a name of a key that is a number": f"{part(head | {'alg': 'RS256', 'kid': 1})}.{body}.{good_end}",
        "what has to be understood and is not": by_hand({"crit": ["exp"], "exp": 1}, issuer.claims()),
        "critical is no list": by_hand({"crit": 7}, issuer.claims()),
        "a body that is not encoded": by_hand({"crit": ["b64"], "b64": False}, issuer.claims()),
        "a list": by_hand({}, b"[1]"),
        "no JSON": by_hand({}, b'{"exp": NaN}'),
        "a nest": by_hand({}, b"[" * 10_000),
        "a long one": by_hand({}, issuer.claims(more="x" * 20_000)),
    }


async def test_what_is_forged_is_turned_away(store: Store, issuer: Issuer, li: int) -> None:
    issuer.keys += [
        public(rsa("sealed"), use="enc", alg="RSA-OAEP"),
        public(rsa("other"), alg="RS384"),
        public(short("short")),
        public(curve("two")),
        {"kty": "oct", "kid": "shared", "k": part(b"secret")},
        {"kty": "OKP", "kid": "late", "crv": "Ed25519", "x": "AA"},
        {"kty": "EC", "kid": "bad", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"]},
        {},
    ]
    door = tokens(store, issuer)
    assert await admit(door, issuer.token()) is not None
    assert await admit(door, issuer.token(curve("two"))) is not None
    assert await admit(door, by_hand({"nonce": "n", "x5t": "t"}, issuer.claims())) is not None
    for what, text in (await forged(issuer)).items():
        assert await admit(door, text) is None, what


async def test_without_a_provider_its_tokens_mean_nothing(store: Store, issuer: Issuer, li: int) -> None:
    assert await admit(Tokens(store), issuer.token()) is None


async def test_a_token_without_the_name_of_its_key_means_the_only_one(store: Store, issuer: Issuer, li: int) -> None:
    clock = Clock()
    door = tokens(store, issuer, clock)
    nameless = issuer.token(head={"kid": None})
    assert await admit(door, nameless) is not None
    issuer.keys.append(public(curve("curve")))
    clock.at += KEPT_S
    assert await admit(door, issuer.token(curve("curve"))) is not None
    assert await admit(door, nameless) is not None  # the other one is of another kind
    issuer.keys.append(public(rsa("two")))
    clock.at += PAUSE_S
    assert await admit(door, issuer.token(rsa("two"))) is not None
    assert await admit(door, nameless) is None


# -- what becomes of keys


async def test_keys_are_fetched_once_and_kept(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer)
    found = await asyncio.gather(*(admit(door, issuer.token(jti=str(number))) for number in range(20)))
    assert None not in found
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_the_address_of_the_keys_may_be_told(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer, jwks_url=f"{issuer.issuer}/keys")
    assert await admit(door, issuer.token()) is not None
    assert issuer.asked == ["/keys"]


async def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(store: Store, issuer: Issuer, li: int) -> None:
    clock = Clock()
    door = tokens(store, issuer, clock)
    old, new = issuer.token(), issuer.token(rsa("two"))
    assert await admit(door, old) is not None
    issuer.keys = [public(rsa("one")), public(rsa("two"))]
    assert await admit(door, new) is None
    clock.at += PAUSE_S
    assert await admit(door, new) is not None
    issuer.keys = [public(rsa("two"))]
    assert await admit(door, old) is not None
    clock.at += KEPT_S
    await renewed(door)
    assert await admit(door, old) is None
    assert await admit(door, new) is not None


async def renewed(door: Tokens) -> None:
    """Read the keys anew."""
    assert door.provider is not None
    await door.provider.keys.renew()


async def test_a_flood_of_names_is_no_flood_of_fetches(store: Store, issuer: Issuer, li: int) -> None:
    clock = Clock()
    door = tokens(store, issuer, clock, jwks_url=f"{issuer.issuer}/keys")
    assert await admit(door, issuer.token()) is not None
    clock.at += PAUSE_S
    flood = [issuer.token(head={"kid": f"unknown-{number}"}) for number in range(100)]
    found = await asyncio.gather(*(admit(door, text) for text in flood))
    assert set(found) == {None}
    assert len(issuer.asked) == 2
    assert [await admit(door, text) for text in flood] == [None] * 100
    assert len(issuer.asked) == 2
    assert await admit(door, issuer.token()) is not None


async def test_a_failing_provider_shuts_nobody_out_whose_key_is_known(store: Store, issuer: Issuer, li: int) -> None:
    clock = Clock()
    door = tokens(store, issuer, clock)
    issuer.status = 503
    assert await admit(door, issuer.token()) is None
    issuer.status = 200
    assert await admit(door, issuer.token()) is None  # a moment has not passed
    clock.at += PAUSE_S
    assert await admit(door, issuer.token()) is not None
    breaks: list[tuple[str, Any]] = [
        ("status", 500),
        ("status", 200),
        ("body", b"{}"),
        ("body", b"<html>"),
        ("body", None),
        ("keys", []),
    ]
    for name, value in breaks:
        setattr(issuer, name, value)
        clock.at += KEPT_S
        await renewed(door)
        assert await admit(door, issuer.token()) is not None, (name, value)
    assert await admit(door, issuer.token(rsa("two"))) is None


async def test_old_keys_hold_while_new_ones_are_waited_for(store: Store, issuer: Issuer, li: int) -> None:
    clock = Clock()
    door = tokens(store, issuer, clock)
    assert await admit(door, issuer.token()) is not None
    issuer.silent = True
    clock.at += KEPT_S
    assert await admit(door, issuer.token()) is not None
    assert door.provider is not None
    assert door.provider.keys.latest is not None
    assert not door.provider.keys.latest.done()
    await door.close()
    assert door.provider.keys.latest.cancelled()


async def test_a_client_that_leaves_does_not_end_the_fetch(store: Store, issuer: Issuer, li: int) -> None:
    door = tokens(store, issuer)
    assert door.provider is not None
    leaving = asyncio.create_task(admit(door, issuer.token()))
    while not issuer.asked:
        await asyncio.sleep(0)
    leaving.cancel()
    assert await admit(door, issuer.token()) is not None
    assert leaving.cancelled()
    assert len(issuer.asked) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"status": 404}, "status 404"),
        ({"status": 302, "headers": {"location": "/keys"}}, "status 302"),
        ({"body": b" " * (LARGEST + 1)}, "longer than"),
        ({"body": b"{"}, "not what OpenID Connect says"),
        ({"body": b"[" * 100_000}, "not what OpenID Connect says"),
        ({"discovery": {"issuer": "https://elsewhere.example.com"}}, "another issuer"),
        ({"discovery": {"jwks_uri": "http://elsewhere.example.com/keys"}}, "https://"),
        ({"discovery": {"jwks_uri": "file:///etc/passwd"}}, "https://"),
        ({"discovery": {"jwks_uri": 7}}, "not what OpenID Connect says"),
        ({"keys": []}, "no key for signatures by RS256, ES256"),
        ({"keys": [{"kty": "oct", "kid": "one", "k": "AAAA"}]}, "no key for signatures"),
    ],
)
async def test_why_keys_cannot_be_read_is_told(issuer: Issuer, change: dict[str, Any], says: str) -> None:
    for name, value in change.items():
        setattr(issuer, name, value)
    with pytest.raises(ProviderDown) as told:
        await read_keys(issuer.settings())
    assert says in str(told.value)
    assert str(told.value).endswith(".")


async def test_nobody_waits_for_a_provider_that_is_silent(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "FETCH_S", 0.05)
    issuer.silent = True
    with pytest.raises(ProviderDown, match="TimeoutError"):
        await read_keys(issuer.settings())
    gone = replace(issuer, address="127.0.0.1:9")
    with pytest.raises(ProviderDown):
        await read_keys(gone.settings())


# -- over the wire


@pytest.fixture
async def client(store: Store, issuer: Issuer, li: int) -> AsyncIterator[Client]:
    async with web(store, build_schema(), oidc=issuer.settings(clock_skew_seconds=0)) as client:
        yield client


async def test_requests_are_answered_or_turned_away_neutrally(store: Store, issuer: Issuer, client: Client, li: int) -> None:
    await token(store, "analyst", user_id=li)
    data = await client.data(WHO, token=issuer.token())
    assert data["viewer"] == {
        "actor": {"displayName": "Li", "role": "CHANNEL_MANAGER"},
        "user": {"email": EMAIL},
        "accessTokens": {"nodes": [{"name": "test"}]},
    }
    refused = [await client.post(WHO, token=text) for text in ("x", *(await forged(issuer)).values())]
    refused.append(await client.post(WHO, token=issuer.token(email="nobody@example.com")))
    assert {one.status_code for one in refused} == {401}
    assert len({one.json()["errors"][0]["message"] for one in refused}) == 1


async def test_what_is_done_with_it_is_done_by_the_user(store: Store, issuer: Issuer, client: Client, li: int) -> None:
    make = "mutation ($i: CreateTokenInput!) { createToken(input: $i) { token accessToken { id } } }"
    revoke = "mutation ($i: RevokeTokenInput!) { revokeToken(input: $i) { accessToken { name } userErrors { code } } }"
    prefer = 'mutation { setPreferences(input: { timeZone: "Asia/Shanghai" }) { user { email timeZone } } }'
    text = issuer.token()
    assert (await client.data(prefer, token=text))["setPreferences"]["user"] == {
        "email": EMAIL,
        "timeZone": "Asia/Shanghai",
    }
    assert await client.code(make, variables={"i": {"name": "mine", "role": "ADMIN"}}, token=text) == "FORBIDDEN"
    await token(store, "analyst", user_id=li)
    listed = "{ viewer { accessTokens(first: 1) { nodes { id } } } }"
    mine = (await client.data(listed, token=text))["viewer"]["accessTokens"]["nodes"][0]["id"]
    done = await client.data(revoke, variables={"i": {"accessTokenId": mine}}, token=text)
    assert done["revokeToken"] == {"accessToken": {"name": "test"}, "userErrors": []}


async def test_a_key_of_a_mutation_is_the_users_whatever_the_token(
    store: Store, issuer: Issuer, client: Client, li: int
) -> None:
    async def turn(viewer: Viewer) -> bool:
        context = RequestContext(viewer, store, read_settings(), Deferred())
        async with once(context, "requestSync", "monday", {"source": 1}) as one:
            one.answer["runs"] = [1]
            return one.fresh

    door = tokens(store, issuer)
    theirs, ours = await admit(door, issuer.token()), await admit(door, await token(store, "analyst", user_id=li))
    assert theirs is not None
    assert ours is not None
    assert await turn(theirs.viewer)
    assert not await turn(ours.viewer)
    assert not await turn(theirs.viewer)


async def test_a_socket_ends_with_its_token(issuer: Issuer, client: Client) -> None:
    async with client.socket(issuer.token(exp=int(now().timestamp()) + 2)) as socket:
        assert await socket.closed() == 4403


async def test_sockets_and_streams_of_who_is_shut_out_are_closed(store: Store, issuer: Issuer, client: Client, li: int) -> None:
    await happens(store, "conflict", "raised", await a_finding(store, "f1"))
    async with store.transaction() as connection:
        await upsert_user(connection, structs.replace(LI, roles=("analyst",)))
    text, stays = issuer.token(), await token(store, "analyst")
    headers = {"authorization": f"Bearer {text}", "accept": "text/event-stream"}
    async with (
        client.socket(text) as socket,
        client.socket(stays) as other,
        client.http.stream("POST", "/graphql/stream", json={"query": FINDINGS}, headers=headers) as response,
    ):
        parts = response.aiter_text()
        assert '"eventId":"1"' in await anext(parts)
        async with store.transaction() as connection:
            await deactivate_user(connection, li)
        assert await socket.closed() == 4403
        rest = "".join([part async for part in parts])
        assert "UNAUTHENTICATED" in rest
        await other.send(type="ping")
        assert await other.next() == {"type": "pong"}


async def test_a_stream_ends_with_its_token(issuer: Issuer, client: Client) -> None:
    text = issuer.token(exp=int(now().timestamp()) + 2)
    headers = {"authorization": f"Bearer {text}", "accept": "text/event-stream"}
    response = await client.http.post("/graphql/stream", json={"query": FINDINGS}, headers=headers)
    assert "UNAUTHENTICATED" in response.text


async def test_who_changes_is_asked_to_come_again(store: Store, issuer: Issuer, client: Client, li: int) -> None:
    async with client.socket(issuer.token()) as socket:
        async with store.transaction() as connection:
            await upsert_user(connection, structs.replace(LI, partner_ids=(9,)))
        assert await socket.closed() == 4403


# -- whatever is sent

PIECES = st.one_of(
    st.binary(max_size=80).map(part),
    st.text(max_size=40),
    st.dictionaries(
        st.sampled_from(["alg", "kid", "crit", "b64", "jwk", "jku", "x5c", "typ"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.lists(st.sampled_from(["b64", "alg", "exp", 1, []])),
            st.sampled_from(["RS256", "ES256", "none", "HS256", "one", "", "http://127.0.0.1:9/"]),
            st.dictionaries(st.text(), st.integers()),
        ),
    ).map(part),
    st.integers(1, 4000).map(lambda depth: part(b"[" * depth)),
)


@st.composite
def mutilations(draw: st.DrawFn) -> list[tuple[str, int, str]]:
    """What is done to a token: a part replaced, a place changed, or something cut out or put in."""
    kinds = st.sampled_from(["head", "body", "end", "cut", "put", "change"])
    signs = st.one_of(st.characters(), st.sampled_from(list("ABCabc019-_.=+/ ")))
    return draw(st.lists(st.tuples(kinds, st.integers(0, 2000), st.one_of(signs, PIECES)), min_size=1, max_size=3))


def mutilated(text: str, changes: list[tuple[str, int, str]]) -> str:
    for kind, place, piece in changes:
        at = place % (len(text) + 1)
        if kind in ("cut", "put", "change"):
            text = text[:at] + ("" if kind == "cut" else piece) + text[at + (kind != "put") :]
            continue
        parts = [*text.split("."), "", ""][:3]
        parts[("head", "body", "end").index(kind)] = piece
        text = ".".join(parts)
    return text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=mutilations())
async def test_a_mutilated_token_is_turned_away_and_breaks_nothing(
    store: Store, issuer: Issuer, li: int, changes: list[tuple[str, int, str]]
) -> None:
    chosen = issuer.settings()
    keys = Keys(chosen, Clock(), [rsa("one"), curve("two")])
    good = issuer.token()
    text = mutilated(good, changes)
    assume(text.strip() != good)
    try:
        door = Tokens(store, Provider(chosen, keys))
        assert await admit(door, good) is not None
        assert await admit(door, text) is None
    finally:
        await keys.close()


@pytest.mark.parametrize(
    "text",
    ["..", "a.b.c", "é.é.é", ".".join([part(b"[" * 3000)] * 3), f"{'a' * 60_000}.b.c", "\x00.\x00.\x00", "٠.٠.٠"],
)
async def test_nonsense_over_the_wire_is_no_fault_of_ours(client: Client, text: str) -> None:
    if text.isascii() and text.isprintable():
        assert (await client.post(WHO, token=text)).status_code == 401
    async with websockets.connect(f"ws://{client.address}/graphql", subprotocols=[PROTOCOL]) as connection:
        socket = Socket(connection)
        await socket.send(type="connection_init", payload={"authorization": f"Bearer {text}"})
        assert await socket.closed() == 4403


# -- settings


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ('issuer = "http://id.example.com"', "server.oidc.issuer"),
        ('issuer = "ftp://id.example.com"', "server.oidc.issuer"),
        ('issuer = "https://"', "server.oidc.issuer"),
        ('issuer = "https://hub:secret@id.example.com"', "no place in an address"),
        ('issuer = "https://id.example.com"\njwks_url = "http://id.example.com/keys"', "server.oidc.jwks_url"),
        ('issuer = "https://id.example.com"\nalgorithms = ["HS256"]', "server.oidc.algorithms"),
        ('issuer = "https://id.example.com"\nalgorithms = ["none"]', "server.oidc.algorithms"),
        ('issuer = "https://id.example.com"\nalgorithms = []', "server.oidc.algorithms"),
        ('issuer = "https://id.example.com"\nroles_claim = "groups"', "given together"),
        ('issuer = "https://id.example.com"\nroles_claim = "groups"\nroles = { a = "king" }', "server.oidc.roles.a"),
        ('issuer = "https://id.example.com"\nroles = { a = "admin" }', "given together"),
        ('issuer = "https://id.example.com"\nclock_skew_seconds = 3600', "server.oidc.clock_skew_seconds"),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(tmp_path: Any, values: str, says: str) -> None:
    file = tmp_path / "channelhub.toml"
    file.write_text(f'[server.oidc]\naudience = "channelhub"\n{values}\n')
    with pytest.raises(SettingsError) as refused:
        read_settings(file)
    assert says in str(refused.value)
    assert "secret@" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9:8080", "[::1]:8080"])
def test_on_this_machine_there_is_nobody_on_the_way(host: str) -> None:
    assert OidcSettings(issuer=f"http://{host}/realms/brand", audience="channelhub").clock_skew_seconds == 60
