"""A run's files in a repository of the Hugging Face Hub."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from peft_demo import hub
from peft_demo.errors import AssetError, refuse
from peft_demo.export.archive import files_of, require_adapter, texts
from peft_demo.fields import shown
from peft_demo.storage import Store

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"

_REPOSITORY = re.compile(f"{_PART}/{_PART}")

_TOKEN = re.compile(r"[!-~]{4,300}")


def push(
    store: Store,
    run_id: str,
    repository: str,
    token: str,
    *,
    private: bool = False,
    replace: bool = False,
) -> str:
    """Put a finished run into a model repository; returns the address of its commit.

    The token goes to the Hub and nowhere else: no file, log or error has it.

    Args:
        store: where the run is.
        run_id: of a finished run.
        repository: such as somebody/my-adapter, made if it is not there.
        token: of an account that may write there.
        private: whether others may not see a new one.
        replace: whether it may be there already; files of the same names are replaced then.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it left no adapter.
        InvalidFieldsError: the repository or the token is none.
        AssetError: the Hub refuses it, or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    run = store.get(run_id)
    require_adapter(run)
    name = repository_in(repository)
    if not _TOKEN.fullmatch(token.strip()):
        refuse("token", "token must be one of the Hub's, such as hf_…; got none.")
    if not hub.is_reachable():
        raise AssetError(f"{name} cannot be written: the Hugging Face Hub cannot be reached.")
    api = HfApi(token=token.strip(), library_name="peft_demo")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for path in files_of(store.folder_of(run_id)):
            (folder / path.name).symlink_to(path)
        for file, text in texts(store, run, name).items():
            (folder / file).unlink(missing_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        try:
            api.create_repo(name, private=private, exist_ok=replace)
            done = api.upload_folder(
                repo_id=name, folder_path=folder, commit_message=f"{run_id} of PEFT Demo"
            )
        except HfHubHTTPError as error:
            if error.response.status_code == 409:
                refuse(
                    "repository",
                    f"repository must be a new one, got {name}, which is there already: choose "
                    "another name, or say that its files may be replaced.",
                )
            raise AssetError(hub.sentence(error, name, "be written")) from None
        except Exception as error:  # the client has a dozen kinds, from DNS to a file
            raise AssetError(hub.sentence(error, name, "be written")) from None
    return str(done.commit_url)


def repository_in(text: str) -> str:
    """The id of a repository, said or in a link to it.

    Raises:
        InvalidFieldsError: there is none.
    """
    said = text.strip()
    parts = urlsplit(said)
    path = parts.path.strip("/") if parts.scheme in ("http", "https") else said
    name = "/".join(path.split("/")[:2])
    if not _REPOSITORY.fullmatch(name) or "--" in name or ".." in name:
        refuse(
            "repository",
            "repository must be an owner and a name with a slash between, such as "
            f"somebody/my-adapter, got {shown(said)}.",
        )
    return name
