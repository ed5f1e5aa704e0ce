"""Two measurements -> Verdict."""
