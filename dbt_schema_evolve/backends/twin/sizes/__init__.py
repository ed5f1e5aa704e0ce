"""How big an index or a table would be if it were built today, from statistics alone."""
