"""What stands between the layers? The experiments of that chapter."""
