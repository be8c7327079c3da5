"""From pages to a listing: what is fetched, what is a repeat, and where to resume."""
