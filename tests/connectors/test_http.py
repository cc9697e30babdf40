"""The one session of a source: how it waits, tries again, counts, and what its errors never show."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import stamina
from aiohttp import web

from connectors.http import TRIES, Http, open_http, retry_after
from connectors.manifest import Bucket
from hub.errors import SettingsError, SourceBusy, SourceDown

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    """What is tried again is tried at once, as often as in earnest."""
    with stamina.set_testing(True, attempts=TRIES):
        yield


class Source:
    """Answers what it was told to, one answer a request, and then `fine`; keeps what it was asked and who waited how long."""

    def __init__(self) -> None:
        self.answers: list[Callable[[], web.Response]] = []
        self.asked: list[web.BaseRequest] = []
        self.bodies: list[bytes] = []
        self.slept: list[float] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.bodies.append(await request.read())
        return self.answers.pop(0)() if self.answers else web.Response(text="fine", headers={"X-Seen": "yes"})

    async def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def url(source: Source) -> AsyncIterator[str]:
    async with source.served() as address:
        yield address


@pytest.fixture
async def http(source: Source) -> AsyncIterator[Http]:
    async with open_http("shop", None, secrets=["canary", ""], sleep=source.sleep) as opened:
        yield opened


def status(number: int, **headers: str) -> Callable[[], web.Response]:
    return lambda: web.Response(status=number, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 1.0),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("1e300", 86_400.0),
    ],
)
def test_a_wait_is_given_in_seconds_or_as_a_date_or_not_at_all(value: str | None, seconds: float) -> None:
    assert retry_after(value, AT) == seconds


async def test_an_answer_comes_as_it_is(source: Source, url: str, http: Http) -> None:
    source.answers.append(status(404))
    assert (await http.request("GET", f"{url}/nowhere")).status == 404
    answer = await http.request("POST", f"{url}/orders", json={"a": 1}, headers={"X-Mine": "1"}, params={"page": "2"})
    assert (answer.status, answer.body, answer.headers["x-seen"]) == (200, b"fine", "yes")
    (_, asked) = source.asked
    assert (asked.method, asked.path_qs, source.bodies[1]) == ("POST", "/orders?page=2", b'{"a":1}')
    assert (asked.headers["Content-Type"], asked.headers["X-Mine"]) == ("application/json", "1")


async def test_bytes_are_sent_as_they_are(source: Source, url: str, http: Http) -> None:
    await http.request("POST", url, json=b"<xml/>", headers={"Content-Type": "text/xml"})
    assert (source.bodies, source.asked[0].headers["Content-Type"]) == ([b"<xml/>"], "text/xml")


async def test_a_source_that_stumbles_is_asked_again(source: Source, url: str, http: Http) -> None:
    source.answers += [status(500), status(503)]
    assert (await http.request("GET", url)).body == b"fine"
    assert http.requests == 3


async def test_five_failures_are_enough(source: Source, url: str, http: Http) -> None:
    source.answers += [status(500)] * (TRIES + 1)
    with pytest.raises(SourceDown, match="shop answered 500 at http://"):
        await http.request("GET", url)
    assert (http.requests, len(source.answers)) == (TRIES, 1)


async def test_an_answer_that_its_reader_finds_broken_is_asked_for_again(source: Source, url: str, http: Http) -> None:
    def whole(body: bytes) -> bytes:
        if body != b"fine":
            raise SourceDown("half an answer")
        return body

    source.answers += [lambda: web.Response(text="fi")]
    assert await http.read(lambda answer: whole(answer.body), "GET", url) == b"fine"
    source.answers += [lambda: web.Response(text="fi")] * TRIES
    with pytest.raises(SourceDown, match="half"):
        await http.read(lambda answer: whole(answer.body), "GET", url)


async def test_a_body_that_breaks_off_is_no_answer(http: Http) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        with pytest.raises(SourceDown, match="shop did not answer"):
            await http.request("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert http.requests == TRIES


async def test_a_door_that_is_shut_is_told_with_its_address(url: str, http: Http) -> None:
    port = url.rpartition(":")[2]
    async with Source().served() as other:
        shut = other
    assert port not in shut
    with pytest.raises(SourceDown) as caught:
        await http.request("GET", f"{shut}/orders")
    assert f"shop did not answer at {shut}/orders" in str(caught.value)


async def test_a_short_wait_is_waited_and_counted(source: Source, url: str, http: Http) -> None:
    source.answers += [status(429, Retry_After="7"), status(429)]
    assert (await http.request("GET", url)).body == b"fine"
    assert source.slept == [7.0, 1.0]
    assert (http.throttled, http.waited_s, http.requests) == (2, 8.0, 3)


async def test_a_long_wait_is_left_to_the_clock(source: Source, url: str, http: Http) -> None:
    source.answers.append(status(429, Retry_After="3600"))
    with pytest.raises(SourceBusy) as caught:
        await http.request("GET", url)
    assert (caught.value.wait_s, source.slept, http.requests) == (3600.0, [], 1)


async def test_a_source_that_puts_off_for_ever_is_left_to_the_clock(source: Source, url: str, http: Http) -> None:
    source.answers += [status(429, Retry_After="0")] * (TRIES + 1)
    with pytest.raises(SourceBusy):
        await http.request("GET", url)
    assert (http.requests, http.throttled) == (TRIES, TRIES)


async def test_a_bucket_lets_so_many_pass_and_then_paces(source: Source, url: str) -> None:
    bucket = Bucket(capacity=2, refill_per_second=0.001)
    async with open_http("shop", bucket, sleep=source.sleep) as http:
        for _ in range(4):
            await http.request("GET", url)
        assert [round(wait_s, -2) for wait_s in source.slept] == [1000, 2000]
        assert http.waited_s == sum(source.slept)


async def test_what_came_and_went_is_counted(url: str, http: Http) -> None:
    for _ in range(3):
        await http.request("GET", url)
    assert (http.requests, http.received, http.throttled, http.waited_s) == (3, 12, 0, 0.0)


async def test_no_error_shows_a_user_a_query_or_a_secret(source: Source, url: str, http: Http) -> None:
    source.answers += [status(500)] * TRIES
    with pytest.raises(SourceDown) as caught:
        await http.request("GET", url.replace("//", "//me:canary@") + "/a/canary?token=canary", params={"key": "canary"})
    shown = str(caught.value)
    assert "canary" not in shown
    assert "me" not in shown.partition("http://")[2].partition("/")[0]
    assert "token" not in shown


def test_an_empty_secret_hides_nothing(http: Http) -> None:
    assert http.redacted("a canary sings") == "a ••• sings"


async def test_a_redirect_is_not_followed(source: Source, url: str, http: Http) -> None:
    source.answers.append(status(302, Location=f"{url}/elsewhere"))
    assert (await http.request("GET", url, headers={"Authorization": "Bearer canary"})).status == 302
    assert http.requests == len(source.asked) == 1


@pytest.mark.parametrize("address", ["http://", "shop.example.com", "ftp://shop.example.com/canary", "http://[canary"])
async def test_an_address_that_is_none_is_a_matter_of_settings(http: Http, address: str) -> None:
    with pytest.raises(SettingsError, match="address of shop") as caught:
        await http.request("GET", address)
    assert "canary" not in str(caught.value)


def test_a_secret_is_hidden_as_it_stands_in_an_address_and_when_learnt_late(http: Http) -> None:
    http.hide("a/b c")
    assert http.redacted("a/b c, a%2Fb%20c and canary") == "•••, ••• and •••"
