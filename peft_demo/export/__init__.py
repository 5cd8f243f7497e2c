"""A run as files for others: its model card, code, and tables of runs."""
