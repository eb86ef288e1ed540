"""The terminal, and what of Textual is bent for it. Nothing here knows a screen of this program.

| module | holds |
|---|---|
| `driver`, `input` | keys read and the screen written by the event loop itself |
| `compositor`, `painter` | the rows that changed, then the cells that changed |
| `output_net` | the filter on everything that is drawn |
| `clipboard`, `graphics` | what goes to the terminal beside the screen: copied text, pictures in pixels |
| `hang_up` | a terminal that is gone |
| `textual_private` | every private name of Textual that this program uses |
"""
