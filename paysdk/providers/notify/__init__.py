"""Notify, a credit-management platform."""
