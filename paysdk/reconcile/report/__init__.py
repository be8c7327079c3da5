"""The report on a reconciliation: a page for people in finance, in a single file."""
