"""Searches: planned, proposed to, and led from round to round to their confirmation."""
