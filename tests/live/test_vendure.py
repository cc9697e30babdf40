"""Against a Vendure that is running now: whatever its own API counts and sums, the hub holds, before and after a change.

CHANNELHUB_LIVE_VENDURE is the address of an Admin API that may be changed, with a catalogue in it. Orders are placed, one is
delivered, and customers are made and deleted.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.records.message import SyncMode
from hub.settings import SourceSettings
from hub.store.database import Store
from tests.mirror import Figures, Mirror, mirror

URL = os.environ.get("CHANNELHUB_LIVE_VENDURE", "")
USER = os.environ.get("CHANNELHUB_LIVE_VENDURE_USER", "superadmin")
PASSWORD = os.environ.get("CHANNELHUB_LIVE_VENDURE_PASSWORD", "superadmin")
PLACED = {"PaymentAuthorized", "PaymentSettled", "PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered", "Cancelled"}

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not URL, reason="CHANNELHUB_LIVE_VENDURE does not hold the address of an Admin API."),
]


class Shop:
    """The system's own word, and the hand that changes it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.token = ""

    async def ask(self, query: str, **variables: object) -> Any:
        """Return the first field of an answer; a refusal fails the test."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.post(URL, json={"query": query, "variables": variables}, headers=headers) as response:
            content = await response.json()
            self.token = response.headers.get("vendure-auth-token", self.token)
        assert not content.get("errors"), content
        (found,) = content["data"].values()
        assert not (isinstance(found, dict) and "message" in found), found
        return found

    async def all(self, name: str, fields: str) -> list[Any]:
        """Return every item of a list."""
        items: list[Any] = []
        while True:
            query = f"{{{name}(options:{{take:500,skip:{len(items)},sort:{{id:ASC}}}}){{items{{{fields}}}}}}}"
            page = (await self.ask(query))["items"]
            if not page:
                return items
            items += page

    async def figures(self) -> Figures:
        """Return what the shop itself counts and sums."""
        variants = await self.all("productVariants", "sku stockLevels{stockOnHand stockAllocated}")
        orders = [one for one in await self.all("orders", "state orderPlacedAt subTotal") if one["orderPlacedAt"]]
        levels = [level for variant in variants for level in variant["stockLevels"]]
        assert {one["state"] for one in orders} <= PLACED
        return Figures(
            products=len({variant["sku"] for variant in variants}),
            customers=len(await self.all("customers", "id")),
            orders=len(orders),
            amount=Decimal(sum(one["subTotal"] for one in orders)) / 100,
            on_hand=Decimal(sum(level["stockOnHand"] for level in levels)),
            reserved=Decimal(sum(level["stockAllocated"] for level in levels)),
        )

    async def customer(self) -> str:
        """Make a customer; return the id."""
        who = {"firstName": "Ann", "lastName": "Passing", "emailAddress": f"passing{time.time_ns()}@example.com"}
        made = await self.ask(
            "mutation($i:CreateCustomerInput!){createCustomer(input:$i)"
            "{__typename ... on Customer{id} ... on ErrorResult{message}}}",
            i=who,
        )
        return str(made["id"])

    async def draft(self, customer: str) -> str:
        """Fill a draft order; return its id."""
        variants = await self.all("productVariants", "id")
        methods = await self.all("shippingMethods", "id")
        address = {"fullName": "Ann Passing", "streetLine1": "1 Main St", "city": "Houston", "province": "TX",
                   "postalCode": "77001", "countryCode": "US"}  # fmt: skip
        order = (await self.ask("mutation{createDraftOrder{id}}"))["id"]
        await self.ask(
            "mutation($o:ID!,$i:AddItemToDraftOrderInput!){addItemToDraftOrder(orderId:$o,input:$i)"
            "{__typename ... on ErrorResult{message}}}",
            o=order, i={"productVariantId": variants[-1]["id"], "quantity": 1},
        )  # fmt: skip
        for mutation, value in (
            ("$v:ID!){setCustomerForDraftOrder(orderId:$o,customerId:$v){__typename}}", customer),
            ("$v:CreateAddressInput!){setDraftOrderShippingAddress(orderId:$o,input:$v){__typename}}", address),
            ("$v:CreateAddressInput!){setDraftOrderBillingAddress(orderId:$o,input:$v){__typename}}", address),
            ("$v:ID!){setDraftOrderShippingMethod(orderId:$o,shippingMethodId:$v){__typename}}", methods[0]["id"]),
        ):
            await self.ask(f"mutation($o:ID!,{mutation}", o=order, v=value)
        return str(order)

    async def place(self, order: str) -> None:
        """Move a draft to the till and pay it."""
        await self.ask(
            'mutation($o:ID!){transitionOrderToState(id:$o,state:"ArrangingPayment")'
            "{__typename ... on OrderStateTransitionError{message}}}",
            o=order,
        )
        await self.ask(
            "mutation($i:ManualPaymentInput!){addManualPaymentToOrder(input:$i){__typename ... on ErrorResult{message}}}",
            i={"orderId": order, "method": "standard-payment", "transactionId": order, "metadata": {}},
        )

    async def order(self, order: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.ask(
            "query($o:ID!){order(id:$o){code updatedAt orderPlacedAt lines{id quantity}}}", o=order
        )
        return found

    async def two_in_one_second(self, customer: str) -> list[dict[str, Any]]:
        """Place two orders within one second, however often it takes."""
        for _ in range(5):
            drafts = [await self.draft(customer) for _ in range(2)]
            await asyncio.sleep(1.02 - time.time() % 1)
            for draft in drafts:
                await self.place(draft)
            pair = [await self.order(draft) for draft in drafts]
            if pair[0]["updatedAt"][:19] == pair[1]["updatedAt"][:19]:
                return pair
        raise AssertionError("This machine is too slow to place two orders in one second.")

    async def deliver(self, order: str) -> None:
        """Ship and deliver an order; none of its stamps moves."""
        lines = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in (await self.order(order))["lines"]]
        by_hand = {"code": "manual-fulfillment", "arguments": [{"name": "method", "value": "post"},
                                                               {"name": "trackingCode", "value": "1"}]}  # fmt: skip
        made = await self.ask(
            "mutation($i:FulfillOrderInput!){addFulfillmentToOrder(input:$i)"
            "{__typename ... on Fulfillment{id} ... on ErrorResult{message}}}",
            i={"lines": lines, "handler": by_hand},
        )
        for state in ("Shipped", "Delivered"):
            await self.ask(
                "mutation($i:ID!,$s:String!){transitionFulfillmentToState(id:$i,state:$s)"
                "{__typename ... on FulfillmentStateTransitionError{message}}}",
                i=made["id"], s=state,
            )  # fmt: skip

    async def delete_customer(self, customer: str) -> None:
        await self.ask("mutation($c:ID!){deleteCustomer(id:$c){result}}", c=customer)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with aiohttp.ClientSession() as session:
        opened = Shop(session)
        await opened.ask("mutation($u:String!,$p:String!){login(username:$u,password:$p){__typename}}", u=USER, p=PASSWORD)
        assert opened.token
        yield opened


@pytest.fixture
async def hub(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setenv("LIVE_PASSWORD", PASSWORD)
    settings = {"url": URL, "username": USER, "password": "env:LIVE_PASSWORD", "partner": "SHOP"}
    return await mirror(store, tmp_path, SourceSettings(name="shop", connector="vendure", settings=settings))


async def test_the_hub_equals_the_shop_before_and_after_a_change(shop: Shop, hub: Mirror) -> None:
    buyer, passing = await shop.customer(), await shop.customer()
    sold = await shop.draft(buyer)
    await shop.place(sold)
    await hub.sync()
    first = await shop.figures()
    assert await hub.figures() == first

    pair = await shop.two_in_one_second(buyer)
    await shop.deliver(sold)
    await shop.delete_customer(passing)
    await hub.sync()
    second = await shop.figures()
    assert second.orders >= first.orders + 2
    assert await hub.orders(*(one["code"] for one in pair)) == {one["code"]: "open" for one in pair}
    code = (await shop.order(sold))["code"]
    assert await hub.orders(code) == {code: "fulfilled"}

    for gone in (False, True):  # one scan without it may be an accident
        await hub.sync(SyncMode.RECONCILE)
        assert await hub.gone("customer", passing) is gone
    assert await hub.figures() == second
    print(first, second, sep="\n")
