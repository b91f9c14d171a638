"""Arrays that belong together and share their last axis, the row.

Plain classes: to define a NamedTuple or a dataclass takes longer than a whole step of the solver for one patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, dataclass_transform

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray


@dataclass_transform()
class Rows:
    """What has an array in each of its fields; made of them, in the order in which they are declared."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401  # typed by the fields
        """Take every field."""
        self.__dict__.update(zip(type(self).__annotations__, parts, strict=True))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Self:
        """Return some of the rows."""
        return type(self)(*(part[..., rows] for part in vars(self).values()))

    def _replace(self, **changed: Any) -> Self:  # noqa: ANN401  # arrays, as in the fields
        """Return the same with other arrays in some fields, as named tuples do."""
        return type(self)(*(vars(self) | changed).values())
