"""The terminal, and what of Textual is bent for it. Nothing here knows a screen of this program.

| file | holds |
|---|---|
| driver.py, input.py | keys read and the screen written by the event loop itself |
| compositor.py, painter.py | the rows that changed, then the cells that changed |
| output_net.py | the filter on everything that is drawn |
| clipboard.py, graphics.py | what goes to the terminal beside the screen: copied text, pictures in pixels |
| hang_up.py | a terminal that is gone |
| textual_private.py | every private name of Textual that this program uses |
"""
