"""The graph through time: what differs between two of its states."""
