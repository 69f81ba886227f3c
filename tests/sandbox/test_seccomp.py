import errno
import os
import re
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from catedra.sandbox import kernel, limits, seccomp
from catedra.sandbox.kernel import call
from catedra.sandbox.seccomp import ALLOW, KILL, REFUSE, UNKNOWN, Reach
from tests.sandbox.confined import NOBODY, become_nobody, code_of, needs_root, ordinary_work, run_child, scratch_folder

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(reach, machine, name_or_number, *arguments, architecture=None):
    """What the kernel would answer: an interpreter of the program, independent of the assembler's arithmetic."""
    program = seccomp.assemble(seccomp.rules(reach), machine)
    code = name_or_number if isinstance(name_or_number, int) else kernel.number(name_or_number, machine)
    data = {0: code, 4: ARCHITECTURES[architecture or machine]}
    data |= {16 + 8 * place: value & 0xFFFFFFFF for place, value in enumerate((*arguments, *[0] * (6 - len(arguments))))}
    at, register = 0, 0
    while True:
        operation, if_true, if_false, constant = program[at]
        at += 1
        match operation:
            case 0x20:  # load
                register = data[constant]
            case 0x54:  # and
                register &= constant
            case 0x05:  # jump
                at += constant
            case 0x15:  # equal
                at += if_true if register == constant else if_false
            case 0x35:  # at least
                at += if_true if register >= constant else if_false
            case 0x06:
                return constant
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


_ALWAYS = """
    ptrace process_vm_readv process_vm_writev process_madvise pidfd_open pidfd_getfd pidfd_send_signal kcmp bpf
    perf_event_open userfaultfd keyctl add_key request_key mount umount2 move_mount fsopen fsconfig fsmount fspick open_tree
    mount_setattr pivot_root chroot unshare setns io_uring_setup io_uring_enter io_uring_register memfd_create memfd_secret
    open_by_handle_at name_to_handle_at init_module finit_module delete_module kexec_load kexec_file_load reboot swapon
    swapoff acct quotactl quotactl_fd settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname syslog
    setuid setgid setreuid setregid setresuid setresgid setgroups capset vhangup shmget msgget semget mq_open fanotify_init
"""
REFUSED_ALWAYS = _ALWAYS.split()

