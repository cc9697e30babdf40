"""channelhub demo."""

import os
import sys
from typing import Annotated

import typer

from jobs.cli import run, settings


def demo(
    once: Annotated[bool, typer.Option("--once", help="Show everything once and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port of the API; 0 takes a free one.")] = None,
    seed: Annotated[int, typer.Option(help="Which world; the same number makes the same one.")] = 1,
) -> None:
    """Show the hub at work on sandbox sources with planted conflicts, in a home and a PostgreSQL of its own.

    Example: channelhub demo --once --json
    """
    import structlog

    chosen = settings()
    home = (chosen.home / "demo").absolute()
    # Through the environment, so that the web application reads the same; an outside database stays out of it.
    os.environ["CHANNELHUB_HOME"] = str(home)
    os.environ["CHANNELHUB_CONFIG"] = str(home / "channelhub.toml")
    os.environ.pop("CHANNELHUB_DATABASE_URL", None)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    from jobs.demo.run import demo

    free = 0 if once else chosen.server.port
    raise typer.Exit(run(demo(home, once=once, as_json=as_json, port=free if port is None else port, seed=seed)))
