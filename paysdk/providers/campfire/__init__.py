"""Campfire, an ERP."""
