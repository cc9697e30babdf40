"""Who asks, and what the role of whoever asks may do."""
