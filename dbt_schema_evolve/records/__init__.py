"""Frozen nouns that every other part passes around; they import only the standard library."""
