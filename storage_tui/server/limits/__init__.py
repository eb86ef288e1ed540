"""Memory, threads, turns and connections: requests share them, and none can take them from the others.

| file | holds |
|---|---|
| addresses.py | the address of a client, also behind a proxy that the operator trusts |
| budget.py | the bytes of memory that requests hold, and the cost of each kind of request |
| clients.py | how much one client address and one user may have at once |
| crowding.py | room for new connections when the listener is full and more wait |
| fair_threads.py | threads for blocking work of an engine, shared fairly by user, without an event loop |
| lanes.py | threads by purpose, so that long work never delays short work or the guards |
| pace.py | the least rate of a body in either direction |
| parsing.py | JSON, bounded before an object is made |
| shares.py | an amount of one thing, shared fairly by user: the rule that the other files follow |
"""
