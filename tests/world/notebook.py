"""A notebook run by a real kernel: `python notebook.py FOLDER`, with the server named by the environment.

Prints the outputs of its cells as JSON, one list a cell.
"""

import json
import sys

import nbformat
from nbclient import NotebookClient

CELLS = (
    """
import asyncio
from storage_tui import AsyncStorage, Storage
asyncio.get_running_loop().is_running()
""",
    """
storage = Storage()
storage.set("notes/<b>bold", "in a loop that runs")
storage.get("notes/<b>bold")
""",
    """
storage.stat("notes/<b>bold")
""",
    """
storage.list_page("notes/")
""",
    """
storage.usage("", delimiter="/")
""",
    """
async with AsyncStorage() as other:
    awaited = await other.get("notes/<b>bold")
awaited
""",
    """
from storage_tui.notebook import progress
with open("large", "wb") as file:
    file.write(bytes(20_000_000))
with progress("large") as control:
    storage.set_file("notes/large", "large", control=control)
with progress("again") as control:
    storage.get_file("notes/large", "again", control=control)
""",
)

if __name__ == "__main__":
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": sys.argv[1]}}).execute()
    print(json.dumps([cell["outputs"] for cell in notebook["cells"]]))
