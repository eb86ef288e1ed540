"""How the transfers that the browser asks for are moved: by the transfer agent, or in the browser itself.

`TransferRunner` above chooses; the rest of the browser knows only the runner.

| file | holds |
|---|---|
| through_agent.py | the transfers that the agent moves: handing over, steering, and the news a few times a second |
| in_program.py | the transfers that run in the browser, where no agent can be started |
| written.py | the blobs that uploads wrote, noted for undo once their job has ended |
| notes.py | a bell or a note of the terminal when all transfers have ended |
"""
