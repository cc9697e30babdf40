"""A public benchmark of conflict detection: labelled conflicts, and what only looks like them, in sheets and sales."""
