"""What is drawn on the screens: widgets render state and own focus, scroll and cursor, nothing else.

| file | holds |
|---|---|
| bar.py | a one-row widget: a text at the left that may be cut, a text at the right that stays |
| bar_content.py | what the one-row lines say: where one is, how it stands, and which keys there are |
| bare_widget.py | a widget that is nothing but its lines: they are drawn past Textual's boxes |
| choice.py | a few words of which one is chosen: left and right change it |
| filter_line.py | the line at the bottom in which the filter is typed |
| flat_keys.py | the flat list on the screen: blobs with their path below the prefix |
| key_list.py | the list of keys: one row a blob or folder, drawn from a Listing page by page |
| line_view.py | the base of every list: a cursor over numbered lines |
| notice.py | what the status line says between the marks and the counters: work, the last message |
| path_input.py | a text field for a local path: Tab completes, and says what there is to choose from |
| preview_pane.py | the preview: facts of the row, then what its format drew, as lines that scroll |
| row_painter.py | how a blob or folder is drawn as a row of a list: columns, marks, colours |
| row_preview.py | the preview of the row under the cursor, read by ranges |
| sidebar.py | the storage types at the side: count, bytes and rule of each, the open one marked |
| text_lines.py | lines of plain text with a cursor: help, log, lists of what goes, details |
"""
