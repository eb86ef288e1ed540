"""A folder of the store compared with a local folder: the plan as a list with reasons, ticks, and the run.

| file | holds |
|---|---|
| opening.py | the way to a comparison: the question for the folder, then the screen |
| screen.py | the screen: it compares in the background, and its keys tick, turn around and run |
| rows.py | the differences, their ticks, and what is done with each in either direction; plain Python |
| lines.py | the widget that draws the differences, a line each |
| running.py | the run: moves through the transfer queue, then the deletes after a question |
| folders.py | the local folder of each place of the store, remembered in the state directory |
"""
