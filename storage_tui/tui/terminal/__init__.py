"""The terminal, and what of Textual is bent for it. Nothing here knows a screen of this program.

| file | holds |
|---|---|
| clipboard.py | OSC 52: text for the terminal's clipboard, through tmux and screen too |
| compositor.py | paints only the rows that changed |
| driver.py | the driver of the terminal: the event loop itself reads keys and writes the screen |
| graphics.py | pictures in pixels, on terminals that draw pixels, for a person who asked for them |
| hang_up.py | a terminal that is gone |
| input.py | from what a terminal sends to messages |
| output_net.py | the filter on everything that is drawn |
| painter.py | sends the terminal only the cells that changed: fewer bytes over a slow line |
| pauses.py | how Python itself lets keys wait, made short: cyclic garbage and threads that hold the interpreter |
| textual_private.py | every private name of Textual that this program uses |
"""
