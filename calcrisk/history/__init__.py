"""Dated panels: which may be used, how often and how long a quantity was at or above a limit. Pure arithmetic.

Times are days since any fixed day, as floats; quantities are in the unit of their limit. Nothing here knows a patient,
a document or a rulebook, and everything can be said in SQL by window functions over a long table.
"""
