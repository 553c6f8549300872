"""The package behind the course: data, models, training of many networks at once, pictures, labs."""

import ctypes
import os
import sys

# TensorFlow reads these when it is first imported, which happens later and only where it is needed.
# Its C++ log lines go to stderr, which Jupyter paints red; errors still show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# oneDNN changes the order of sums from processor to processor, and announces itself on stderr.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# A kernel is to give back what it needed for a moment. The allocator of most Linuxes else raises its threshold for that
# as it sees large arrays come and go, and keeps a pool for each of a dozen threads: 40 to 90 MB after a chapter.
if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
    _M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
    for _option, _value in ((_M_TRIM_THRESHOLD, 2**18), (_M_MMAP_THRESHOLD, 2**18), (_M_ARENA_MAX, 2)):
        ctypes.CDLL(None).mallopt(_option, _value)
