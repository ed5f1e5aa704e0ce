"""Evidence -> Candidate -> Recommendation: one file a kind of change."""
