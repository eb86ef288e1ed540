"""Shared by the formats of text: the encoding of a text, and its lines.

| file | holds |
|---|---|
| encoding.py | the encoding of a text, found from its first bytes: by a mark, by its form, or guessed |
| guess.py | the guess of an encoding of a program of before UTF-8: by chardet, checked by what texts look like |
| json_object.py | one JSON object of a text that may be cut: its members, and the items of one long list in it |
| lines.py | the lines of a page of bytes, in any encoding: no character is cut |
"""
