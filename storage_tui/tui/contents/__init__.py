"""The search inside contents, `F`: a flat list of lines that match, each opened in the viewer at its place.

| file | holds |
|---|---|
| hits.py | the lines found so far, below the name of their blob; bounded |
| hit_lines.py | these lines on the screen |
| reading.py | one search in the background: a thread that reads, stopped at any time |
| screen.py | the screen: a field for the pattern, the lines, what was read |
"""
