"""Tables, task results and logs, as analysts and tasks leave them."""

import csv
import io
import json
import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from storage_tui.demo.shapes import CROPS, DEGREES, NORTH, WEST

FIRST_DAY = date(2021, 1, 1)
DAYS = 4 * 365 + 1


def ndvi_series() -> bytes:
    """Return three years of vegetation index for six regions, every five days, with clouds."""
    chance = random.Random(11)
    rows = [("date", "region", "ndvi_mean", "ndvi_std", "cloud_percent", "pixels")]
    for step in range(0, 3 * 365, 5):
        day = FIRST_DAY + timedelta(days=step)
        for region in range(1, 7):
            cloud = round(max(0.0, chance.gauss(18, 24)), 1)
            season = 0.42 + 0.27 * math.sin(2 * math.pi * (step - 95 + region * 9) / 365)
            mean = f"{season + chance.gauss(0, 0.02):.4f}" if cloud < 60 else ""
            rows.append((day.isoformat(), f"R{region:02}", mean, f"{abs(chance.gauss(0.08, 0.02)):.4f}",
                         str(cloud), str(41_000 + region * 377)))  # fmt: skip
    return _csv(rows)


def field_samples() -> bytes:
    """Return soil and crop samples with coordinates and remarks."""
    chance = random.Random(12)
    remarks = ("", "", "rain in the night", 'farmer says "too wet"', "edge of field, mixed pixels", "irrigated")
    rows = [("sample_id", "taken", "lon", "lat", "crop", "soil_ph", "moisture", "is_valid", "remark")]
    for number in range(180):
        taken = datetime(2024, 5, 2, 8, tzinfo=UTC) + timedelta(minutes=37 * number)
        rows.append((f"S{number:04}", taken.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{WEST + chance.random() * DEGREES:.5f}",
                     f"{NORTH - chance.random() * DEGREES:.5f}", chance.choice(CROPS), f"{chance.gauss(6.4, 0.5):.1f}",
                     f"{chance.uniform(4, 38):.1f}", "true" if chance.random() < 0.93 else "false",
                     chance.choice(remarks)))  # fmt: skip
    return _csv(rows)


def stations() -> bytes:
    """Return weather stations, separated by tabs."""
    chance = random.Random(13)
    rows = [("station", "name", "elevation_m", "since")]
    for index, name in enumerate(("Río Seco", "Monte Alto", "Old Mill", "Säge", "Three Lakes", "North Fork")):
        rows.append((f"W{index:02}", name, str(chance.randint(90, 2300)), f"{chance.randint(1951, 2015)}-01-01"))
    return _csv(rows, "\t")


def daily() -> Iterator[tuple[str, bytes]]:
    """Yield `YYYY/MM/YYYY-MM-DD.csv` and hourly weather, one file for each day."""
    chance = random.Random(14)
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        base = 14 - 11 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365)
        lines = ["hour,temperature_c,rain_mm"]
        for hour in range(0, 24, 6):
            warmth = base + 6 * math.sin((hour - 9) / 24 * 2 * math.pi) + chance.uniform(-2, 2)
            lines.append(f"{hour:02}:00,{warmth:.1f},{chance.choice(('0', '0', '0', '0.2', '3.4'))}")
        yield f"{day:%Y/%m/%Y-%m-%d}.csv", ("\n".join(lines) + "\n").encode()


def task_result(number: int) -> bytes:
    """Return the result of one task of a group."""
    chance = random.Random(number)
    region = f"R{number % 8 + 1:02}"
    return json.dumps(
        {
            "task_id": f"{number:04}", "status": "SUCCESS" if number % 9 else "FAILURE",
            "arguments": {"region": region, "start": "2024-06-01", "end": "2024-07-01", "bands": ["red", "nir"]},
            "runtime_s": round(chance.uniform(8, 95), 2), "peak_memory_mb": chance.randint(300, 1900),
            "result": {
                "mean": round(chance.uniform(0.2, 0.8), 4), "p10": round(chance.uniform(0.05, 0.2), 4),
                "p90": round(chance.uniform(0.7, 0.95), 4), "histogram": [chance.randint(10, 900) for _ in range(12)],
            } if number % 9 else None,
            "exception": None if number % 9 else "ValueError: no clear pixel in 2024-06-01/2024-07-01",
        },
        indent=1,
    ).encode()  # fmt: skip


def task_stream() -> bytes:
    """Return the results of many tasks, one JSON object on each line."""
    chance = random.Random(15)
    lines = [
        json.dumps({"task": number, "region": f"R{number % 8 + 1:02}", "ndvi": round(chance.uniform(0.1, 0.9), 4),
                    "clear": chance.random() < 0.8})
        for number in range(1500)
    ]  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def task_log(number: int, start: datetime) -> bytes:
    """Return the log of one task, with times and levels; one log in five has a traceback."""
    chance = random.Random(number + 500)
    lines, moment = [], start
    steps = ("connecting to catalog", "search returned {n} images", "reading band red of image {n}",
             "reading band nir of image {n}", "mosaic {n}x{n}", "wrote {n} tiles")  # fmt: skip
    for _ in range(chance.randint(20, 160)):
        moment += timedelta(milliseconds=chance.randint(3, 2400))
        level = chance.choices(("INFO", "DEBUG", "WARNING"), (8, 3, 1))[0]
        text = chance.choice(steps).format(n=chance.randint(2, 512))
        lines.append(f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03} {level:<8} task[{number}] {text}")
    if number % 5 == 0:
        lines += ["Traceback (most recent call last):", '  File "task.py", line 41, in run',
                  "    stack = mosaic.ndarray(bands)", "ValueError: no clear pixel in the time range"]  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def _csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    output = io.StringIO()
    csv.writer(output, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return output.getvalue().encode()
