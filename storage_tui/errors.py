"""The errors of the Storage API by name: `from storage_tui.errors import NotFoundError`."""

import inspect

from storage_tui.contract import errors as _tree
from storage_tui.contract.errors import *  # noqa: F403

__doc__ = f"{__doc__}\n\n{_tree.__doc__}"
__all__ = [name for name, row in vars(_tree).items() if inspect.isclass(row) and issubclass(row, _tree.StorageError)]
