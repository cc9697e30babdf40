"""One question to one peer over HTTP, timed, with every answer looked at."""

import asyncio
import time
from collections.abc import Iterable

from benchmarks.graphql.peers import Peer, Values
from benchmarks.graphql.questions import Question
from benchmarks.graphql.wire import Wire, connected
from benchmarks.measure import WrongAnswer


class Side:
    """One question to one peer. An answer is all its pages."""

    def __init__(self, name: str, peer: Peer, question: Question) -> None:
        self.name = name
        self.peer = peer
        self.question = question
        self.latencies: list[float] = []
        self.expected: list[bytes] | None = None

    async def timed(self) -> float:
        """Ask as often as is said, all clients at once; return the seconds for one of them."""
        left = asked = max(self.question.clients, round(self.question.asked * self.peer.share))
        self.latencies.clear()

        async def client() -> None:
            nonlocal left
            async with connected(self.peer.port) as wire:
                while left > 0:
                    left -= 1
                    began = time.perf_counter()
                    answer = await self.ask(wire)
                    self.latencies.append(time.perf_counter() - began)
                    self.check(answer)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(self.question.clients)))
        return (time.perf_counter() - began) / asked

    async def ask(self, wire: Wire) -> list[bytes]:
        """Ask once, page after page; return what is always the same of each."""
        pages: list[bytes] = []
        variables: Values = {}
        for number in range(self.question.requests):
            if not self.question.chained:
                variables = self.question.variables[number]
            path, body = self.peer.request(self.question, variables)
            pages.append(self.peer.kept(await wire.post(path, body, self.peer.token)))
            if self.question.chained:
                variables = self.peer.following(pages[-1])
        return pages

    def check(self, answer: list[bytes]) -> None:
        """An answer must be the one that was found right. Raises WrongAnswer."""
        if self.expected is None:
            self.expected = answer
        elif self.expected != answer:
            raise WrongAnswer(f"{self.name} answered differently the second time.")

    def orders(self) -> list[Values]:
        """Return the orders of the answer."""
        return [order for page in self.expected or () for order in self.peer.orders(page)]

    def agrees(self, others: list[Values]) -> None:
        """What is said of each order must be what another said; who says less is compared in that. Raises WrongAnswer."""
        said = self.orders()
        if len(said) != self.question.nodes:
            raise WrongAnswer(f"{self.name}: {len(said)} orders came, not {self.question.nodes}.")
        for mine, other in zip(said, others, strict=True):
            if mine != {name: other.get(name) for name in mine}:
                raise WrongAnswer(f"{self.name} says {mine}, but it is {other}.")


async def agree(sides: Iterable[Side]) -> None:
    """Ask all once; whoever has the same question must say what the first of them said. Raises WrongAnswer."""
    first: dict[int, list[Values]] = {}
    for side in sides:
        async with connected(side.peer.port) as wire:
            side.check(await side.ask(wire))
        side.agrees(first.setdefault(id(side.question), side.orders()))
