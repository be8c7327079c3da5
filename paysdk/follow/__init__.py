"""Follow a provider's payments without a database."""
