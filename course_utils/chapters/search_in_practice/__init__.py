"""Which search finds good values soonest, and which knobs are worth it? The experiments of that chapter."""
