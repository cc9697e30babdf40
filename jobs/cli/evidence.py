"""channelhub evidence: freeze what findings rest on and hand it out."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from hub.evidence.bundle import Bundle


class Form(Enum):
    """What a bundle is handed out as."""

    JSON = "json"
    HTML = "html"


class Language(Enum):
    """The language of a page."""

    EN = "en"
    ZH = "zh"


def evidence(
    finding: Annotated[
        str, typer.Argument(metavar="FINDING", help="The key of a finding, the number of a case, or the hash of a bundle.")
    ],
    form: Annotated[Form, typer.Option("--format", help="The frozen text, or a page to print.")] = Form.JSON,
    locale: Annotated[Language, typer.Option(help="The language of the page.")] = Language.EN,
    out: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Where to; else to the screen.")] = None,
) -> None:
    """Freeze what a finding, or all findings of a case, rest on, and print it; or print what was frozen before.

    Unchanged evidence is frozen once.

    Example: channelhub evidence 17 --format html --locale zh --out case-17.html
    """
    bundle = run(frozen(settings(), finding))
    text = bundle.body if form is Form.JSON else paged(bundle, locale)
    if out is None:
        # The very text: what is piped into a checksum gives the hash.
        typer.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8", newline="")
    typer.echo(f"Evidence {bundle.hash} is in {out}.")


def paged(bundle: "Bundle", locale: Language) -> str:
    """Return the page of a bundle."""
    from hub.evidence.page import page

    return page(bundle.findings, bundle.hash, bundle.frozen_at.isoformat(timespec="seconds"), locale.value)


async def frozen(settings: Settings, name: str) -> "Bundle":
    """Return the bundle of a hash, else freeze what a name stands for."""
    from hub.clock import now
    from hub.evidence.bundle import freeze, kept, named
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.transaction() as connection:
        found = await kept(connection, name)
        if found is None:
            made = await freeze(connection, await named(connection, name), now())
            found = await kept(connection, made.hash)
        assert found is not None
        return found
