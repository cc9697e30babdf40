"""The GraphQL API beside what else answers the same questions from the same database: `python -m benchmarks graphql`."""

from benchmarks.measure import Options, Report


async def run(options: Options) -> Report:
    """Measure."""
    # Servers are modules of this package too; what they do not need they do not load.
    from benchmarks.graphql.comparison import compare

    return await compare(options)
