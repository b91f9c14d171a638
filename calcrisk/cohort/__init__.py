"""Tables of patients: read by DuckDB, scored by our SELECT, one row a patient."""
