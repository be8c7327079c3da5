"""From a response's bytes to the records of a page: pure."""
