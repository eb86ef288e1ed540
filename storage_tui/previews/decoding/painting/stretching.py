"""Statistics of samples, and the limits between which samples are drawn."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

STRETCHES = ("percent", "range", "deviations", "type")
"""2 to 98 %, least to most, two standard deviations around the mean, and the range of bytes as it is."""
BINS = 24
DEVIATIONS = 2.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """The values of one band in view, without those that are nodata. All but `count` are 0 when there is none."""

    count: int
    least: float
    most: float
    mean: float
    deviation: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Statistics":
        """Return the statistics; `low` and `high` are the 2nd and the 98th percentile."""
        if not values:
            return cls(0, 0, 0, 0.0, 0.0, 0, 0)
        ordered = sorted(values)
        count = len(ordered)
        mean = math.fsum(value / count for value in ordered)  # a sum of the largest floats is no float
        scale = max(abs(ordered[0] - mean), abs(ordered[-1] - mean))
        deviation = 0.0
        if 0 < scale < math.inf:
            deviation = scale * math.sqrt(math.fsum(((value - mean) / scale) ** 2 for value in ordered) / count)
        low, high = ordered[count * 2 // 100], ordered[min(count - 1, count * 98 // 100)]
        return cls(count, ordered[0], ordered[-1], mean, deviation, low, high)

    def limits(self, stretch: str) -> tuple[float, float]:
        """Return the limits of a stretch, one of STRETCHES."""
        if stretch == "type":
            return 0, 255
        low, high = self.least, self.most
        if stretch == "percent" and self.low < self.high:  # equal when nearly all have one value: show the others too
            low, high = self.low, self.high
        elif stretch == "deviations":
            low, high = self.mean - DEVIATIONS * self.deviation, self.mean + DEVIATIONS * self.deviation
        return (low, high) if math.isfinite(low) and math.isfinite(high) else (self.least, self.most)


def histogram(values: Sequence[float], low: float, high: float) -> list[int]:
    """Return how many values lie in each of BINS equal parts between the limits; those outside are in no part."""
    bins = [0] * BINS
    half = high / 2 - low / 2
    if not half > 0:
        bins[0] = len(values)
        return bins

    def part(value: float) -> float:
        return (value / 2 - low / 2) / half * BINS

    ordered = sorted(values)  # which costs little where they are in order already
    at, stop = bisect_left(ordered, low), bisect_right(ordered, high)
    for number in range(BINS):
        end = stop
        if number < BINS - 1:
            end = bisect_left(ordered, number + 1.0, at, stop, key=part)
        bins[number], at = end - at, end
    return bins


def around_zero(low: float, high: float) -> tuple[float, float]:
    """Return limits that are as far below zero as above."""
    most = max(abs(low), abs(high))
    return -most, most
