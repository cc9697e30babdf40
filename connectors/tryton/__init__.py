"""Tryton: products, parties, stock and sales of a channel partner's ERP, over JSON-RPC."""
