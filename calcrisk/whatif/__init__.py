"""What would the rules say if something were otherwise: a change tried, the smallest change that reaches a goal, a plane.

Arithmetic on the rules, never advice. A patient and a rulebook flow in, the documents of ``calcrisk.scenario`` come out.
"""
