"""Where an attack meets the judge: canaries are planted, the attack is graded, and everything that it could have won is looked for.

Notable: the folders of the arena are open to everybody, so that a file's owner and mode alone hide nothing: the walls must.
Not covered: what a network outside of this machine would see (the decoy listens on loopback only).
"""

import base64
import codecs
import contextlib
import hashlib
import json
import os
import secrets
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.attacks.attack import CANARY, Attack, Win
from tests.attacks.reports import Reports
from tests.attacks.target import HONEST, PLACES, REPORTED, write_target

REPOSITORY = Path(__file__).parents[2]
MARK = "ataque-catedra"
"""What attacks call the files that they try to leave in folders of the system."""
SYSTEM_FOLDERS = ("/dev/shm", "/tmp", "/var/tmp", "/run", "/dev/mqueue")
GRACE_S = 2.0
START_S = 60.0


@dataclass(frozen=True)
class Outcome:
    """What came of an attack and of its twin.

    Attributes:
        wins: each with its kind and what was seen; empty is what we want.
        twin_failed: what the honest twin did not pass; empty too.
        seconds: what grading the attack took.
        seen: what the student gets to see of the attack, as text.
    """

    wins: list[str]
    twin_failed: list[str]
    seconds: float = 0.0
    seen: str = ""


