"""``rules check``: everything that can be asked of a rulebook before anybody relies on it."""
