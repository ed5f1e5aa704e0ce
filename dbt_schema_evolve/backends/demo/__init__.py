"""A source system and its users, simulated on real parts."""
