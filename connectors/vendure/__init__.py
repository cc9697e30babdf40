"""Vendure: a web shop, read by its GraphQL Admin API."""
