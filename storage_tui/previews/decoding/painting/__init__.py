"""From samples to the cells of a terminal: stretch, ramps, and the best two colours of each cell.

| file | holds |
|---|---|
| cells.py | RGB pixels as cells: four quadrants or two halves in two colours, seven bytes a cell |
| ramps.py | colour ramps as 256 colours |
| relief.py | hill shade |
| stretching.py | statistics of samples, and the limits between which they are drawn |
"""
