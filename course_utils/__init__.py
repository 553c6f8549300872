"""The package behind the course: data, models, training of many networks at once, pictures, labs."""

import os

# TensorFlow reads these when it is first imported, which happens later and only where it is needed.
# Its C++ log lines go to stderr, which Jupyter paints red; errors still show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# oneDNN changes the order of sums from processor to processor, and announces itself on stderr.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
