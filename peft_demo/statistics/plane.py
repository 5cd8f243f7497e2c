"""Many numbers for each of some texts, seen in the plane in which they spread most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


def principal_plane(rows: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[float, float]]:
    """Coordinates on the first two principal components, (rows, 2), and their shares of variance.

    Zeros where there is no variance at all.
    """
    from sklearn.decomposition import PCA

    centred = rows.astype("float64") - rows.mean(axis=0, dtype="float64")
    if not centred.any():
        return centred[:, :2] * 0, (0.0, 0.0)
    pca = PCA(n_components=2, svd_solver="full")
    found = pca.fit_transform(centred)
    first, second = pca.explained_variance_ratio_
    return found, (float(first), float(second))
