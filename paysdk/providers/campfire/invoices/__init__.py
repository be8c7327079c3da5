"""Campfire's invoices: their shape and their meaning."""
