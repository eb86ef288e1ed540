"""The main screen and the dialogs. A dialog gets values and gives a value; each has its .tcss beside it."""
