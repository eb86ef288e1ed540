"""The dialogs and the viewer. A dialog gets values and gives a value. The .tcss of each stands beside it."""
