"""A table of any size on the whole screen: rows by position, columns arranged, rows chosen by a query.

| file | holds |
|---|---|
| arrangement.py | the columns as they are shown: their order, widths, what is hidden or frozen, the cursor |
| asking.py | the question before a read that is larger than a bound |
| asking_sql.py | the statement of SQL over the table, and its answer |
| cell_screen.py | one cell opened whole: a text, or nested values as a tree |
| cells.py | the cells that were read, and the reading of those that come into view |
| choosing.py | the query and the order of the rows |
| grid.py | the widget that draws the cells in view |
| measure_screen.py | the statistics of one column |
| screen.py | the screen: its widgets, and the objects that carry out its commands |
"""
