"""From messages to committed rows, a batch at a time."""