CASES = [
    *((name, (), REFUSE) for name in REFUSED_ALWAYS),
    ("clone3", (), UNKNOWN),
    ("clone", (0x01200011,), ALLOW),  # what fork asks for
    ("clone", (0x003D0F00,), ALLOW),  # what pthread_create asks for
    ("clone", (0x4111,), ALLOW),  # vfork
    *(
        ("clone", (flag | 17,), REFUSE)
        for flag in (0x8000, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
    ),
    ("socket", (1, 1), ALLOW),
    ("socket", (1, 2), ALLOW),
    ("socket", (2, 1), REFUSE),
    ("socket", (10, 2), REFUSE),
    ("socket", (16, 3), REFUSE),  # netlink
    ("socket", (40, 1), REFUSE),  # vsock
    ("socketpair", (1, 1 | 0x80000), ALLOW),
    ("socketpair", (30, 1), REFUSE),  # tipc
    ("connect", (3,), ALLOW),
    ("prctl", (1,), REFUSE),
    ("prctl", (4,), REFUSE),
    ("prctl", (36,), REFUSE),
    ("prctl", (0x59616D61,), REFUSE),
    ("prctl", (15,), ALLOW),  # the name of a thread
    ("prctl", (22,), ALLOW),
    ("ioctl", (0, 0x5412), REFUSE),
    ("ioctl", (0, 0x541C), REFUSE),
    ("ioctl", (0, 0x5401), ALLOW),
    ("fcntl", (0, 8), REFUSE),
    ("fcntl", (0, 3), ALLOW),
    ("personality", (0xFFFFFFFF,), ALLOW),
    ("personality", (0x0040000,), REFUSE),
    ("mknodat", (0, 0, 0x2000 | 0o600), REFUSE),
    ("mknodat", (0, 0, 0x6000 | 0o600), REFUSE),
    ("mknodat", (0, 0, 0x1000 | 0o600), ALLOW),  # a named pipe
    ("sched_setscheduler", (0, 1), REFUSE),
    ("sched_setscheduler", (0, 0x40000002), REFUSE),
    ("sched_setscheduler", (0, 3), ALLOW),
    ("kill", (1, 9), ALLOW),
    ("fchmod", (3,), ALLOW),
]


@pytest.mark.parametrize("machine", kernel.MACHINES)
@pytest.mark.parametrize(("name", "arguments", "expected"), CASES)
def test_the_table_on_both_architectures(machine, name, arguments, expected):
    assert verdict(Reach(), machine, name, *arguments) == expected


@pytest.mark.parametrize("machine", kernel.MACHINES)
def test_what_isnt_in_the_table_goes_through(machine):
    named = {kernel.number(name, machine) for name in kernel.NUMBERS}
    for code in set(range(kernel.LAST_KNOWN + 1)) - named:
        assert verdict(Reach(), machine, code) == ALLOW


@pytest.mark.parametrize("machine", kernel.MACHINES)
def test_foreign_calls_kill_and_new_ones_are_unknown(machine):
    other = next(name for name in kernel.MACHINES if name != machine)
    assert verdict(Reach(), machine, 39, architecture=other) == KILL
    assert verdict(Reach(), machine, kernel.LAST_KNOWN + 1) == UNKNOWN
    assert verdict(Reach(), machine, 0x40000000 | 39) == (KILL if machine == "x86_64" else UNKNOWN)


@pytest.mark.parametrize("machine", kernel.MACHINES)
def test_loopback_opens_tcp_and_nothing_else(machine):
    reach = Reach(loopback=True)
    for family in (2, 10):
        assert verdict(reach, machine, "socket", family, 1) == ALLOW
        assert verdict(reach, machine, "socket", family, 1 | 0x800 | 0x80000) == ALLOW  # non-blocking, closed on exec
        for kind in (2, 3, 5):
            assert verdict(reach, machine, "socket", family, kind) == REFUSE
    assert verdict(reach, machine, "socket", 17, 1) == REFUSE  # raw packets
    assert verdict(reach, machine, "socketpair", 2, 1) == REFUSE


@pytest.mark.parametrize("machine", kernel.MACHINES)
def test_where_others_are_visible_only_oneself_is_within_reach(machine):
    reach = Reach(visible_from=1234)
    for name in ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64"):
        assert verdict(reach, machine, name, 1234, 9) == ALLOW
        assert verdict(reach, machine, name, 0, 9) == ALLOW
        for other in (1, 1235, -1, -1234):
            assert verdict(reach, machine, name, other, 9) == REFUSE
    assert verdict(reach, machine, "setpriority", 0, 1234) == ALLOW
    assert verdict(reach, machine, "setpriority", 0, 1) == REFUSE
    assert verdict(reach, machine, "setpriority", 2, 0) == REFUSE  # all of a user's
    assert verdict(reach, machine, "ioprio_set", 1, 0) == ALLOW
    assert verdict(reach, machine, "ioprio_set", 3, 0) == REFUSE


@pytest.mark.parametrize("machine", kernel.MACHINES)
def test_shared_files_cost_connect_and_attributes(machine):
    reach = Reach(shared_root=True, shared_user=True)
    assert verdict(reach, machine, "connect", 3) == REFUSE
    assert verdict(reach, machine, "socket", 1, 2) == REFUSE  # a datagram needs no connect
    assert verdict(reach, machine, "socketpair", 1, 2) == REFUSE
    assert verdict(reach, machine, "socketpair", 1, 1 | 0x80000) == ALLOW
    for name in ("fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "utimensat", "fsetxattr", "setxattr", "removexattrat"):
        assert verdict(reach, machine, name) == REFUSE


@pytest.mark.parametrize(
    ("machine", "header", "pattern"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+) (\d+)"),
        ("aarch64", "/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
    ],
)
def test_numbers_are_those_of_the_kernels_headers(machine, header, pattern):
    if not Path(header).exists():
        pytest.skip(f"no kernel headers here ({header})")
    true = {name: int(code) for name, code in re.findall(pattern, Path(header).read_text(encoding="utf-8"))}
    ours = {name: kernel.number(name, machine) for name in kernel.NUMBERS}
    newer = {name for name in ours if name not in true and ours[name] is not None}
    assert {name: code for name, code in ours.items() if name not in newer} == {
        name: true.get(name) for name in ours if name not in newer
    }
    assert all(ours[name] > max(true.values()) - 64 for name in newer)  # only what these headers are too old to know


def test_an_unknown_architecture_is_refused():
    with pytest.raises(kernel.WallError, match="riscv64") as caught:
        kernel.number("ptrace", "riscv64")
    assert caught.value.layer == "seccomp"


def user_or_root(as_nobody):
    if as_nobody:
        become_nobody()
    limits.no_new_privileges()


@pytest.mark.parametrize("as_nobody", [pytest.param(False, id="me"), pytest.param(True, id="nobody", marks=needs_root)])
def test_what_it_refuses_here(as_nobody):
    def inside():
        user_or_root(as_nobody)
        seccomp.install(Reach())
        return {
            "inet": code_of(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
            "udp": code_of(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
            "netlink": code_of(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
            "ptrace": code_of(lambda: call("ptrace", 0, 0, 0, 0)),
            "unshare": code_of(lambda: call("unshare", 0x10000000)),
            "clone": code_of(lambda: call("clone", 0x10000000 | 17, 0, 0, 0, 0)),
            "clone3": code_of(lambda: call("clone3", 0, 0)),
            "memfd": code_of(lambda: os.memfd_create("x")),
            "pidfd": code_of(lambda: os.pidfd_open(os.getppid())),
            "userfaultfd": code_of(lambda: call("userfaultfd", 0)),
            "io_uring": code_of(lambda: call("io_uring_setup", 1, None)),
            "shmget": code_of(lambda: call("shmget", 0, 4096, 0o1600)),
            "setuid": code_of(lambda: os.setuid(os.getuid())),
            "chroot": code_of(lambda: os.chroot("/")),
            "dumpable": code_of(lambda: kernel.prctl(kernel.PR_SET_DUMPABLE, 0)),
            "pdeathsig": code_of(lambda: kernel.prctl(kernel.PR_SET_PDEATHSIG, 0)),
            "parent": code_of(lambda: os.kill(os.getppid(), 0)) if not as_nobody else "",
        }

    seen = run_child(inside)
    assert seen.pop("parent") == ""  # with a PID namespace there is nobody to kill, so this filter alone lets it through
    assert seen.pop("clone3") == "ENOSYS"
    assert set(seen.values()) == {"EPERM"}, seen


def test_without_a_pid_namespace_the_parent_cant_be_killed():
    def inside():
        limits.no_new_privileges()
        seccomp.install(Reach(visible_from=os.getpid()))
        os.kill(os.getpid(), 0)
        return [code_of(partial(os.kill, pid, 0)) for pid in (os.getppid(), -1, 1)]

    assert run_child(inside) == ["EPERM"] * 3


def test_socket_files_of_others_are_out_of_reach(tmp_path):
    path = str(tmp_path / "bus")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def reaches(reach):
            def inside():
                limits.no_new_privileges()
                seccomp.install(reach)
                with socket.socket(socket.AF_UNIX) as client:
                    return code_of(lambda: client.connect(path))

            return run_child(inside)

        assert reaches(Reach()) == ""
        assert reaches(Reach(shared_root=True)) == "EPERM"


def test_it_holds_for_programs_too():
    def inside():
        limits.no_new_privileges()
        seccomp.install(Reach())
        ran = subprocess.run(
            [sys.executable, "-c", "import socket; socket.socket()"], capture_output=True, text=True, check=False
        )
        return ran.returncode, ran.stderr.splitlines()[-1]

    code, last = run_child(inside)
    assert code == 1
    assert last.startswith("PermissionError")


@pytest.mark.parametrize("as_nobody", [pytest.param(False, id="me"), pytest.param(True, id="nobody", marks=needs_root)])
@pytest.mark.parametrize("worst", [False, True])
def test_ordinary_work_goes_on(as_nobody, worst):
    def inside():
        user_or_root(as_nobody)
        reach = Reach(visible_from=os.getpid(), shared_root=True, shared_user=True) if worst else Reach()
        seccomp.install(reach)
        ordinary_work(scratch, shared_memory=not worst)
        return os.getuid()

    with scratch_folder() as scratch:
        assert run_child(inside) == (NOBODY if as_nobody else os.getuid())


def test_a_refusal_is_an_error_and_not_a_signal():
    def inside():
        limits.no_new_privileges()
        seccomp.install(Reach())
        try:
            os.memfd_create("x")
        except PermissionError as error:
            return error.errno
        return None

    assert run_child(inside) == errno.EPERM
