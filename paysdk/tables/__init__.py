"""Payments as tables: Arrow, Parquet and Excel, with exact amounts."""
