"""The providers, each a folder of the same shape."""
