"""What speed costs and where it goes: each benchmark measures itself against a baseline in the same run."""
