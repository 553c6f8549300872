"""How are good values for several knobs found? The experiments of that chapter."""
