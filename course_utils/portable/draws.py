"""Random draws that follow from a word, a seed and whole numbers alone, in integers, which are the same anywhere.

The generator is Philox4x64-10 (Salmon, Moraes, Dror and Shaw 2011, Parallel random numbers: as easy as 1, 2, 3). It
makes four words of 64 bits of a key of two words and a counter of four. Here the key is the seed and the ASCII letters
of what is drawn, the first in the lowest byte; the counter is the number of the block, counted from 1, and up to three
numbers that tell streams apart, such as an epoch. So no draw depends on what was drawn before for something else.
"""

from __future__ import annotations

from math import prod

import numpy as np

from course_utils.portable.functions import log, polynomial

#: Coefficients of algorithm AS 241, PPND16: quotients of polynomials, the lowest power first, for the middle and the
#: tails. Source: Wichura 1988, The percentage points of the normal distribution.
# fmt: off - four in a line
_MIDDLE = (
    [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
)
_TAIL = (
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
)
_FAR_TAIL = (
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
)
# fmt: on

#: Share of a standard normal distribution that lies below -2.
_BELOW_MINUS_TWO = 0.022750131948179207


class Draws:
    """A stream of random draws; each goes on where the one before ended.

    Args:
        what: What is drawn, a word of at most eight ASCII letters; other words, other numbers.
        seed: The seed, a whole number from 0 up; its lowest 64 bits count.
        *stream: Up to three whole numbers from 0 up that tell streams of one seed apart.

    Raises:
        ValueError: If the word is longer, or there are more numbers.

    Example:
        >>> Draws("example", 0).permutation(5).tolist()
        [4, 2, 3, 0, 1]
    """

    def __init__(self, what: str, seed: int, *stream: int) -> None:
        letters = what.encode("ascii", "replace")
        if not what.isascii() or not 0 < len(letters) <= 8:
            raise ValueError(f"what={what!r} cannot be used: choose a word of one to eight ASCII letters.")
        if len(stream) > 3:
            raise ValueError(f"stream={stream!r} cannot be used: choose at most three numbers.")
        key = [int(seed) % 2**64, int.from_bytes(letters, "little")]
        counter = [0, *stream, 0, 0, 0][:4]  # NumPy counts up before it draws, so that blocks count from 1
        self._philox = np.random.Philox(key=np.array(key, "uint64"), counter=np.array(counter, "uint64"))

    def bits(self, count: int) -> np.ndarray:
        """Draws words of 64 random bits.

        Args:
            count: How many.

        Returns:
            Shape (count,), uint64.
        """
        return self._philox.random_raw(count)

    def integers(self, below: int, shape: int | tuple[int, ...]) -> np.ndarray:
        """Draws whole numbers, all equally likely to one part in 2³².

        Args:
            below: The numbers are 0 … below - 1; at most 2³².
            shape: Shape of the array.

        Returns:
            The numbers, int64: the upper 32 bits of a word times `below`, without its lower 32 bits.
        """
        high = self._words(shape) >> np.uint64(32)
        return ((high * np.uint64(below)) >> np.uint64(32)).astype("int64")

    def uniform(self, shape: int | tuple[int, ...], low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Draws numbers that are evenly spread.

        Args:
            shape: Shape of the array.
            low: Lower end, which can be drawn.
            high: Upper end, which cannot, but for rounding.

        Returns:
            The numbers, float64: low + (high - low) u, where u is the upper 53 bits of a word, times 2⁻⁵³.
        """
        return low + (high - low) * ((self._words(shape) >> np.uint64(11)).astype("float64") * 2.0**-53)

    def normal(self, shape: int | tuple[int, ...], mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
        """Draws normally distributed numbers.

        Args:
            shape: Shape of the array.
            mean: Their mean.
            deviation: Their standard deviation.

        Returns:
            The numbers, float64: mean + deviation z, where z is the quantile of a number between 0 and 1.
        """
        return mean + deviation * normal_quantile(self._inner(shape))

    def truncated_normal(self, shape: int | tuple[int, ...], mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
        """Draws normally distributed numbers, none of which lies farther than two deviations from the mean.

        Args:
            shape: Shape of the array.
            mean: Their mean.
            deviation: Standard deviation before the ends are cut off.

        Returns:
            The numbers, float64.
        """
        share = _BELOW_MINUS_TWO + (1 - 2 * _BELOW_MINUS_TWO) * self._inner(shape)
        return mean + deviation * normal_quantile(share)

    def permutation(self, count: int) -> np.ndarray:
        """Draws an order.

        Args:
            count: Of how many things.

        Returns:
            The numbers 0 … count - 1, shape (count,), int64: sorted by one word each, whose lowest bits, as many as
            `count` has, are replaced by the number, so that no two words are equal.
        """
        lowest = np.uint64((1 << count.bit_length()) - 1)
        keys = (self.bits(count) & ~lowest) | np.arange(count, dtype="uint64")
        return (np.sort(keys) & lowest).astype("int64")

    def _words(self, shape: int | tuple[int, ...]) -> np.ndarray:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        return self.bits(prod(shape)).reshape(shape)

    def _inner(self, shape: int | tuple[int, ...]) -> np.ndarray:
        """Draws numbers between 0 and 1, neither of which is drawn: ½ + the upper 52 bits of a word, times 2⁻⁵²."""
        return ((self._words(shape) >> np.uint64(12)).astype("float64") + 0.5) * 2.0**-52


def normal_quantile(share: np.ndarray) -> np.ndarray:
    """Computes the number below which a share of the standard normal distribution lies.

    Args:
        share: The share, above 0 and below 1, an array.

    Returns:
        The number, float64, to about sixteen digits.

    Source: Wichura 1988, algorithm AS 241, PPND16.
    """
    away = share - 0.5
    result = away * _quotient(_MIDDLE, 0.180625 - away * away)
    outside = np.abs(away) > 0.425
    if outside.any():
        side = away[outside]
        root = np.sqrt(-log(np.where(side < 0, share[outside], 1 - share[outside])))
        tail, far = _quotient(_TAIL, root - 1.6), root > 5
        if far.any():
            tail[far] = _quotient(_FAR_TAIL, root[far] - 5)
        result[outside] = np.where(side < 0, -tail, tail)
    return result


def _quotient(pair: tuple[list[float], list[float]], x: np.ndarray) -> np.ndarray:
    above, below = pair
    return polynomial(above, x) / polynomial(below, x)
