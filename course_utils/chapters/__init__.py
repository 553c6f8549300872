"""Experiments: each folder holds those of one chapter, and beside them stands what several share."""
