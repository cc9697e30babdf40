"""What happens: sync, detect, notify, and the command line."""
