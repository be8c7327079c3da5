"""The way to a provider's API and back: one attempt over HTTP, wrapped in pacing, redirects and retries.

The only aiohttp in the client.
"""
