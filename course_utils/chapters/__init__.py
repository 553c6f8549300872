"""Experiments: each folder holds those of one chapter; the modules beside them hold what several chapters share."""
