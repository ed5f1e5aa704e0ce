"""The macros of the adapter `pgevolve`."""

from pathlib import Path

PACKAGE_PATH = str(Path(__file__).parent)
