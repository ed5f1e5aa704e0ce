"""Records -> HTML and markdown: text out of records, no reading."""
