"""The first rows of Parquet and Arrow files, through arro3.

| file | holds |
|---|---|
| arrow_values.py | the values of Arrow arrays as text, through the C data interface |
| first_rows.py | the first rows of a Parquet or Arrow file, through arro3 |
| moments.py | dates, times and durations of Arrow as text: of any year, to the nanosecond |
"""
