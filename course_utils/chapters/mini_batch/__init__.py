"""How many rows before each step? The experiments of that chapter."""
