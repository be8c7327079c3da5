"""Paying Campfire's invoices: the order, the payer, and how a booked order is recognised."""
