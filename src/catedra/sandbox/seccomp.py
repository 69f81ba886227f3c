"""The system calls that a worker may not make: a table of rules, assembled into a BPF program that the kernel runs at each call.

It is a list of what is refused, not of what is allowed: NumPy, TensorFlow, PyTorch and JAX bring hundreds of calls that change with each
release, and files are the matter of Landlock and of the private root. What is refused reaches other processes, the kernel or the network, or
takes memory that nobody accounts for. A call newer than the table answers ENOSYS, as an older kernel would, so nothing is let in by being
new. Refused calls return EPERM: libraries have ways around, and a student's traceback names the line.

A filter sees numbers, never what a pointer leads to: so `clone3`, whose flags are in memory, answers ENOSYS (the C library then uses
`clone`), and where socket files of other processes are within reach, `connect` is refused altogether.

Sources: Documentation/userspace-api/seccomp_filter.rst; `linux/filter.h`.
"""

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from functools import cache

from catedra.sandbox import kernel
from catedra.sandbox.kernel import call, number

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # calls of the x32 ABI carry this bit, under the same architecture

LOAD, AND, JUMP, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
ALLOW, KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
REFUSE, UNKNOWN = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in `struct seccomp_data`

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


@dataclass(frozen=True)
class Arg:
    """A test of one argument's low 32 bits: `argument & mask` is one of the values."""

    index: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF


@dataclass(frozen=True)
class Rule:
    """What happens to some calls.

    Attributes:
        calls: their names, in one string.
        when: alternatives, each a tuple of tests that must all pass; none means always.
        then: what the kernel does when an alternative passes.
        otherwise: when none does.
    """

    calls: str
    when: tuple[tuple[Arg, ...], ...] = ((),)
    then: int = REFUSE
    otherwise: int = ALLOW


@dataclass(frozen=True)
class Reach:
    """What the other layers leave within a worker's reach, so that the calls that use it are refused.

    Attributes:
        loopback: TCP is allowed, since the worker has a network of its own.
        visible_from: the worker's process number where others' processes can be named (no PID namespace): it may signal itself only, not
            even its children. None where it sees its own processes only.
        shared_root: there may be socket files of others' (no private root).
        shared_user: files outside belong to the worker's own user (no spare user and no private root): it may change no attribute.
    """

    loopback: bool = False
    visible_from: int | None = None
    shared_root: bool = False
    shared_user: bool = False


