"""Recommendation -> ConfigPatch, and its inverse."""
