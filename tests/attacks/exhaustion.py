"""Taking everything: processes, threads, memory, disk, inodes, descriptors, output and time. Each attack caps itself far below what would hurt.

No attack here is shown on the unprotected grader: it would only slow the tests down.
"""

from functools import partial

from tests.attacks.attack import Win, attack

_DOWN = (Win.DOWN, Win.SURVIVES, Win.NEXT)
_exhaustion = partial(attack, family="exhaustion", wins=_DOWN, not_shown="it would harm the machine that runs the tests")

_TWO_PROCESSES = """
import multiprocessing


def standardize(x):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        columns = pool.map(np.std, list(x.T))
    return (x - x.mean(axis=0)) / np.array(columns)
"""

_SOME_MEMORY = """
def standardize(x):
    scratch = np.ones(8_000_000)
    assert scratch.sum() == 8_000_000
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_SOME_DISK = """
import os
import tempfile


def standardize(x):
    with tempfile.TemporaryDirectory() as folder:
        for n in range(20):
            with open(os.path.join(folder, str(n)), "wb") as file:
                file.write(bytes(1 << 18))
        assert len(os.listdir(folder)) == 20
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_SOME_TIME = """
import re
import time


def standardize(x):
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    time.sleep(0.1)
    assert re.fullmatch(r"(a|b)*c", "ab" * 50 + "c")
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_DEEP = """
import sys


def _sum(values, n):
    return 0.0 if n == len(values) else values[n] + _sum(values, n + 1)


def standardize(x):
    sys.setrecursionlimit(3000)
    mean = np.array([_sum(column, 0) / len(column) for column in np.ascontiguousarray(x.T).tolist()])
    assert _sum([1.0] * 2000, 0) == 2000.0
    return (x - mean) / x.std(axis=0)
"""

_LARGE = """
def brighten(images):
    return (images / 255.0).tolist()


def standardize(x):
    return [tuple(row) for row in ((x - x.mean(axis=0)) / x.std(axis=0)).tolist()]
"""

ATTACKS = (
    _exhaustion(
        "fork_bomb",
        "fork until nothing else can start",
        """
import os
import time


def standardize(x):
    made = os.path.join(os.getcwd(), "made")
    for _ in range(10):
        try:
            os.fork()
            os.close(os.open(made, os.O_CREAT | os.O_WRONLY))
        except OSError:
            pass
    time.sleep(3)
""",
        _TWO_PROCESSES,
        "1",
    ),
    _exhaustion(
        "thread_bomb",
        "start two thousand threads",
        """
import threading
import time


def standardize(x):
    threading.stack_size(1 << 16)
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(60,)).start()
    return x
""",
        """
import threading


