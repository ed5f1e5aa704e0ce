"""What OpenLineage events say, put beside what the SQL says."""
