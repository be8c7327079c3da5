"""The report on a reconciliation: a page for people in finance, in a single file.

``report.py`` collects the outcomes. Each part of the page has a module that computes what it shows:
``tiles``, ``totals_table``, ``chart``, ``differences_table`` and ``rules_table``. ``page.py`` fills
the templates, which have the words.
"""
