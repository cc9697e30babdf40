"""channelhub schema."""

import subprocess
import sys

import typer


def schema() -> None:
    """Print the GraphQL schema.

    Example: channelhub schema > schema.graphql
    """
    # In a process of its own: this room imports nothing above it.
    done = subprocess.run([sys.executable, "-m", "schema"], check=False)
    raise typer.Exit(done.returncode)
