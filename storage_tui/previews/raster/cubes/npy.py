"""A NumPy array as a variable: its values lie in one piece behind its header."""

from storage_tui.previews.base import PreviewError
from storage_tui.previews.formats.npy import MAGIC, read_header, shape_text
from storage_tui.previews.raster.cubes.slicing import strides_of
from storage_tui.previews.raster.cubes.variable import Axis, Plain, Variable, code_of


def npy_variable(head: bytes) -> Variable | None:
    """Return the array of an .npy file that begins with these bytes; None for one that is no picture."""
    if not head.startswith(MAGIC):
        return None
    try:
        header = read_header(head)
    except PreviewError:
        return None
    code = code_of(header.kind)
    if code is None or len(header.shape) < 2:
        return None
    item, shape = header.kind.size_bytes, header.shape
    strides = strides_of(shape, item) if not header.is_fortran else strides_of(shape[::-1], item)[::-1]
    facts = [("array", f"{shape_text(shape)} of {header.dtype}")]
    if header.is_fortran:
        facts.append(("order", "Fortran (columns first)"))
    axes = tuple(Axis(f"axis {at}", side) for at, side in enumerate(shape))
    found = Variable("", axes, code, Plain(header.data_start, tuple(strides)), facts=tuple(facts))
    return found if found.pixels else None
