"""Raw JSON and rows -> records."""
