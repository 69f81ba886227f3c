"""What a learner did, kept on this machine: attempts, hints unfolded, submissions, verdicts and uses.

SQLite by default (`$CATEDRA_HOME`, else the user's data folder), another database by URL (`$CATEDRA_STORE`). Importing this
package imports no database library; the first use of `Store` does.
"""

from typing import TYPE_CHECKING, Any

from catedra.store.errors import StoreError
from catedra.store.location import home, store_url
from catedra.store.records import Attempt, Submission, Use

if TYPE_CHECKING:
    from catedra.store.store import Store

__all__ = ["Attempt", "Store", "StoreError", "Submission", "Use", "home", "store_url"]


def __getattr__(name: str) -> Any:
    if name == "Store":
        from catedra.store.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