def standardize(x):
    threads = [threading.Thread(target=x.sum) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "memory",
        "take 6 GiB and touch every page",
        "def standardize(x):\n    kept = [np.ones(1 << 24) for _ in range(48)]\n    return kept\n",
        _SOME_MEMORY,
        "1",
    ),
    _exhaustion(
        "memory_of_many_children",
        "take 6 GiB in twenty processes, each below the limit",
        """
import os
import time


def standardize(x):
    for _ in range(20):
        if os.fork() == 0:
            kept = np.ones(300 << 17)
            time.sleep(60)
            os._exit(0)
    time.sleep(3)
""",
        _TWO_PROCESSES,
        "1",
    ),
    _exhaustion(
        "memory_in_memfd",
        "take 6 GiB in files that are memory and belong to nobody's heap",
        """
import os
import time


def standardize(x):
    block = bytes(1 << 24)
    for n in range(12):
        fd = os.memfd_create(str(n))
        for _ in range(32):
            os.write(fd, block)
    time.sleep(3)
""",
        """
import os


def standardize(x):
    try:
        fd = os.memfd_create("datos")
    except OSError:  # libraries ask whether it works, and use a file
        fd = os.open("datos", os.O_CREAT | os.O_RDWR)
    os.write(fd, x.tobytes())
    x = np.frombuffer(os.pread(fd, x.nbytes, 0)).reshape(x.shape)
    os.close(fd)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "memory_in_the_tray",
        "put 6 GiB into the files in memory that it was given",
        """
import os
import time


def standardize(x):
    block = bytes(1 << 24)
    for fd in range(3, 64):
        try:
            os.lseek(fd, 0, os.SEEK_END)
            for _ in range(384):
                os.write(fd, block)
        except OSError:
            pass
        try:
            os.posix_fallocate(fd, 0, 6 << 30)
        except OSError:
            pass
    time.sleep(3)
    return x
""",
        _LARGE,
        "1",
    ),
    _exhaustion(
        "memory_in_shared_segments",
        "fill /dev/shm and System V segments, which outlive the process",
        """
import ctypes
import os


def standardize(x):
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    for n in range(12):
        segment = libc.shmget(0, 1 << 28, 0o1600)
        if segment >= 0:
            address = libc.shmat(segment, None, 0)
            if address and address < 1 << 63:
                ctypes.memset(address, 1, 1 << 28)
    for n in range(3):
        try:
            with open(f"/dev/shm/@@MARK@@-{n}", "wb") as file:
                for _ in range(64):
                    file.write(bytes(1 << 24))
        except OSError:
            pass
    return x
""",
        """
import mmap


def standardize(x):
    with mmap.mmap(-1, 4096) as shared:
        shared[:4] = b"hola"
        assert shared[:4] == b"hola"
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
        wins=(*_DOWN, Win.ESCAPES),
    ),
    _exhaustion(
        "disk",
        "write 3 GiB, in the scratch and wherever it can",
        """
import os
import tempfile


def standardize(x):
    block = os.urandom(1 << 20) * 16
    for folder in {".", tempfile.gettempdir(), "@@OUTSIDE@@"}:
        try:
            with open(os.path.join(folder, "@@MARK@@"), "wb") as file:
                for _ in range(64):
                    file.write(block)
        except OSError:
            pass
    return x
""",
        _SOME_DISK,
        "1",
        wins=(*_DOWN, Win.ESCAPES),
    ),
    _exhaustion(
        "disk_in_an_unlinked_file",
        "fill the disk with a file that has no name",
        """
import tempfile
import time


def standardize(x):
    with tempfile.TemporaryFile() as file:
        for _ in range(190):
            file.write(bytes(1 << 24))
        file.flush()
        time.sleep(3)
    return x
""",
        _SOME_DISK,
        "1",
    ),
    _exhaustion(
        "inodes",
        "make two hundred thousand empty files and folders",
        """
import os


def standardize(x):
    for n in range(100_000):
        try:
            os.close(os.open(f"f{n}", os.O_CREAT | os.O_WRONLY))
            os.mkdir(f"d{n}")
        except OSError:
            break
    return x
""",
        _SOME_DISK,
        "1",
    ),
    _exhaustion(
        "sparse_file",
        "make a file of 8 TiB that takes no room, for whoever copies or hashes it",
        """
import os


def standardize(x):
    fd = os.open("enorme", os.O_CREAT | os.O_RDWR)
    os.ftruncate(fd, 1 << 43)
    os.pwrite(fd, b"x", (1 << 43) - 1)
    return x
""",
        """
import tempfile


def standardize(x):
    with tempfile.TemporaryFile() as file:
        file.truncate(1 << 20)
        file.seek((1 << 20) - 1)
        assert file.read() == b"\\0"
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "tree_without_bottom",
        "make a folder tree that recursive deletion can't walk, without permissions",
        """
import os


def standardize(x):
    for _ in range(3000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    os.chmod(".", 0)
    os.chmod("..", 0)
    return x
""",
        """
import os
import tempfile


def standardize(x):
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, *"abcdefghij"))
        os.chmod(os.path.join(folder, "a"), 0o700)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "output_flood",
        "print a gigabyte, to both outputs",
        """
import os


def standardize(x):
    block = b"spam " * (1 << 17)
    for _ in range(800):
        os.write(1, block)
        os.write(2, block)
    return x
""",
        "def standardize(x):\n    for n in range(2000):\n        print('paso', n)\n    return (x - x.mean(axis=0)) / x.std(axis=0)\n",
        "1",
    ),
    _exhaustion(
        "loop_deaf_to_signals",
        "never end, with every signal blocked and ignored",
        """
import signal


def standardize(x):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
        _SOME_TIME,
        "1",
    ),
    *(
        _exhaustion(
            f"loop_in_c_{name}",
            f"stay in C, holding the interpreter's lock: {what}",
            f"import itertools\nimport re\n\n\ndef standardize(x):\n    {code}\n    return x\n",
            _SOME_TIME,
            "1",
        )
        for name, what, code in (
            ("iterator", "an endless sum", "sum(itertools.repeat(0))"),
            ("regex", "a regular expression that backtracks", "re.match(r'(a+)+$', 'a' * 64 + 'b')"),
            ("power", "a power of a billion digits", "str(7 ** (10**9))"),
            ("linear_algebra", "a product that takes minutes", "np.linalg.matrix_power(np.ones((4000, 4000)), 10**9 + 1)"),
        )
    ),
    _exhaustion(
        "loop_while_loading",
        "never end the definitions",
        "class Forever:\n    while True:\n        pass\n",
        "class Primes:\n    below = [n for n in range(2, 2000) if all(n % k for k in range(2, int(n**0.5) + 1))]\n",
        *"12345",
        limit_s=75.0,
    ),
    _exhaustion(
        "asleep_while_loading",
        "wait for ever in the definitions, without using the processor",
        "import time\n\n\nclass Asleep:\n    time.sleep(1000)\n",
        "import time\n\n\nclass Briefly:\n    time.sleep(0.3)\n",
        *"12345",
    ),
    _exhaustion(
        "many_busy_children",
        "spend processor time in processes that nobody waits for",
        """
import os


def standardize(x):
    for _ in range(16):
        if os.fork() == 0:
            while True:
                pass
    while True:
        os.sched_yield()
""",
        _TWO_PROCESSES,
        "1",
    ),
    _exhaustion(
        "daemon",
        "leave a process behind: forked twice, in a session of its own, deaf to signals, with another name",
        """
import os
import signal
import time


def standardize(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.closerange(0, 256)
            end = time.monotonic() + 300
            while time.monotonic() < end:
                time.sleep(0.01)
        os._exit(0)
    os.wait()
    return x
""",
        """
import os


def standardize(x):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "daemon_by_clone",
        "leave processes behind that no wait sees: clone with CLONE_PARENT, vfork, an exec of another program",
        """
import ctypes
import os
import subprocess
import sys


def standardize(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (0x8000, 0x8000 | 17, 0x10000000 | 0x20000000 | 17):
        if libc.syscall(56, ctypes.c_long(flags), 0, 0, 0, 0) == 0:
            os.execvp("sleep", ["sleep", "300"])
    subprocess.Popen(["sleep", "300"], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.execvp("sleep", ["sleep", "300"])
""",
        """
import subprocess


def standardize(x):
    with subprocess.Popen(["sleep", "0.05"], start_new_session=True) as program:
        assert program.wait() == 0
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "respawning",
        "fork faster than a killer that walks the list of processes once",
        """
import os
import time


def standardize(x):
    if os.fork() == 0:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if os.fork():
                    os._exit(0)
                os.setsid()
            except OSError:
                pass
    return x
""",
        _TWO_PROCESSES,
        "1",
    ),
    _exhaustion(
        "stopped_by_itself",
        "send SIGSTOP to itself, and never answer",
        "import os\nimport signal\n\n\ndef standardize(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n    return x\n",
        """
import os
import signal


def standardize(x):
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(pid, os.WUNTRACED)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "asleep",
        "wait for ever without using the processor",
        "import threading\n\n\ndef standardize(x):\n    threading.Event().wait()\n",
        "import time\n\n\ndef standardize(x):\n    time.sleep(0.5)\n    return (x - x.mean(axis=0)) / x.std(axis=0)\n",
        "1",
    ),
    _exhaustion(
        "slow_trickle",
        "write the reply one byte at a time, to keep the judge reading",
        """
import os
import stat
import time


def standardize(x):
    fds = [fd for fd in range(3, 256) if os.path.exists(f"/proc/self/fd/{fd}") or fd < 32]
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for fd in fds:
            try:
                if stat.S_ISSOCK(os.fstat(fd).st_mode):
                    os.write(fd, b"\\x00")
            except OSError:
                pass
        time.sleep(0.5)
    return x
""",
        _SOME_TIME,
        "1",
    ),
    _exhaustion(
        "deep_recursion",
        "overflow the C stack by Python frames and by nested containers",
        """
import sys


def standardize(x):
    sys.setrecursionlimit(10**9)

    class Deep:
        def __repr__(self):
            return repr(self)

    repr(Deep())


def brighten(images):
    value = []
    for _ in range(10**6):
        value = [value]
    return value


def summary(x):
    value = {}
    value["mean"] = value
    return value
""",
        _DEEP,
        *"124",
    ),
    _exhaustion(
        "huge_reply",
        "return an array that takes no room and is 2 TiB when copied, and a text of 200 MB",
        """
def standardize(x):
    return np.broadcast_to(np.float64(1.0), (1 << 19, 1 << 19))


def caption(name, score):
    return "a" * 200_000_000


def brighten(images):
    return np.ones(70_000_000)


def summary(x):
    return {str(n): np.ones(100_000) for n in range(400)}
""",
        _LARGE,
        *"1245",
    ),
    _exhaustion(
        "a_million_items",
        "return millions of small objects, keys and handles",
        """
def standardize(x):
    return [0.0] * 1_500_000


def summary(x):
    return {str(n): n for n in range(1_000_001)}


def open_account(balance):
    return [Account(n) for n in range(100_000)]


def caption(name, score):
    return [[[[]]]] * 400_000
""",
        _LARGE,
        *"1345",
    ),
    _exhaustion(
        "result_that_never_ends",
        "return containers whose iteration or length never ends or lies",
        """
import itertools


class Endless(list):
    __iter__ = lambda self: itertools.repeat(0)
    __len__ = lambda self: 10**15


class Growing(dict):
    def items(self):
        while True:
            self[len(self)] = 0
            yield 0, 0


class Slow(tuple):
    def __getattribute__(self, name):
        while True:
            pass


def standardize(x):
    return Endless([1])


def summary(x):
    return Growing(mean=0)


def caption(name, score):
    return Slow()


def deposit(account, amount):
    return itertools.count()
""",
        _LARGE,
        *"1345",
    ),
    _exhaustion(
        "descriptors",
        "open files until none is left, keep them, and answer",
        """
import os

_KEPT = []


def standardize(x):
    try:
        while len(_KEPT) < 200_000:
            _KEPT.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    return x
""",
        """
import os


def standardize(x):
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
    for fd in kept:
        os.close(fd)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _exhaustion(
        "locks_and_timers",
        "leave locks, timers, message queues and semaphores of the system behind",
        """
import ctypes
import os


def standardize(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for n in range(2000):
        libc.semget(0, 1, 0o1600)
        libc.msgget(0, 0o1600)
    for n in range(200):
        libc.mq_open(f"/@@MARK@@-{n}".encode(), os.O_CREAT | os.O_RDWR, 0o600, None)
    return x
""",
        """
import multiprocessing
import threading


def standardize(x):
    with threading.Lock(), multiprocessing.get_context("fork").Lock():
        timer = threading.Timer(0.01, lambda: None)
        timer.start()
        timer.join()
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
        wins=(*_DOWN, Win.ESCAPES),
    ),
)
