"""Makes the notebooks of the chapters' scripts, and the tables that they show."""
