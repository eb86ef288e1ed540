"""The widgets of the screens: they render state and own focus, scroll and cursor, nothing else.

| file | holds |
|---|---|
| bar.py | a one-row widget: a text at the left that may be cut, a text at the right that stays |
| bar_content.py | the text of the one-row lines: the place, the state of work, the keys |
| bare_widget.py | a widget of lines only: they are drawn past Textual's boxes |
| choice.py | a few words, one of which is chosen: left and right change the choice |
| filter_line.py | the line at the bottom for typing the filter |
| flat_keys.py | the flat list on the screen: blobs with their path below the prefix |
| key_list.py | the list of keys: one row a blob or folder, drawn from a Listing page by page |
| line_view.py | the base of every list: a cursor over numbered lines |
| location_field.py | a text field for a location in the store: Tab completes from the server |
| notice.py | the middle of the status line: running work, the last message, unseen errors |
| path_input.py | a text field for a local path: Tab completes and lists the candidates |
| preview_pane.py | the preview: facts of the row, then the drawing of its format, as lines that scroll |
| row_painter.py | the drawing of a blob or folder as a row of a list: columns, marks, colours |
| row_preview.py | the preview of the row under the cursor, read by ranges |
| sidebar.py | the storage types with figures and gauges at the side, with bookmarks and recents, or in one line |
| text_lines.py | lines of plain text with a cursor: help, log, delete reviews, details |
"""
