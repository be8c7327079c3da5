"""The report: a page that somebody in finance can read, in one file that needs nothing else."""
