"""Sends requests to a provider's API: one attempt over HTTP, with rate limits and retries.

The only aiohttp in the client.
"""
