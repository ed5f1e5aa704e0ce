"""One file a verb: ports and stages, no SQL, no printing."""
