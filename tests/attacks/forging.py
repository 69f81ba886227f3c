"""Forging the verdict: exit codes, output, files, descriptors, late threads, signals, and words on the channel that nobody asked for."""

from functools import partial

from tests.attacks.attack import Win, attack

_forging = partial(attack, family="forging")
_NO_CHANNEL = "the textbook grader has no channel"

_ALL_CORRECT = '{"1": "correct", "2": "correct", "3": "correct", "4": "correct", "5": "correct", "exactitud en test": "correct", "outcome": "correct", "passed": true}'

# Writes the same bytes to every socket that this process holds.
_SOCKETS = """
import msgpack
import os
import socket
import stat
import struct
import sys


def _sockets():
    found = []
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                found.append(fd)
        except OSError:
            pass
    return found


def _nonces():
    frame, found = sys._getframe(), []
    while frame is not None:
        for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
            held = vars(value).values() if hasattr(value, "__dict__") and not isinstance(value, type) else [value]
            found += [item for item in list(held) if type(item) is bytes and len(item) == 16]
        frame = frame.f_back
    return found or [bytes(16)]


def _say(*message):
    _send_raw(msgpack.packb(list(message), use_bin_type=True))


def _send_raw(body, head=None):
    for fd in _sockets():
        try:
            os.set_blocking(fd, False)
            os.write(fd, (struct.pack(">I", len(body)) if head is None else head) + body)
        except OSError:
            pass
        finally:
            os.set_blocking(fd, True)

"""

# Name, what it is, and the statement that writes it.
_FRAMES = (
    ("kind", "a kind of reply that there is not", '_say(nonce, "correct", True)'),
    (
        "verdict",
        "a verdict in the place of a value",
        '_say(nonce, "value", {"outcome": "correct", "passed": True, "exercise": 1})',
    ),
    ("twice", "two replies", '_say(nonce, "value", 1.0); _say(nonce, "value", 1.0)'),
    ("objects", "an array of objects in the tray", '_say(nonce, "value", msgpack.ExtType(4, msgpack.packb(["|O", [8, 3], 0])))'),
    (
        "negative_shape",
        "a shape and an offset below zero",
        '_say(nonce, "value", msgpack.ExtType(4, msgpack.packb(["<f8", [-8, -3], -(2**40)])))',
    ),
    (
        "overflowing_shape",
        "a shape whose product overflows",
        '_say(nonce, "value", msgpack.ExtType(3, msgpack.packb(["<f8", [2**32, 2**32], b""])))',
    ),
    (
        "beyond_the_tray",
        "an array that begins a tebibyte into the tray",
        '_say(nonce, "value", msgpack.ExtType(4, msgpack.packb(["<f8", [8, 3], 2**40])))',
    ),
    (
        "huge_array",
        "an array of 2 TiB that the tray does not hold",
        '_say(nonce, "value", msgpack.ExtType(4, msgpack.packb(["<f8", [2**38], 0])))',
    ),
    (
        "dtype_with_code",
        "a dtype that is evaluated, or holds fields",
        '_say(nonce, "value", msgpack.ExtType(3, msgpack.packb(["(2,3)f8,O,V8", [1], bytes(8)])))',
    ),
    (
        "handle_of_nobody",
        "a handle that was never given",
        '_say(nonce, "value", msgpack.ExtType(5, msgpack.packb([2**62, "M" * 10**5])))',
    ),
    (
        "unknown_extension",
        "an extension that nobody defined, and a date",
        '_say(nonce, "value", [msgpack.ExtType(99, b"x"), msgpack.ExtType(-1, bytes(12))])',
    ),
    ("huge_integer", "an integer of a hundred thousand bytes", '_say(nonce, "value", msgpack.ExtType(6, b"\\x7f" * 10**5))'),
    (
        "keys_that_are_lists",
        "a map with a repeated key, and one whose key is a list",
        '_send_raw(b"\\x93\\xc4\\x10" + nonce + b"\\xa5value\\x82\\x90\\x01\\x90\\x02")',
    ),
    ("length_of_4_gib", "a length of 4 GiB", '_send_raw(b"", b"\\xff\\xff\\xff\\xff")'),
    ("no_length", "half a length, and nothing more", '_send_raw(b"", b"\\x00\\x00"); os.closerange(3, 256)'),
    ("depth", "65,000 lists in one another", '_send_raw(b"\\x91" * 65000)'),
    ("announced_items", "a list that announces four thousand million items", '_send_raw(b"\\xdd\\xff\\xff\\xff\\xff")'),
    ("never_valid", "the one byte that msgpack never uses", '_send_raw(b"\\xc1")'),
    (
        "bad_text",
        "text that is not UTF-8, and surrogates",
        '_send_raw(b"\\x93\\xc4\\x10" + nonce + b"\\xa5value\\xa3\\xed\\xa0\\x80")',
    ),
    (
        "raised_by_hand",
        "an exception made by hand, with texts beyond every limit",
        '_say(nonce, "raised", {"type": "x" * 10**4, "text": "correct" * 10**4, "frames": ["f"] * 10**4, "place": ["celda", 2**70]})',
    ),
)

