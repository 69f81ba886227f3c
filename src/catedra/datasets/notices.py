"""What the user sees on stderr while data are fetched: notices, and a bar that moves."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def notice(text: str) -> None:
    """Say something that isn't an error."""
    print(text, file=sys.stderr, flush=True)


def size_text(count: int) -> str:
    """Bytes for people, with a decimal comma.

    Example:
        >>> size_text(26_421_880), size_text(5_148)
        ('26,4 MB', '5,1 kB')
    """
    value, unit = (count / 1e6, "MB") if count >= 1e6 else (count / 1e3, "kB")
    return f"{value:.1f} {unit}".replace(".", ",")


@contextmanager
def progress_bar(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr; yields the function that says how many bytes there are so far."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task(name, total=total)
        yield lambda done: progress.update(task, completed=done)