class Host:
    """The judge's process (`tests.attacks.host`)."""

    def __init__(self, class_folder: Path, key: Path, environment: Mapping[str, str], cwd: Path, canary: str) -> None:
        reads, self._to = os.pipe()
        self._from, writes = os.pipe()
        self.errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.host", str(class_folder), str(key), str(reads), str(writes), canary],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors, env=dict(environment), cwd=cwd,
            pass_fds=(reads, writes), start_new_session=True,
        )  # fmt: skip
        os.close(reads)
        os.close(writes)
        self._rest = b""
        self.pid = self._process.pid
        if self._line(START_S) is None:
            raise RuntimeError(f"the judge did not start: {self.complaints()}")

    def grade(self, path: Path, limit: float) -> dict[str, Any] | None:
        """The reply for this file; None if the process died or said nothing within the limit."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._to, json.dumps(str(path)).encode() + b"\n")
        line = self._line(limit)
        return None if line is None else json.loads(line)

    def _line(self, limit: float) -> bytes | None:
        end = time.monotonic() + limit
        with selectors.DefaultSelector() as selector:
            selector.register(self._from, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, end - time.monotonic())):
                    return None
                piece = os.read(self._from, 1 << 16)
                if not piece:
                    return None
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def complaints(self) -> str:
        """The end of what it wrote to its standard error."""
        self.errors.seek(0)
        return self.errors.read()[-4000:].decode(errors="replace")

    def tree(self) -> dict[int, psutil.Process]:
        """Its living descendants."""
        try:
            return {item.pid: item for item in psutil.Process(self.pid).children(recursive=True) if _alive(item)}
        except psutil.NoSuchProcess:
            return {}

    def close(self) -> None:
        """End it and whatever it left."""
        tree = self.tree()
        os.close(self._to)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        for item in [*tree.values(), *self.tree().values()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                item.kill()
        self._process.kill()
        self._process.wait()
        os.close(self._from)
        self.errors.close()


@dataclass
class Arena:
    """The folders, the decoy and the judge; a context manager.

    Attributes:
        root: of the folders.
        canaries: where each is planted → its text.
        places: what attacks call by name.
    """

    root: Path = field(init=False)
    canaries: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Arena":
        self.root = Path(tempfile.mkdtemp(prefix="arena-"))
        try:
            self._plant()
            self._reports = Reports(self.root / "classes" / "c902_target")
            self._decoy = self._start_decoy()
            self._host = self._start_host()
            self._honest = self._usual()
            if self._honest.keys() != {*PLACES, REPORTED}:
                raise RuntimeError(f"an honest submission does not pass, so nothing can be compared: {self._honest}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_host"):
            self._host.close()
        if hasattr(self, "_decoy"):
            self._decoy.kill()
            self._decoy.communicate()
        subprocess.run(["rm", "-rf", self.root], check=False)  # which has no trouble with trees that are too deep for Python

    def run(self, item: Attack) -> Outcome:
        """Grade an attack, an honest submission and the attack's twin, and say what was won and who failed unjustly."""
        before, visits, tree = self._snapshot(), self._visits(), set(self._host.tree())
        start = time.monotonic()
        reply = self._grade(item.handed_in(self.places), f"{item.stem}.{item.container}", item.limit_s + GRACE_S)
        seconds = time.monotonic() - start
        wins = self._look_for_down(reply, seconds)
        wins += _scored(item, reply) + self._leaked(reply)
        wins += [f"{Win.ESCAPES}: {name}" for name in _differences(before, self._snapshot())]
        wins += [f"{Win.REACHES}: {kind}" for kind in self._visits()[len(visits) :]]
        if reply is not None:  # a judge that is still busy has its worker still
            wins += [f"{Win.SURVIVES}: {name}" for name in self._survivors(tree)]
            wins += [f"{Win.ESCAPES}: {name} was left behind" for name in os.listdir(self.root / "scratch")]
        subprocess.run(["rm", "-rf", *(self.root / "scratch").iterdir()], check=False)
        wins += [f"{Win.RENDERS}: {what}" for what in self._reports.trouble(item.stem, reply)]
        if self._decoy.poll() is not None:
            wins.append(f"{Win.ESCAPES}: the decoy was killed")
            self._decoy = self._start_decoy()
        if reply is None:
            self._host.close()
            self._host = self._start_host()
        after = self._usual()
        if after != self._honest:
            wins.append(f"{Win.NEXT}: {_changes(self._honest, after)}")
        twin = self._grade(item.twin_handed_in(self.places), f"{item.stem}.{item.container}", item.limit_s + GRACE_S)
        return Outcome(wins, _not_correct(twin), seconds, json.dumps(reply, ensure_ascii=False))

    # The folders

    def _plant(self) -> None:
        self.root.chmod(0o755)
        folders = {
            name: self.root / name
            for name in ("classes", "home", "submissions", "data", "cache", "key", "outside", "cwd", "private", "scratch")
        }
        for folder in folders.values():
            folder.mkdir()
            folder.chmod(0o777 if folder.name == "outside" else 0o755)
        target = write_target(folders["classes"], self._canary("class folder"))
        for name, place in {
            "classes/notas.txt": "beside the class", "home/.ssh/id_ed25519": "ssh key", "home/.netrc": "netrc",
            "home/cuadernos/notas.txt": "home", "submissions/otra.py": "another submission", "data/moons/labels.txt": "data folder",
            "cache/labels.txt": "cache", "key/cohorte.key": "key file", "outside/decoy.txt": "decoy's open file",
            "outside/precious.txt": "file outside", "cwd/conftest.py": "judge's folder",
        }.items():  # fmt: skip
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'"""{self._canary(place)} y algo más"""\n', encoding="utf-8")
            path.chmod(0o666 if name.startswith("outside") else 0o644)
        (self.root / "outside" / "visits.txt").touch()
        for name in ("judge's environment", "judge's arguments", "decoy's environment", "decoy's door", "a door that opened"):
            self._canary(name)
        self.places = {
            "ROOT": str(self.root), "CLASSES": str(self.root / "classes"), "CLASS": str(target), "HOME": str(self.root / "home"),
            "SUBMISSIONS": str(self.root / "submissions"), "DATA": str(self.root / "data"), "CACHE": str(self.root / "cache"),
            "KEY": str(self.root / "key" / "cohorte.key"), "OUTSIDE": str(self.root / "outside"), "ABSTRACT": self.root.name,
            "SOCKET": str(self.root / "outside" / "decoy.sock"), "CWD": str(self.root / "cwd"), "REPOSITORY": str(REPOSITORY), "MARK": MARK,
            "PROOF": "_".join(self._canary("a door that opened").removeprefix(CANARY)), "ARENA": str(os.getpid()),
        }  # fmt: skip

    def _canary(self, place: str) -> str:
        return self.canaries.setdefault(place, CANARY + secrets.token_hex(6))

    def _environment(self, canary: str) -> dict[str, str]:
        home = str(self.root / "home")
        ours = {
            "HOME": home,
            "CATEDRA_DATA": str(self.root / "data"),
            "CATEDRA_CACHE": str(self.root / "cache"),
            "TMPDIR": str(self.root / "scratch"),
        }
        more = {"CATEDRA_HOME": str(self.root / "private" / "state"), "CATEDRA_SECRET": canary, "PYTHONPATH": str(REPOSITORY)}
        return {**os.environ, **ours, **more}

    def _start_host(self) -> Host:
        environment = self._environment(self.canaries["judge's environment"])
        folder, key = self.root / "classes" / "c902_target", self.root / "key" / "cohorte.key"
        host = Host(folder, key, environment, self.root / "cwd", self.canaries["judge's arguments"])
        self.places["HOST"] = str(host.pid)
        return host

    def _start_decoy(self) -> "subprocess.Popen[bytes]":
        (self.root / "outside" / "decoy.sock").unlink(missing_ok=True)
        decoy = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.decoy", self.root / "outside", self.root.name, self.canaries["decoy's door"]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._environment(self.canaries["decoy's environment"]), cwd=self.root / "cwd",
        )  # fmt: skip
        assert decoy.stdout is not None
        self.places |= {f"DECOY_{key}": value for key, value in json.loads(decoy.stdout.readline()).items()}
        return decoy

    # What is looked at

    def _grade(self, content: bytes, name: str, limit: float) -> dict[str, Any] | None:
        path = self.root / "submissions" / name
        path.write_bytes(content)
        try:
            return self._host.grade(path, limit)
        finally:
            path.unlink(missing_ok=True)

    def _usual(self) -> dict[str, tuple[Any, ...]]:
        reply = self._grade(HONEST.encode(), "honesta.py", START_S)
        if failed := _not_correct(reply):
            return {"honest submission": tuple(failed)}
        return _results(reply)

    def _look_for_down(self, reply: dict[str, Any] | None, seconds: float) -> list[str]:
        if reply is None:
            return [f"{Win.DOWN}: no reply after {seconds:.1f} s; it said: {self._host.complaints()[-1500:]}"]
        return [f"{Win.DOWN}: {reply['crashed']}"] if "crashed" in reply else []

    def _leaked(self, reply: dict[str, Any] | None) -> list[str]:
        text = json.dumps(reply, ensure_ascii=False)
        return [
            f"{Win.LEAKS}: {place}" for place, canary in self.canaries.items() if any(form in text for form in _forms(canary))
        ]

    def _visits(self) -> list[str]:
        return (self.root / "outside" / "visits.txt").read_text(encoding="utf-8").split()

    def _survivors(self, before: set[int]) -> list[str]:
        found: list[psutil.Process] = []
        for _ in range(20):
            found = [item for pid, item in self._host.tree().items() if pid not in before and not self._is_zygote(item)]
            if not found:
                break
            time.sleep(0.05)
        return [_described(item) for item in found]

    def _is_zygote(self, item: psutil.Process) -> bool:
        """A zygote is the judge's child and bears no mark of the walls, which nothing that passed them can take off."""
        try:
            status = Path(f"/proc/{item.pid}/status").read_text(encoding="utf-8")
            return (
                item.ppid() == self._host.pid
                and "NoNewPrivs:\t0" in status
                and "catedra.sandbox.zygote" in " ".join(item.cmdline())
            )
        except (psutil.Error, OSError):
            return True  # it is gone

    def _snapshot(self) -> dict[str, str]:
        found = {str(path.relative_to(self.root)): _state(path) for path in self._watched()}
        for folder in SYSTEM_FOLDERS:
            with contextlib.suppress(OSError):
                found |= {f"{folder}/{name}": "there" for name in os.listdir(folder) if MARK in name}
        for kind in ("shm", "msg", "sem"):
            with contextlib.suppress(OSError):
                found |= {
                    f"/proc/sysvipc/{kind}:{line.split()[0]}": "there"
                    for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
                }
        return found

    def _watched(self) -> Iterator[Path]:
        for folder in ("classes", "home", "submissions", "data", "cache", "key", "outside", "cwd"):
            for path in sorted((self.root / folder).rglob("*")):
                if "__pycache__" not in path.parts and path.name not in {"visits.txt", "decoy.sock"}:
                    yield path


