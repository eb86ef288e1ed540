"""The transfer agent: one process of this user that moves blobs while no other program of theirs runs.

A program that wants transfers hands them over and may end. The agent is started by the first such program, continues
after the end of the terminal, and ends a while after it has nothing left to do and no client. All that it has to do is
in the journal on the disk, so that the next agent goes on where a killed one stopped.

| file | holds |
|---|---|
| link.py | `AgentLink`: the connection of a program to the agent, which is started where needed; start here |
| snapshots.py | what the agent says about its jobs and their files |
| frames.py | the messages between both: one JSON object a line, with limits |
| place.py | where the agent's lock, socket and token are |
| stores.py | a server as one process names it to another: an address, and a token file or a token |
| handed.py | the secret beside the address: a token, or the credentials of an environment; in memory only |
| items.py | a file to move, as JSON |
| process.py | the process: lock, socket, clients, end |
| service.py | the answers to the requests of one client |
| book.py | `JobBook`: all jobs, the journal behind them, and the changes since a client last asked |
| job.py | one job and its files |
| lane.py | the batch that moves the files of one server and account |
| history.py | the last jobs that have ended |
| orders.py | the pause and the limits of all transfers |
"""
