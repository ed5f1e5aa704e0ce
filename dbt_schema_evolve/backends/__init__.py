"""The world: Postgres, the twin, the history file, dbt, the disk, the clock."""
