"""What a notebook cell has that Python hasn't: magics, shell lines and help marks.

They are blanked without moving any line. A line is looked at only where a statement can begin: within brackets, after a
backslash or inside a text of several lines, `% name` is Python or prose. No statement of Python begins with `%`, `!`
or `?`, nor is a bare name followed by `?`, so nothing that runs is taken for a magic.

Not covered: automagic (a `cd` or `ls` without its `%`), except for the installers that people do write so.
"""

import ast
import re
from dataclasses import dataclass

# These only time or capture the code under them; any other cell magic hands the cell to another language or to a file.
_KEEPS_CODE = r"%%(time|timeit|capture|prun)\b"
_MAGIC = r"[!?%]|%{0,2}[\w.*]+(\[[^\]]*\])?\?{1,2}\s*(#.*)?$|(pip3?|conda|mamba|uv)\s+(pip\s+)?install\b"
_ASSIGNED = r"(?P<names>[A-Za-z_][\w, ]*?)\s*=\s*(!|%[A-Za-z])"


def without_magics(source: str) -> str:
    """Blank IPython magics and shell lines, keeping line numbers.

    A cell that opens with a magic of another language (`%%bash`, `%%html`) contributes nothing; one that only times or
    captures (`%%time`, `%%capture`) keeps its code. Sources that are plain Python are returned untouched.

    Example:
        >>> without_magics("%matplotlib inline\\nx = 1")
        'pass\\nx = 1'
    """
    blank, first, rest = _first_line(source)
    if first.startswith("%%"):
        if not re.match(_KEEPS_CODE, first):
            return ""
        source = blank + rest
    if _is_python(source):
        return source
    state = _State()
    return "\n".join(state.take(line) for line in source.split("\n"))


def _first_line(source: str) -> tuple[str, str, str]:
    """Split off the first line that isn't blank: the blank ones, it, and the rest from its line break on."""
    match = re.match(r"((?:[ \t\r\f]*\n)*)([^\n]*)", source)
    assert match is not None  # it matches the empty text
    return match[1], match[2], source[match.end() :]


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@dataclass
class _State:
    """Where a line stands: inside a text or brackets, or after a backslash."""

    quote: str = ""
    depth: int = 0
    continued: bool = False
    in_magic: bool = False

    def take(self, line: str) -> str:
        """Return the line, blanked if it is a magic, and move past it."""
        if self.in_magic:  # a shell line goes on after its backslash
            self.in_magic = line.rstrip().endswith("\\")
            return ""
        if not (self.quote or self.depth or self.continued):
            code = line.lstrip()
            indent = line[: len(line) - len(code)]
            assigned = re.match(_ASSIGNED, code)
            if assigned or re.match(_MAGIC, code):
                self.in_magic = code.rstrip().endswith("\\")
                # As IPython does: at the top level it is code that isn't run, and the name is known to be missing.
                return indent + (f"{assigned['names']} = get_ipython()" if assigned else "pass")
        self._scan(line)
        return line

    def _scan(self, line: str) -> None:
        at = 0
        self.continued = line.endswith("\\")
        while at < len(line):
            char = line[at]
            if self.quote:
                if char == "\\":
                    at += 1
                elif line.startswith(self.quote, at):
                    at += len(self.quote) - 1
                    self.quote = ""
            elif char == "#":
                self.continued = False
                return
            elif char in "\"'":
                self.quote = char * 3 if line.startswith(char * 3, at) else char
                at += len(self.quote) - 1
            elif char in "([{":
                self.depth += 1
            elif char in ")]}":
                self.depth = max(0, self.depth - 1)
            at += 1
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""  # a text of one line that was never closed: the syntax error is reported elsewhere
