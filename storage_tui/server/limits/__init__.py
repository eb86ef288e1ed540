"""What keeps one user from taking the server from the others.

| file | holds |
|---|---|
| shares.py | so much of a thing, given out fairly by user: the rule of all that follows |
| budget.py | the bytes of memory that requests hold, and what each kind of request costs |
| lanes.py | threads by purpose, so that long work never stands before short work or before the guards |
| pace.py | the least rate of a body in either direction |
| parsing.py | JSON, bounded before an object is made |
"""
