"""What requests share without taking it from each other: memory, threads, turns and connections.

| file | holds |
|---|---|
| budget.py | the bytes of memory that requests hold, and what each kind of request costs |
| crowding.py | room for new connections: where the listener is full and more wait |
| lanes.py | threads by purpose, so that long work never stands before short work or before the guards |
| pace.py | the least rate of a body in either direction |
| parsing.py | JSON, bounded before an object is made |
| shares.py | so much of a thing, given out fairly by user: the rule of all that follows |
"""
