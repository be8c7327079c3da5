"""Paying Campfire's invoices, and never twice.

``payer.py`` has the steps of an order. These modules keep an invoice from being paid twice:

- ``turns.py``: one order at a time on an invoice and under an external id, in every process.
- ``duplicate_checks.py``: an order that is booked already, or may be, is not sent.
- ``open_orders.py``: an order whose outcome is unknown is kept, and stops the same order.
- ``sending.py`` and ``recovery.py``: an order is sent once. After a failure paysdk looks for it.
- ``recognition.py``: the rules by which the others tell whether a payment is the order.
"""
