"""What happens before a command runs.

| file | holds |
|---|---|
| first_keys.py | the keys of the first look: steps of the cursor |
| first_look.py | the list that is on the screen before the program is loaded |
| leading_flags.py | the flags that may come before a command |
| typed_words.py | the words that are no command: a location to browse, or a command that was misspelt |
| web_words.py | the words that are URLs of the web: the place to open, and the key of each word in it |
"""
