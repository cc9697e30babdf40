"""One pair of files per rule. A new pair is found by looking here; no list is edited."""
