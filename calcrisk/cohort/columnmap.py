"""Column maps: filled in by the change that comes next."""


class ColumnMap:
    """Which column of a table is which input."""
