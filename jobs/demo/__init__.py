"""The demo: a trade that never was, its sandbox sources, and what the hub must find in it."""
