"""What single chapters show: their experiments, the pictures of these, and the tables they are set against."""
