"""The user's warehouse, read and measured."""
