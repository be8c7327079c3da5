"""Sends requests to a provider's API over HTTP, with rate limits and retries.

Apart from the sandbox servers and ``paysdk.testing``, only this package uses aiohttp.
"""
