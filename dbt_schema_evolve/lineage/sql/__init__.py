"""SQL -> what it reads, what flows where, what decides about rows; only here SQL is parsed."""
