"""What a core can do, and how much a training asks of it: so that a time can be judged on any processor.

A core's own rate is that of a product of 32 × 64 by 64 × 64 numbers, which is what a layer of the benchmark computes:
NumPy's, or that of a tile which keeps its sums in registers and multiplies and adds in one instruction, whichever is
faster. The kernel may do neither: its bits would not be the same everywhere.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.training.kernel import build

ROWS, INNER, COLUMNS = 32, 64, 64
REPEATS = 20_000

TILE = """
#ifdef __AVX512F__
enum { LANES = 16, TALL = 8 };
#elif defined __AVX__
enum { LANES = 8, TALL = 4 };
#else
enum { LANES = 4, TALL = 4 };
#endif
typedef float vector __attribute__((vector_size(4 * LANES), aligned(4)));

void product(const float *a, const float *b, float *c, int repeats) {
    while (repeats--) {
        for (int row = 0; row < ROWS; row += TALL)
            for (int column = 0; column < COLUMNS; column += 2 * LANES) {
                vector sums[TALL][2] = {0};
                for (int k = 0; k < INNER; k++) {
                    vector left = *(const vector *)(b + k * COLUMNS + column);
                    vector right = *(const vector *)(b + k * COLUMNS + column + LANES);
                    for (int i = 0; i < TALL; i++) {
                        float factor = a[(row + i) * INNER + k];
                        sums[i][0] += factor * left;
                        sums[i][1] += factor * right;
                    }
                }
                for (int i = 0; i < TALL; i++) {
                    *(vector *)(c + (row + i) * COLUMNS + column) = sums[i][0];
                    *(vector *)(c + (row + i) * COLUMNS + column + LANES) = sums[i][1];
                }
            }
        __asm__ volatile("" ::: "memory"); /* every repetition counts */
    }
}
"""


def products() -> dict[str, Callable[[], float]]:
    """Ways to compute the product: each does it many times and gives the GFLOP/s of one core."""
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape).astype("float32") for shape in ((ROWS, INNER), (INNER, COLUMNS)))
    c = np.empty((ROWS, COLUMNS), "float32")

    def numpy() -> None:
        with threadpool_limits(1):
            for _ in range(REPEATS):
                np.matmul(a, b, out=c)

    def rate(work: Callable[[], object]) -> Callable[[], float]:
        def measure() -> float:
            c[:] = 0
            start = time.perf_counter()
            work()
            seconds = time.perf_counter() - start
            np.testing.assert_allclose(c, a @ b, rtol=1e-4, atol=1e-4)
            return 2e-9 * ROWS * INNER * COLUMNS * REPEATS / seconds

        return measure

    ways, tile = {"NumPy": rate(numpy)}, _tile()
    if tile is not None:
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (a, b, c)]
        ways["tile"] = rate(lambda: tile(*pointers, REPEATS))
    return ways


def _tile() -> Any:
    """Compiles the tile for this very processor, if there is a compiler."""
    compiler = build.compiler()
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "tile.c", Path(folder) / "tile.so"
        source.write_text(TILE, encoding="utf-8")
        sizes = [f"-DROWS={ROWS}", f"-DINNER={INNER}", f"-DCOLUMNS={COLUMNS}"]
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC", *sizes]
        subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library)).product


def gflop(model: Any, *, batch_size: int, epochs: int, rows: int, validation_rows: int) -> float:
    """Counts the multiplications and additions of a training, in 10⁹: those of its products, which are nearly all.

    Every layer with weights computes three products of one size: its outputs, and the slopes of the loss by its
    weights and by its inputs; the first one needs none of the last kind. A validation computes the outputs.

    Args:
        model: A built Keras model of dense and convolutional layers.
        batch_size: Rows in a batch; what is left over at the end of an epoch is dropped.
        epochs: Passes over the rows.
        rows: Rows to train on.
        validation_rows: Rows to validate with, after every epoch.
    """
    sizes = [
        2 * prod(layer.kernel.shape) * prod(layer.output.shape[1:-1])  # the same at every pixel
        for layer in model.layers
        if hasattr(layer, "kernel")
    ]
    trained = rows // batch_size * batch_size
    return 1e-9 * epochs * (trained * (3 * sum(sizes) - sizes[0]) + validation_rows * sum(sizes))
