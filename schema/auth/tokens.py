"""Bearer tokens: from the words of a request to a Viewer."""

from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from hub.store.database import Store
from hub.store.token import Caller, Claimed, digest, find_caller, find_claimed
from schema.auth.claims import Provider
from schema.context import Locale, Role, Viewer

# So long a look-up may be remembered; whatever shuts a caller out empties the memory at once, through `forget`.
REMEMBERED_S = 2.0
REMEMBERED = 10_000


@dataclass(frozen=True)
class Pass:
    """A token that is valid now. `claimed` is what one of the identity provider says; ours are looked up instead."""

    digest: bytes
    viewer: Viewer
    expires_at: datetime | None
    claimed: Claimed | None = None


@dataclass
class Tokens:
    """Finds the viewer of a token, and remembers it for a moment."""

    store: Store
    provider: Provider | None = None
    remembered: dict[bytes, tuple[float, Pass | None]] = field(default_factory=dict)

    async def admit(self, authorization: str | None) -> Pass | None:
        """Return the pass of an Authorization header (`Bearer …`); None when there is none or it is not valid."""
        scheme, _, text = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            return None
        key = digest(text.strip())
        # Ours hold no point, those of identity providers two.
        if self.provider is None or text.count(".") != 2:
            return await self.find(key)
        claimed = await self.provider.read(text.strip())
        return None if claimed is None else await self.find(key, claimed)

    async def find(self, key: bytes, claimed: Claimed | None = None) -> Pass | None:
        """Return the pass of a token's digest or, for one of the identity provider, of what it says."""
        until, known = self.remembered.get(key, (0.0, None))
        if monotonic() < until:
            return known
        async with self.store.connection() as connection:
            caller = await (find_caller(connection, key) if claimed is None else find_claimed(connection, claimed))
        found = None if caller is None else Pass(key, viewer(caller), caller.expires_at, claimed)
        if len(self.remembered) >= REMEMBERED:
            self.remembered.clear()
        self.remembered[key] = (monotonic() + REMEMBERED_S, found)
        return found

    def forget(self) -> None:
        """Look everybody up again."""
        self.remembered.clear()

    async def close(self) -> None:
        """End what is under way."""
        if self.provider is not None:
            await self.provider.keys.close()


def viewer(caller: Caller) -> Viewer:
    """Return the scope of a caller."""
    return Viewer(
        role=Role(caller.role),
        user_id=caller.user_id,
        partner_id=caller.partner_id,
        partner_ids=frozenset(caller.partner_ids),
        region_ids=frozenset(caller.region_ids),
        product_groups=frozenset(caller.product_groups),
        locale=Locale(caller.locale) if caller.locale else Locale.EN,
        token_id=caller.token_id,
        name=caller.name,
    )
