"""Each root field becomes one SQL statement that returns its JSON."""
