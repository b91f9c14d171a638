"""The rules engine: one rulebook compiled to frozen nodes, and the walks over them."""
