"""How large may a step be? The experiments of that chapter."""
