"""Who is told of what, how it is worded, and what became of each message."""
