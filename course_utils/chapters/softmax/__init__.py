"""How do scores become probabilities, and how far can they be trusted? The experiments of that chapter."""
