"""What becomes of findings that belong together: a procedure that people move, with a clock and a log of every step."""
