"""The size of the demo: a missing index must hurt, and ten days must pass in minutes.

Measured at these defaults with dbt 1.11 on the embedded Postgres 18, a simulated day takes 17 s of
CPU on two cores: 4 in dbt, 8 in the SQL that dbt sends, 4 in the users' queries.
"""

from datetime import date

DEFAULT_SCALE = 1.0
"""A day is about 620 orders with 2,500 lines."""

FIRST_DAY = date(1995, 4, 1)
"""TPC-H calls orders open from 1995-06-17 on, so that a window here has open and closed ones."""

OPENING_DAYS = 42
"""Loaded before the first simulated day: about 105,000 lines, which then grow 2.4 % a day."""

DAYS = 10
"""Simulated days after the opening: enough for a forecast; weekly readers come once or twice."""

SCHEMA = "analytics"
"""The dbt target's schema; dbt puts custom schemas behind it."""

MARTS = f"{SCHEMA}_marts"

READ_SCHEMAS = (MARTS, f"{SCHEMA}_intermediate", f"{SCHEMA}_reference", "tpch_raw")
"""What people who are not dbt may read."""
