"""Template filters about questions."""
