"""What is known: records, store, intake, conflicts, alerts."""

__version__ = "0.1.0"
