"""Sends requests to a provider's API over HTTP, with rate limits and retries.

Apart from the sandbox servers, only this package uses aiohttp.
"""
