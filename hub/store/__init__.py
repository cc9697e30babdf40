"""The only way to the database."""
