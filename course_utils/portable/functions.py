"""exp, log, cos, sin and powers of float64 numbers, made of exact steps: those of the C library differ by machine.

Only + - * / floor and the bits of a number are used, for which IEEE 754 leaves no choice. Every polynomial is a Taylor
series, long enough that what is left out lies below the last bit; so its coefficients can be checked by eye.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import ArrayLike

#: ln 2 as a number with 33 bits, so that a whole multiple of it is exact, and the rest.
#: Source: fdlibm, e_exp.c (Sun Microsystems 1993).
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ONE_OVER_LN2 = 1.44269504088896338700

_PI = 3.14159265358979323846
_ROOT_HALF = 0.70710678118654752440

#: Coefficients of the series, that of the lowest power first.
_EXP = [1 / factorial(n) for n in range(14)]
_COS = [(-1) ** n / factorial(2 * n) for n in range(10)]
_SIN = [(-1) ** n / factorial(2 * n + 1) for n in range(10)]
_LOG = [2 / (2 * n + 3) for n in range(11)]

#: Where exp is 0 and where it is infinite.
_LOWEST, _HIGHEST = -746.0, 710.0


def exp(x: ArrayLike) -> np.ndarray:
    """Computes the exponential function, within two units in the last place.

    x is k times ln 2, with a whole k, and a rest of at most half of it; its series is multiplied by 2 to the k.

    Args:
        x: Any numbers.

    Returns:
        e to the power x, float64.
    """
    x = np.asarray(x, "float64")
    inside = np.where(np.isnan(x), 0.0, np.clip(x, _LOWEST, _HIGHEST))
    k = np.floor(inside * _ONE_OVER_LN2 + 0.5)
    rest = (inside - k * _LN2_HIGH) - k * _LN2_LOW
    half = np.floor(k / 2)  # in two steps, as the smallest and the largest results need
    with np.errstate(over="ignore", under="ignore"):
        result = polynomial(_EXP, rest) * _power_of_two(half) * _power_of_two(k - half)
    return np.where(np.isnan(x), x, result)


def log(x: ArrayLike) -> np.ndarray:
    """Computes the natural logarithm, within two units in the last place.

    x is m times 2 to the k, with m between √½ and √2; with s = (m - 1) / (m + 1), log m = 2 (s + s³/3 + s⁵/5 + …).

    Args:
        x: Any numbers.

    Returns:
        The logarithm, float64: NaN below 0, minus infinity at 0.

    Source: fdlibm, e_log.c (Sun Microsystems 1993), for the order in which the parts are added.
    """
    x = np.asarray(x, "float64")
    ordinary = (x > 0) & (x < np.inf)
    m, k = np.frexp(np.where(ordinary, x, 1.0))
    small = m < _ROOT_HALF
    m, k = np.where(small, 2 * m, m), k - small
    f = m - 1
    s = f / (2 + f)
    square, half = s * s, 0.5 * (f * f)
    rest = square * polynomial(_LOG, square)
    result = k * _LN2_HIGH - ((half - (s * (half + rest) + k * _LN2_LOW)) - f)
    special = np.where(x == 0, -np.inf, np.where(x > 0, x, np.nan))  # infinity is its own logarithm
    return np.where(ordinary, result, special)


def cospi(x: ArrayLike) -> np.ndarray:
    """Computes the cosine of x times π, within two units in the last place; exactly 0 and ±1 where it is.

    Args:
        x: Angle in half turns.

    Returns:
        cos(π x), float64; NaN where x is not finite.
    """
    quarter, sine, cosine = _quarters(x)
    return np.choose(quarter, [cosine, 0.0 - sine, -cosine, sine])


def sinpi(x: ArrayLike) -> np.ndarray:
    """Computes the sine of x times π, within two units in the last place; exactly 0 and ±1 where it is.

    Args:
        x: Angle in half turns.

    Returns:
        sin(π x), float64; NaN where x is not finite.
    """
    quarter, sine, cosine = _quarters(x)
    return np.choose(quarter, [sine, cosine, 0.0 - sine, -cosine])


def power(base: float, exponent: ArrayLike) -> np.ndarray:
    """Raises a positive number to powers: by squaring for the whole part of a power, by exp and log for the rest.

    Whole powers of numbers such as 0.5 are exact; the relative error is at most about (3 + |exponent|) 2⁻⁵².

    Args:
        base: A number above 0.
        exponent: The powers.

    Returns:
        base ** exponent, float64.
    """
    exponent = np.asarray(exponent, "float64")
    whole = np.floor(exponent)
    result = exp((exponent - whole) * log(base))
    square, left = float(base), np.abs(whole)
    raised = np.ones_like(exponent)
    while left.any():
        half = np.floor(left / 2)
        with np.errstate(over="ignore", under="ignore"):
            raised = np.where(left > 2 * half, raised * square, raised)
        square, left = square * square, half
    return np.where(whole < 0, result / raised, result * raised)


def polynomial(coefficients: list[float], x: np.ndarray) -> np.ndarray:
    """Computes a polynomial by Horner's rule.

    Args:
        coefficients: That of the lowest power first.
        x: Where.

    Returns:
        Its values.
    """
    result = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result *= x
        result += coefficient
    return result


def _power_of_two(exponent: np.ndarray) -> np.ndarray:
    """Writes the exponent into the bits of a number."""
    return ((exponent.astype("int64") + 1023) << 52).view("float64")


def _quarters(x: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splits an angle in half turns into quarter turns and a rest; gives them, and the sine and cosine of the rest."""
    x = np.asarray(x, "float64")
    finite = np.isfinite(x)
    inside = np.where(finite, x, 0.0)
    turned = inside - 2 * np.floor(inside / 2)
    quarter = np.floor(2 * turned + 0.5)
    rest = np.where(finite, (turned - quarter / 2) * _PI, np.nan)
    square = rest * rest
    return quarter.astype(int) % 4, rest * polynomial(_SIN, square), polynomial(_COS, square)