_ALWAYS = (
    # other processes' memory and descriptors
    Rule(
        "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_open pidfd_getfd pidfd_send_signal kcmp"
    ),
    # the kernel's own machinery: most of its privilege holes of the last decade
    Rule(
        "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key fanotify_init"
    ),
    Rule("init_module finit_module delete_module kexec_load kexec_file_load lookup_dcookie syslog lsm_set_self_attr"),
    Rule("modify_ldt iopl ioperm vhangup"),
    # mounts and namespaces
    Rule(
        "mount umount2 move_mount fsopen fsconfig fsmount fspick open_tree open_tree_attr mount_setattr pivot_root chroot unshare setns"
    ),
    # namespaces again (CLONE_NEW*), and children that would hang from the warden (CLONE_PARENT); the values are single bits
    *(
        Rule("clone", ((Arg(0, (bit,), bit),),))
        for bit in (0x8000, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
    ),
    Rule("clone3", then=UNKNOWN),
    # files by number, past any rule on paths; memory and queues that no limit counts
    Rule("open_by_handle_at name_to_handle_at memfd_create memfd_secret"),
    Rule("shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop semtimedop semctl mq_open mq_unlink"),
    # the machine
    Rule(
        "reboot swapon swapoff acct quotactl quotactl_fd settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname"
    ),
    Rule("migrate_pages move_pages sched_setattr"),
    Rule(
        "sched_setscheduler", ((Arg(1, (0, 3, 5), ~0x40000000 & 0xFFFFFFFF),),), then=ALLOW, otherwise=REFUSE
    ),  # other, batch, idle
    Rule("mknod", ((Arg(1, (0x2000, 0x6000), 0xF000),),)),  # character and block devices
    Rule("mknodat", ((Arg(2, (0x2000, 0x6000), 0xF000),),)),
    # other users
    Rule("setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset"),
    Rule("personality", ((Arg(0, (0xFFFFFFFF,)),),), then=ALLOW, otherwise=REFUSE),  # asking only
    # the ties to the warden: dying with it, being read by it, leaving it the orphans
    Rule(
        "prctl",
        ((Arg(0, (kernel.PR_SET_PDEATHSIG, kernel.PR_SET_DUMPABLE, kernel.PR_SET_PTRACER, kernel.PR_SET_CHILD_SUBREAPER)),),),
    ),
    # TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD write on somebody's terminal; FIOSETOWN, SIOCSPGRP choose who gets a signal
    Rule("ioctl", ((Arg(1, (0x5412, 0x541C, 0x541D, 0x5423, 0x8901, 0x8902)),),)),
    Rule("fcntl", ((Arg(1, (8, 10, 15)),),)),  # F_SETOWN, F_SETSIG, F_SETOWN_EX: likewise
)

_UNIX, _INET, _INET6 = 1, 2, 10
_STREAM, _SEQUENCED, _KIND = 1, 5, 0xF  # the mask leaves SOCK_NONBLOCK and SOCK_CLOEXEC out


def rules(reach: Reach) -> tuple[Rule, ...]:
    """Return the table for a worker."""
    # A datagram socket can address a socket file without `connect`, so it goes too where there may be any.
    unix = (Arg(0, (_UNIX,)), Arg(1, (_STREAM, _SEQUENCED), _KIND)) if reach.shared_root else (Arg(0, (_UNIX,)),)
    tcp = ((Arg(0, (_INET, _INET6)), Arg(1, (_STREAM,), _KIND)),) if reach.loopback else ()
    table = [
        *_ALWAYS,
        Rule("socket", (unix, *tcp), then=ALLOW, otherwise=REFUSE),
        Rule("socketpair", (unix,), then=ALLOW, otherwise=REFUSE),
    ]
    if reach.shared_root:
        table.append(Rule("connect"))
    if reach.shared_user:
        table.append(
            Rule("chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat utime utimes futimesat utimensat file_setattr")
        )
        table.append(Rule("setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat"))
    if reach.visible_from is not None:
        me = (0, reach.visible_from)
        table.append(Rule("kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo prlimit64", ((Arg(0, me),),), ALLOW, REFUSE))
        # the first argument says whether the second is a process; 0 and 1 are PRIO_PROCESS and IOPRIO_WHO_PROCESS
        table.append(Rule("setpriority", ((Arg(0, (0,)), Arg(1, me)),), ALLOW, REFUSE))
        table.append(Rule("ioprio_set", ((Arg(0, (1,)), Arg(1, me)),), ALLOW, REFUSE))
    return tuple(table)


def assemble(table: tuple[Rule, ...], machine: str) -> list[Instruction]:
    """Return the program for an architecture, x86_64 or aarch64. A rule for a call that the architecture lacks gives nothing.

    A call on which no argument is tested is answered from its number alone: the kernel notices and doesn't run the program for it again.
    """
    program: list[Instruction] = [
        (LOAD, 0, 0, _ARCHITECTURE),
        (EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(AT_LEAST, 0, 1, _X32), (RETURN, 0, 0, KILL)]
    program += [(AT_LEAST, 0, 1, kernel.LAST_KNOWN + 1), (RETURN, 0, 0, UNKNOWN)]
    merged: dict[str, list[Rule]] = {}
    for rule in table:
        for name in rule.calls.split():
            merged.setdefault(name, []).append(rule)
    for name, of_name in merged.items():
        code = number(name, machine)
        if code is None:
            continue
        block = _block(of_name)
        program += [(EQUAL, 0, len(block), code), *block]
    return [*program, (RETURN, 0, 0, ALLOW)]


def _block(of_name: list[Rule]) -> list[Instruction]:
    """The instructions for one call: the first rule that refuses decides, the last one says what happens otherwise."""
    block: list[Instruction] = []
    for rule in of_name:
        for tests in rule.when:
            block += _alternative(tests, rule.then)
    return block if () in of_name[-1].when else [*block, (RETURN, 0, 0, of_name[-1].otherwise)]


def _alternative(tests: tuple[Arg, ...], then: int) -> list[Instruction]:
    """All the tests and then the verdict; a test that fails jumps past it. Built backwards, when the distance is known."""
    code: list[Instruction] = [(RETURN, 0, 0, then)]
    for test in reversed(tests):
        past = len(code)
        compare = [(EQUAL, len(test.values) - place, 0, value) for place, value in enumerate(test.values)]
        masked = [] if test.mask == 0xFFFFFFFF else [(AND, 0, 0, test.mask)]
        code = [(LOAD, 0, 0, _ARGUMENTS + 8 * test.index), *masked, *compare, (JUMP, 0, 0, past), *code]
    return code


@cache
def _program(reach: Reach, machine: str) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in assemble(rules(reach), machine))


def prepare(reach: Reach) -> bytes:
    """Return the program's bytes for this machine, kept from the first time: a zygote asks once and its workers find it made.

    Raises:
        WallError: an architecture that isn't in the table.
    """
    machine = os.uname().machine
    number("ptrace", machine)
    return _program(reach, machine)


def install(reach: Reach) -> None:
    """Put the filter on this process and its descendants. Irreversible. Without privileges it needs `limits.no_new_privileges` first.

    Raises:
        WallError: an architecture that isn't in the table.
        OSError: what the kernel answered.
    """
    program = prepare(reach)
    instructions = ctypes.create_string_buffer(program, len(program))
    pointer = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    call("seccomp", 1, 0, pointer)  # SECCOMP_SET_MODE_FILTER
