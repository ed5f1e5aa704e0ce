"""Graph and history -> named numbers at a cut-off."""
