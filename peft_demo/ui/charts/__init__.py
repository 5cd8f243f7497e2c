"""Figures that the server makes whole; the browser only draws them in the page's look."""
