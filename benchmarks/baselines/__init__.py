"""What a competent user writes from the libraries' documentation."""
