"""Gives nbval sense for numbers; a plugin of pytest that `make test` asks for with `-p`.

What the course's own engine computes is the same on every machine: a cell must show exactly what is stored, as nbval
asks. Three tags say that some numbers of a cell are of another kind, and how they are compared:

- `foreign-numbers`: others computed them, such as Keras, XLA, scikit-learn, SciPy or the BLAS and the exp of NumPy,
  which pick their instructions, and with them the order of a sum, by the processor. They may differ in the last digits.
- `foreign-choices`: they follow from what others chose by such numbers. Where Optuna's TPE finds two settings equally
  good, a last digit decides which is tried, and from there on it is another search. They are not compared at all.
- `measured-time`: they are times, or follow from times. They are not compared either.

In all three, the text between the numbers must be the same, and there must be as many numbers. White space is apart,
since columns are as wide as their numbers. `nan` and `inf` are text.
"""

import re
from decimal import Decimal

#: How far two foreign numbers may be apart, as a share of the stored one, before they were rounded to be printed. In
#: float32 another order of summing shows in the seventh digit, and training lets that grow; nothing that a chapter says
#: rests on the fourth.
RELATIVE = Decimal("0.001")

# A digit after a letter belongs to a name, as in BN1; a point is part of a number where digits follow, and in NumPy's
# arrays, such as [1. 0.5] or [0.5 1.].
NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+|\.(?=\s*[\d\]+-]))?(?:[eE][+-]?\d+)?")


def close(stored, computed):
    """Tells whether two foreign numbers, as they are printed, may be the same number of two processors.

    Rounding moves each of them by up to half a unit of its last digit, and so they may be one such unit further apart
    than what was rounded. Whole numbers are mostly counts, which are never a little different: they must be equal.

    Args:
        stored: Such as "0.93", "1.2e-05" or "640,000".
        computed: Likewise.

    Returns:
        Whether they are close enough.
    """
    numbers = [Decimal(text.replace(",", "").rstrip(".")) for text in (stored, computed)]
    finest = min(number.as_tuple().exponent for number in numbers)
    if all(number.as_tuple().exponent == 0 for number in numbers):
        return numbers[0] == numbers[1]
    return abs(numbers[0] - numbers[1]) <= Decimal(1).scaleb(finest) + RELATIVE * abs(numbers[0])


def anything(_stored, _computed):
    """Takes any number for any other."""
    return True


#: Whether two numbers are equal enough, by what a tag says of them.
TAGS = {"foreign-numbers": close, "foreign-choices": anything, "measured-time": anything}


def agree(tag, stored, computed):
    """Compares two texts of a cell with a tag: numbers as the tag says, and the text between them strictly."""
    between = [[" ".join(part.split()) for part in NUMBER.split(text)] for text in (stored, computed)]
    return between[0] == between[1] and all(map(TAGS[tag], NUMBER.findall(stored), NUMBER.findall(computed)))


def pytest_itemcollected(item):
    """Has nbval compare what a tagged cell shows by `agree`, in every place where it compares two texts."""
    tags = [tag for tag in TAGS if tag in getattr(item, "cell", {}).get("metadata", {}).get("tags", [])]
    if not tags:
        return
    (tag,) = tags
    sanitize = item.sanitize

    class Shown(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            return agree(tag, self, other)

        def __ne__(self, other):
            return not self == other

    def shown(found):
        clean = sanitize(found)
        return Shown(clean) if isinstance(clean, str) else clean

    item.sanitize = shown
