"""What does a layer that looks at the whole batch change? The experiments of that chapter."""