def _state(path: Path) -> str:
    status = path.lstat()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() and not path.is_symlink() else ""
    return f"{status.st_mode:o} {status.st_uid} {status.st_nlink} {status.st_mtime_ns if digest else ''} {digest}"


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def _alive(item: psutil.Process) -> bool:
    try:
        return item.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.Error:
        return False


def _described(item: psutil.Process) -> str:
    try:
        return f"{item.pid} {' '.join(item.cmdline())[:80]} ({item.status()}, child of {item.ppid()})"
    except psutil.Error:
        return f"{item.pid} (gone since)"


def _forms(canary: str) -> tuple[str, ...]:
    """A canary as an attacker may write it to pass unseen."""
    raw = canary.encode()
    digits = canary.removeprefix(CANARY)
    encoded = base64.b64encode(raw).decode().rstrip("=")
    return (
        digits,
        digits[::-1],
        raw.hex(),
        encoded[:-1],
        codecs.encode(canary, "rot13"),
        ",".join(map(str, raw)),
        " ".join(digits),
    )


def _results(reply: dict[str, Any] | None) -> dict[str, tuple[Any, ...]]:
    """Place → outcome, value, message."""
    if reply is None or "verdict" not in reply:
        return {}
    checks = {str(item["exercise"]): (item["outcome"], None, item["message"]) for item in reply["verdict"]["checks"]}
    criteria = {item["name"]: (item["outcome"], item["value"], item["message"]) for item in reply["verdict"]["criteria"]}
    return checks | criteria


def _scored(item: Attack, reply: dict[str, Any] | None) -> list[str]:
    results = _results(reply)
    return [f"{Win.SCORES}: {place}" for place in item.wrong if results.get(place, ("",))[0] == "correct"]


def _not_correct(reply: dict[str, Any] | None) -> list[str]:
    if reply is None or "verdict" not in reply:
        return [f"no verdict: {json.dumps(reply, ensure_ascii=False)[-1500:]}"]
    results = _results(reply)
    return [f"{place}: {results.get(place, 'absent')}" for place in PLACES if results.get(place, ("",))[0] != "correct"]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {before.get(name)} → {after.get(name)}" for name in _differences(before, after))