_PACKED = """
import msgpack


def standardize(x):
    packed = msgpack.packb({"rows": x.tolist()})
    x = np.array(msgpack.unpackb(packed)["rows"])
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_PAIR = '''
import os
import socket


def standardize(x):
    """A pair of sockets of one's own."""
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"hola")
        assert other.recv(4) == b"hola"
    return (x - x.mean(axis=0)) / x.std(axis=0)
'''

ATTACKS = (
    _forging(
        "exit_with_zero",
        "end the process with the code of success",
        "import os\n\n\ndef standardize(x):\n    os._exit(0)\n",
        """
import subprocess
import sys


def standardize(x):
    try:
        raise SystemExit(0)
    except SystemExit:
        pass
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _forging(
        "exit_while_loading",
        "end the process while the definitions are executed",
        "import os\n\n\nclass Exit:\n    os._exit(0)\n",
        "class Table:\n    values = [n * n for n in range(10)]\n",
        *"12345",
    ),
    _forging(
        "system_exit_of_success",
        "raise SystemExit(0) and hope that it reads as a pass",
        "def standardize(x):\n    raise SystemExit(0)\n\n\ndef brighten(images):\n    raise KeyboardInterrupt\n\n\ndef caption(name, score):\n    raise GeneratorExit\n",
        "def caption(name, score):\n    try:\n        raise KeyboardInterrupt\n    except BaseException:\n        return f'{name}: {score:.2f}'\n",
        *"125",
        not_shown="the textbook grader catches them too",
    ),
    _forging(
        "verdict_on_standard_output",
        "print what looks like a verdict, last",
        f"import os\n\n\ndef standardize(x):\n    print('''{_ALL_CORRECT}''', flush=True)\n    os._exit(1)\n",
        'def standardize(x):\n    print(\'{"1": "incorrect"}\', flush=True)\n    return (x - x.mean(axis=0)) / x.std(axis=0)\n',
        "1",
    ),
    _forging(
        "verdict_on_every_descriptor",
        "write a verdict to every descriptor from 0 to 1023",
        f"""
import os


def standardize(x):
    for fd in range(1024):
        try:
            os.set_blocking(fd, False)
            os.write(fd, b'''\\n{_ALL_CORRECT}\\n''')
        except OSError:
            pass
    os._exit(0)
""",
        """
import os


def standardize(x):
    reads, writes = os.pipe()
    os.write(writes, b"hola")
    os.close(writes)
    assert os.read(reads, 10) == b"hola"
    os.close(reads)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _forging(
        "verdict_in_files",
        "leave verdicts under every name that a grader may read",
        f"""
import os
import pathlib
import tempfile


def standardize(x):
    for folder in (".", tempfile.gettempdir(), os.path.expanduser("~"), "@@OUTSIDE@@", "@@SUBMISSIONS@@", "@@CWD@@"):
        for name in ("verdict.json", "results.json", "entrega.verdict.json", "grades.csv", "gradebook.csv", "result.xml"):
            try:
                pathlib.Path(folder, name).write_text('''{_ALL_CORRECT}''')
            except OSError:
                pass
    return x
""",
        """
import json
import tempfile


def standardize(x):
    with tempfile.NamedTemporaryFile("w+", suffix=".json") as file:
        json.dump({"mean": x.mean(axis=0).tolist()}, file)
        file.seek(0)
        mean = json.load(file)["mean"]
    return (x - mean) / x.std(axis=0)
""",
        "1",
        wins=(Win.SCORES, Win.ESCAPES, Win.NEXT),
        not_shown="the textbook grader reads no file",
    ),
    _forging(
        "late_thread_changes_the_result",
        "return at once and let a thread mend the array while the judge looks at it",
        """
import threading


def standardize(x):
    result = np.zeros_like(x)

    def mend():
        for _ in range(20000):
            result[...] = 0.0

    thread = threading.Thread(target=mend, daemon=True)
    thread.start()
    return result
""",
        """
from concurrent.futures import ThreadPoolExecutor


def standardize(x):
    with ThreadPoolExecutor(4) as pool:
        columns = list(pool.map(lambda column: (column - column.mean()) / column.std(), x.T))
    return np.stack(columns, axis=1)
""",
        "1",
        not_shown="the race is after the tray's memory, which the textbook grader lacks",
    ),
    _forging(
        "late_thread_writes_the_tray",
        "keep writing on every mapped array and on the sockets after the reply",
        _SOCKETS
        + """
import threading


def _tamper(array):
    nonce = _nonces()[0]
    for _ in range(300):
        array[...] = 1
        _say(nonce, "value", [0.0])


def brighten(images):
    result = np.zeros(images.shape, dtype=np.float32)
    threading.Thread(target=_tamper, args=(result,), daemon=True).start()
    return result
""",
        """
import threading


def brighten(images):
    result = np.empty(images.shape, dtype=np.float32)

    def half(part):
        result[part] = images[part].astype(np.float32) / 255

    threads = [threading.Thread(target=half, args=(part,)) for part in (slice(0, 50), slice(50, None))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return result
""",
        "2",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "verdict_at_exit",
        "print and exit with success once the interpreter ends",
        f"""
import atexit
import os
import sys


def _forge():
    print('''{_ALL_CORRECT}''', flush=True)
    os._exit(0)


def standardize(x):
    atexit.register(_forge)
    atexit._run_exitfuncs()
""",
        """
import atexit


def standardize(x):
    atexit.register(lambda: None)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    *(
        _forging(
            f"{word}_the_judge",
            f"send {signal} to the judge, the zygote, the warden: to every process above this one",
            f"""
import os
import signal


def _above():
    pids, pid = [@@HOST@@], os.getppid()
    while pid > 1 and pid not in pids:
        pids.append(pid)
        try:
            with open(f"/proc/{{pid}}/stat") as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            break
        if pid == @@ARENA@@:
            break
    return [pid for pid in pids if pid > 1 and pid != @@ARENA@@]


def standardize(x):
    for pid in [*_above(), @@DECOY_PID@@]:
        try:
            os.kill(pid, signal.{signal})
        except OSError:
            pass
        try:
            signal.pidfd_send_signal(os.pidfd_open(pid), signal.{signal})
        except OSError:
            pass
    return x
""",
            """
import os
import signal


def standardize(x):
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert seen
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
            "1",
            wins=(Win.DOWN, Win.NEXT, Win.ESCAPES),
            not_shown="it would stop the tests",
        )
        for word, signal in (("kill", "SIGKILL"), ("stop", "SIGSTOP"), ("interrupt", "SIGINT"))
    ),
    _forging(
        "signal_the_whole_group",
        "send SIGKILL to the process group, and to the session's",
        "import os\n\n\ndef standardize(x):\n    os.killpg(os.getpgid(0), 9)\n    return x\n",
        "import os\n\n\ndef standardize(x):\n    assert os.getpgid(0) >= 0 and os.getsid(0) >= 0\n    return (x - x.mean(axis=0)) / x.std(axis=0)\n",
        "1",
        wins=(Win.DOWN, Win.NEXT),
        not_shown="it would stop the tests",
    ),
    _forging(
        "reply_in_advance",
        "write replies with the nonce found in the frames before returning",
        _SOCKETS
        + "\ndef deposit(account, amount):\n    for nonce in _nonces():\n        _say(nonce, 'value', amount)\n    return 0\n",
        _PAIR,
        "3",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "replay_an_old_nonce",
        "answer every call with the nonce of the first",
        _SOCKETS
        + """
_KEPT = []


def deposit(account, amount):
    _KEPT.extend(_nonces())
    _say(_KEPT[0], "value", amount)
    _say(bytes(16), "value", amount)
    return -1
""",
        "_KEPT = []\n\n\ndef deposit(account, amount):\n    _KEPT.append(amount)\n    account.balance += amount\n    return account.balance\n",
        "3",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_NO_CHANNEL,
    ),
    *(
        _forging(
            f"hostile_frame_{name}",
            f"write, with the call's own nonce, {what}",
            f"{_SOCKETS}\n\ndef standardize(x):\n    nonce = _nonces()[0]\n    {code}\n    return x\n",
            _PACKED,
            "1",
            wins=(Win.SCORES, Win.DOWN, Win.NEXT),
            not_shown=_NO_CHANNEL,
        )
        for name, what, code in _FRAMES
    ),
    _forging(
        "tray_that_changes",
        "truncate, grow and rewrite every file in memory that this process holds while the judge reads the reply",
        """
import os
import threading


def _change():
    for _ in range(2000):
        for fd in range(3, 64):
            try:
                os.ftruncate(fd, 0)
                os.ftruncate(fd, 1 << 40)
                os.pwrite(fd, b"\\x00" * 4096, 0)
            except OSError:
                pass


def brighten(images):
    threading.Thread(target=_change, daemon=True).start()
    return images.astype(np.float32) / 255 + 1
""",
        """
import mmap


def brighten(images):
    result = images.astype(np.float32) / 255
    with mmap.mmap(-1, result.nbytes) as shared:
        shared.write(result.tobytes())
        result = np.frombuffer(bytes(shared[:]), dtype=np.float32)[: images.size].reshape(images.shape)
    return result
""",
        "2",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "descriptors_sent_to_the_judge",
        "send the judge descriptors (a FIFO, /dev/zero, itself) hundreds of times",
        _SOCKETS
        + """

def standardize(x):
    import array

    zero = os.open("/dev/zero", os.O_RDONLY)
    fds = [zero, os.memfd_create("x")] + list(os.pipe())
    for fd in _sockets():
        channel = socket.socket(fileno=os.dup(fd))
        channel.setblocking(False)
        for _ in range(100):
            try:
                channel.sendmsg([b"\\x00\\x00\\x00\\x01"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
            except OSError:
                break
    return x
""",
        """
import array
import os
import socket


def standardize(x):
    one, other = socket.socketpair()
    reads, writes = os.pipe()
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [writes]))])
    message, ancillary, _, _ = other.recvmsg(1, socket.CMSG_SPACE(4))
    sent = array.array("i", ancillary[0][2])[0]
    os.write(sent, b"hola")
    assert os.read(reads, 4) == b"hola"
    for fd in (reads, writes, sent):
        os.close(fd)
    one.close()
    other.close()
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "channel_closed_under_the_worker",
        "close, shut down or fill the channel and stay alive",
        _SOCKETS
        + """
import time


def standardize(x):
    for fd in _sockets():
        channel = socket.socket(fileno=os.dup(fd))
        try:
            channel.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    os.closerange(0, 256)
    time.sleep(100)
""",
        "import os\n\n\ndef standardize(x):\n    os.close(os.dup(1))\n    return (x - x.mean(axis=0)) / x.std(axis=0)\n",
        "1",
        wins=(Win.DOWN, Win.NEXT, Win.SURVIVES),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "calls_stolen_by_a_thread",
        "read the judge's next requests from the channel and answer them with the caller's own nonce",
        _SOCKETS
        + """
import threading


def _serve():
    for _ in range(200):
        for fd in _sockets():
            try:
                head = os.read(fd, 4)
                request = msgpack.unpackb(os.read(fd, struct.unpack(">I", head)[0]), strict_map_key=False)
                _say(request[0], "value", True)
            except Exception:
                pass


def open_account(balance):
    threading.Thread(target=_serve, daemon=True).start()
    return Account(balance)


def deposit(account, amount):
    return True
""",
        """
import threading


def open_account(balance):
    made = []
    thread = threading.Thread(target=lambda: made.append(Account(balance)))
    thread.start()
    thread.join()
    return made[0]
""",
        "3",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "handle_made_by_hand",
        "return something that looks like a handle, of an object that is not there or is another's",
        """
import msgpack


class Handle:
    id, kind = 0, "Model"


def open_account(balance):
    return msgpack.ExtType(5, msgpack.packb([2**40, "Model" * 100]))


def deposit(account, amount):
    return Handle()
""",
        """
from dataclasses import dataclass


@dataclass
class Ledger:
    balance: int


def open_account(balance):
    return Ledger(balance)
""",
        "3",
        wins=(Win.SCORES, Win.DOWN),
        not_shown=_NO_CHANNEL,
    ),
    _forging(
        "outcomes_raised",
        "raise the judge's own exceptions, to be judged inconclusive, not attempted or not checkable for ever",
        """
from catedra.checking.answer import AnswerTimeout, NotAttempted
from catedra.checking.expect import CheckFailed, Inconclusive


class Correct(Exception):
    outcome = "correct"


def standardize(x):
    raise Inconclusive("la máquina está ocupada")


def brighten(images):
    raise NotAttempted("correcto")


def deposit(account, amount):
    raise AnswerTimeout("correcto")


def caption(name, score):
    raise Correct("correct")


def predict(model, x):
    raise CheckFailed("correcto")
""",
        """
class NotReady(Exception):
    pass


def standardize(x):
    try:
        raise NotReady("todavía no")
    except NotReady:
        return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        *"1235",
        wins=(Win.SCORES, Win.DOWN),
        not_shown="the textbook grader has no such outcomes",
    ),
    _forging(
        "exception_with_hostile_text",
        "raise exceptions whose text, name, cause or traceback is a trap",
        """
class Endless(Exception):
    def __str__(self):
        while True:
            pass


def standardize(x):
    raise type("E" * 10**6, (Exception,), {"__str__": lambda self: "a" * 10**8})()


def brighten(images):
    error = ValueError("\\ud800\\x00\\x1b[2J\\u202e" * 1000)
    error.__cause__ = error
    raise error


def caption(name, score):
    class Meta(type):
        __name__ = property(lambda self: 1 / 0)

    class Odd(Exception, metaclass=Meta):
        __str__ = __repr__ = None

    raise Odd


def summary(x):
    raise Endless
""",
        """
def standardize(x):
    try:
        raise ValueError("ñandú – " * 100)
    except ValueError as error:
        assert str(error)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        *"1245",
        wins=(Win.DOWN, Win.NEXT),
        not_shown="it is after the words of the verdict",
    ),
    _forging(
        "two_workers_reply",
        "fork inside the answer, so that both copies reply and serve the next calls",
        "import os\n\n\ndef deposit(account, amount):\n    os.fork()\n    return 0\n",
        """
import os


def deposit(account, amount):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    account.balance += amount
    return account.balance
""",
        "3",
        wins=(Win.SCORES, Win.SURVIVES, Win.NEXT, Win.DOWN),
        not_shown=_NO_CHANNEL,
    ),
)
