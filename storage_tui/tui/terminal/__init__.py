"""The terminal, and the parts of Textual that are changed for it. Nothing here knows a screen of this program.

| file | holds |
|---|---|
| clipboard.py | OSC 52: text for the terminal's clipboard, through tmux and screen too |
| compositor.py | the compositor, which paints only the changed rows |
| driver.py | the driver of the terminal: the event loop itself reads keys and writes the screen |
| glyphs.py | the widths of characters: which are sure, and which each terminal measures in its own way |
| graphics.py | pictures in pixels, on terminals that draw pixels, for users who ask for them |
| hang_up.py | the end of the program when the terminal is gone |
| input.py | the bytes of a terminal as messages |
| link.py | the link to the terminal: its rate, and whether a large paint is on its way |
| no_colours.py | a filter on everything that is drawn, for NO_COLOR |
| output_net.py | a filter on everything that is drawn |
| painter.py | the painter, which sends only the changed cells: fewer bytes over a slow line |
| pauses.py | shorter pauses of Python itself: cyclic garbage, and threads that hold the interpreter |
| textual_private.py | every private name of Textual that this program uses |
"""
