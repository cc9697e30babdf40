"""Make equal things look equal; pure functions."""
