"""The kernel as the isolation layers see it: system calls by number through ctypes, `mount`, `prctl`, and the error they share.

The C library wraps few of the calls that these layers need, and which ones depends on its version; the numbers don't. They are written
for the two architectures that the course runs on. Source: the kernel's `unistd_64.h` (x86-64) and `asm-generic/unistd.h` (aarch64).
"""

import ctypes
import os
from functools import cache

from catedra.errors import CatedraError

MACHINES = ("x86_64", "aarch64")
LAST_KNOWN = 469  # file_setattr, Linux 6.17: a call with a higher number is one that this table has never heard of

# name, number on x86_64, number on aarch64; "-" where the architecture never had the call
_TABLE = """
acct 163 89; add_key 248 217; adjtimex 159 171; bpf 321 280; capset 126 91; chmod 90 -; chown 92 -; chroot 161 51; clock_adjtime 305 266;
clock_settime 227 112; clone 56 220; clone3 435 435; connect 42 203; delete_module 176 106; fanotify_init 300 262; fchmod 91 52;
fchmodat 268 53; fchmodat2 452 452; fchown 93 55; fchownat 260 54; fcntl 72 25; file_setattr 469 469; finit_module 313 273;
fremovexattr 199 16; fsconfig 431 431; fsetxattr 190 7; fsmount 432 432; fsopen 430 430; fspick 433 433; futimesat 261 -;
init_module 175 105; io_uring_enter 426 426; io_uring_register 427 427; io_uring_setup 425 425; ioctl 16 29; ioperm 173 -; iopl 172 -;
ioprio_set 251 30; kcmp 312 272; kexec_file_load 320 294; kexec_load 246 104; keyctl 250 219; kill 62 129; landlock_add_rule 445 445;
landlock_create_ruleset 444 444; landlock_restrict_self 446 446; lchown 94 -; lookup_dcookie 212 18; lremovexattr 198 15; lsetxattr 189 6;
lsm_set_self_attr 460 460; memfd_create 319 279; memfd_secret 447 447; migrate_pages 256 238; mknod 133 -; mknodat 259 33;
modify_ldt 154 -; mount 165 40; mount_setattr 442 442; move_mount 429 429; move_pages 279 239; mq_open 240 180; mq_unlink 241 181;
msgctl 71 187; msgget 68 186; msgrcv 70 188; msgsnd 69 189; name_to_handle_at 303 264; open_by_handle_at 304 265; open_tree 428 428;
open_tree_attr 467 467; perf_event_open 298 241; personality 135 92; pidfd_getfd 438 438; pidfd_open 434 434; pidfd_send_signal 424 424;
pivot_root 155 41; prctl 157 167; prlimit64 302 261; process_madvise 440 440; process_mrelease 448 448; process_vm_readv 310 270;
process_vm_writev 311 271; ptrace 101 117; quotactl 179 60; quotactl_fd 443 443; reboot 169 142; removexattr 197 14;
removexattrat 466 466; request_key 249 218; rt_sigqueueinfo 129 138; rt_tgsigqueueinfo 297 240; sched_setattr 314 274;
sched_setscheduler 144 119; seccomp 317 277; semctl 66 191; semget 64 190; semop 65 193; semtimedop 220 192; setdomainname 171 162;
setfsgid 123 152; setfsuid 122 151; setgid 106 144; setgroups 116 159; sethostname 170 161; setns 308 268; setpriority 141 140;
setregid 114 143; setresgid 119 149; setresuid 117 147; setreuid 113 145; settimeofday 164 170; setuid 105 146; setxattr 188 5;
setxattrat 463 463; shmat 30 196; shmctl 31 195; shmget 29 194; socket 41 198; socketpair 53 199; swapoff 168 225; swapon 167 224;
syslog 103 116; tgkill 234 131; tkill 200 130; umount2 166 39; unshare 272 97; userfaultfd 323 282; utime 132 -; utimensat 280 88;
utimes 235 -; vhangup 153 58
"""

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    name: (None if x86 == "-" else int(x86), None if arm == "-" else int(arm))
    for name, x86, arm in (entry.split() for entry in _TABLE.split(";"))
}

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = (
    1,
    4,
    22,
    36,
    38,
    47,
)
PR_SET_PTRACER = 0x59616D61


class WallError(CatedraError):
    """A wall could not be raised: nothing of a stranger may run in this process.

    Attributes:
        layer: which one, by its name in `layers`.
    """

    def __init__(self, layer: str, why: str) -> None:
        super().__init__(f"No se pudo aislar la entrega (capa «{layer}»): {why}")
        self.layer = layer


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def number(name: str, machine: str | None = None) -> int | None:
    """Return a system call's number on this machine's architecture, or on the one given; None if it doesn't have it.

    Raises:
        WallError: the architecture isn't in the table.
    """
    machine = os.uname().machine if machine is None else machine
    if machine not in MACHINES:
        raise WallError("seccomp", f"se esperaba {' o '.join(MACHINES)} y la máquina es {machine}; corregí en una de esas.")
    return NUMBERS[name][MACHINES.index(machine)]


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by name; whole numbers travel as 64 bits, bytes and buffers as pointers, None as a null one.

    Raises:
        OSError: what the kernel answered, or ENOSYS where the architecture lacks the call.
    """
    code = number(name)
    if code is None:
        raise OSError(38, f"{name}: {os.strerror(38)}")
    passed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = _libc().syscall(ctypes.c_long(code), *passed)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def prctl(option: int, *arguments: int) -> None:
    """Change an attribute of this process.

    Raises:
        OSError: what the kernel answered.
    """
    call("prctl", option, *arguments, *[0] * (4 - len(arguments)))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount a file system, or change how one is mounted.

    Raises:
        OSError: what the kernel answered, with the folder.
    """
    try:
        call("mount", source.encode(), os.fsencode(target), kind and kind.encode(), flags, data and data.encode())  # type: ignore[arg-type]
    except OSError as error:
        raise OSError(error.errno, f"mount {target}: {os.strerror(error.errno or 0)}") from None
