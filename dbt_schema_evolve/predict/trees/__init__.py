"""Gradient-boosted trees that learned from a fleet: how likely, how slow, and why.

Importing a module of this folder loads LightGBM, which takes a second: import it where it is used.
"""
