"""Questions that people ask of a graph, a file each."""
