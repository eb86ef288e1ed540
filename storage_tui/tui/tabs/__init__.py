"""Several open places in one browser, each in a tab: folders of one store, buckets, folders, other servers.

| file | holds |
|---|---|
| book.py | the tabs in their order, and which of them is shown |
| tabs.py | the commands that open, change and close tabs, and their names in the path line |
| stores.py | the open stores: each with its own marks, transfers and main screen |
"""
