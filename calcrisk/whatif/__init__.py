"""What would the rules say if something were otherwise: a change, the smallest that reaches a goal, a plane.

Arithmetic on the rules, never advice. A patient and a rulebook flow in, documents (``calcrisk.scenario``) come out.
"""
