"""The walk for a table of patients: the same compiled nodes, written as one SELECT in standard SQL."""
