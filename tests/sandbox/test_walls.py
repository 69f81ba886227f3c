import errno
import os
import resource
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from catedra.sandbox import identity, landlock, limits, namespaces, walls
from catedra.sandbox.kernel import WallError, call
from catedra.sandbox.limits import Limits
from catedra.sandbox.walls import CLASSES, Plan, enter, readable_roots
from tests.sandbox.confined import (
    IS_ROOT,
    NOBODY,
    become_nobody,
    code_of,
    namespaces_work,
    needs_landlock,
    needs_root,
    open_the_interpreter,
    ordinary_work,
    refuse_calls,
    run_child,
    scratch_folder,
    spare,
)

pytestmark = needs_landlock
WITH_NAMESPACES = {as_nobody: namespaces_work(as_nobody) for as_nobody in ((False, True) if IS_ROOT else (False,))}

# who starts the worker, and whether the machine lets it have namespaces
SITUATIONS = [
    pytest.param(
        as_nobody,
        allowed,
        id=f"{'nobody' if as_nobody else 'me'}-{'namespaces' if allowed else 'refused'}",
        marks=[
            pytest.mark.skipif(as_nobody and not IS_ROOT, reason="only root can become another user"),
            pytest.mark.skipif(
                allowed and not WITH_NAMESPACES.get(as_nobody), reason="this machine refuses namespaces to that user"
            ),
        ],
    )
    for as_nobody in (False, True)
    for allowed in (True, False)
]
as_everybody = pytest.mark.parametrize(("as_nobody", "allowed"), SITUATIONS)


def in_worker(then, scratch, *, as_nobody, allowed, **options):
    """What `then(names)` returns inside all the walls, in the process tree that the grader builds."""

    def worker(made, uid):
        plan = Plan(scratch=scratch, readable=readable_roots(), uid=uid, in_namespaces=made, **options)
        return then(enter(plan))

    def warden():
        if as_nobody:
            become_nobody()
        elif not allowed and IS_ROOT:
            open_the_interpreter()  # without mounts of its own, a worker needs an environment that everybody can read
        if not allowed:
            refuse_calls("unshare")
        uid = spare()
        made = namespaces.unshare(uid)
        assert bool(made) is allowed
        return run_child(lambda: worker(made, uid))

    return run_child(warden)


@as_everybody
def test_ordinary_work_goes_on(as_nobody, allowed):
    def inside(names):
        ordinary_work(Path.cwd(), shared_memory=allowed)
        return os.getuid(), os.getsid(0) == os.getpid()

    with scratch_folder() as scratch:
        uid, leads = in_worker(inside, scratch, as_nobody=as_nobody, allowed=allowed)
    if as_nobody or not IS_ROOT:
        assert uid == (NOBODY if as_nobody else os.getuid())
    else:
        assert identity.FIRST <= uid <= identity.LAST
    assert leads


@as_everybody
def test_nothing_else_does(as_nobody, allowed):
    with scratch_folder() as scratch:
        letter = scratch.parent / "letter"
        letter.write_text("secret", encoding="utf-8")
        if as_nobody:
            os.chown(letter, NOBODY, NOBODY)
        grader = os.getpid()

        def inside(names):
            parent = os.getppid() or 1
            return {
                "tcp": code_of(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
                "udp": code_of(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
                "ptrace": code_of(lambda: call("ptrace", 16, parent, 0, 0)),
                "memory": code_of(lambda: os.open(f"/proc/{grader}/mem", os.O_RDONLY)),
                "shadow": code_of(lambda: os.open("/etc/shadow", os.O_RDONLY)),
                "passwd": code_of(lambda: os.open("/etc/passwd", os.O_RDONLY)),
                "home": code_of(lambda: os.listdir(Path.home())),
                "beside": code_of(letter.read_bytes),
                "beside chmod": code_of(lambda: letter.chmod(0o600)),
                "beside times": code_of(lambda: os.utime(letter)),
                "write outside": code_of(lambda: (scratch.parent / "new").touch()),
                "write package": code_of(lambda: Path(os.__file__).open("a")),
                "solutions": code_of(lambda: (CLASSES / "c100_perceptron" / "solution.py").read_bytes()),
                "classes": code_of(lambda: (CLASSES / "__init__.py").read_bytes()),
                "grader": code_of(lambda: os.kill(grader, 0)),
                "all": code_of(lambda: os.kill(-1, 0)) if not allowed else "EPERM",
                "unshare": code_of(lambda: call("unshare", namespaces.KINDS["user"])),
                "memfd": code_of(lambda: os.memfd_create("x")),
                "root": code_of(lambda: os.setuid(0)),
                "mount": code_of(lambda: call("umount2", os.fsencode(CLASSES), 0)),
                "queue": code_of(lambda: call("msgget", 0, 0o1600)),
                "large": code_of(lambda: os.posix_fallocate(os.open("large", os.O_CREAT | os.O_RDWR), 0, (1 << 20) + 1)),
                "priority": code_of(lambda: os.setpriority(os.PRIO_PROCESS, grader, 19)),
                "limits": code_of(lambda: resource.prlimit(grader, resource.RLIMIT_CPU, (1, 1))),
            }

        ours = Limits(file_bytes=1 << 20)
        seen = in_worker(inside, scratch, as_nobody=as_nobody, allowed=allowed, limits=ours)
        assert letter.read_text(encoding="utf-8") == "secret"
        assert sorted(os.listdir(scratch.parent)) == ["letter", "scratch"]
    assert seen.pop("large") == "EFBIG"
    permitted = {"EPERM", "EACCES"} | ({"EROFS", "ENOENT", "ESRCH"} if allowed else set())
    assert {name: code for name, code in seen.items() if code not in permitted} == {}


@as_everybody
def test_the_layers_say_their_names_and_the_process_looks_like_it(as_nobody, allowed):
    def inside(names):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        return {
            "names": list(names),
            "capabilities": [fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
            "state": [fields[name] for name in ("NoNewPrivs", "Seccomp")],
            "groups": fields["Groups"].split(),
            "oom": Path("/proc/self/oom_score_adj").read_text(encoding="utf-8").strip(),
            "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
            "files": resource.getrlimit(resource.RLIMIT_NOFILE),
            "processes": resource.getrlimit(resource.RLIMIT_NPROC)[0],
            "cwd": os.getcwd(),
            "umask": os.umask(0),
        }

    with scratch_folder() as scratch:
        seen = in_worker(inside, scratch, as_nobody=as_nobody, allowed=allowed, limits=Limits(open_files=300, processes=77))
        assert seen["cwd"] == str(scratch)
    version = landlock.abi()
    expected = [
        "limits",
        *(["namespaces", "root", "proc"] if allowed else []),
        *(["uid"] if IS_ROOT and not as_nobody else []),
        "landlock",
    ]
    expected += [name for name, least in (("landlock-net", 4), ("landlock-scope", 6)) if version >= least]
    assert seen["names"] == [*expected, "seccomp"]
    assert {int(value, 16) for value in seen["capabilities"]} == {0}
    assert seen["state"] == ["1", "2"]
    assert seen["oom"] == "1000"
    assert seen["core"] in (0, 1)
    assert seen["files"] == [300, 300]
    assert (seen["processes"] == 77) is (allowed or (IS_ROOT and not as_nobody))
    assert seen["umask"] == 0o077
    if IS_ROOT:
        assert seen["groups"] == []


@as_everybody
def test_processes_are_bounded_where_the_count_is_the_workers(as_nobody, allowed):
    def inside(names):
        started = []
        try:
            for _ in range(20):
                child = os.fork()
                if child == 0:
                    time.sleep(60)
                    os._exit(0)
                started.append(child)
        except BlockingIOError:
            return len(started)
        finally:
            if allowed:
                for child in started:
                    os.kill(child, signal.SIGKILL)
        return None

    if not allowed:
        pytest.skip("the count isn't apart, or children can't be killed by the worker: the warden counts")
    others = 7 if IS_ROOT and not as_nobody else 6  # a user who is mapped to itself shares the count with its warden
    with scratch_folder() as scratch:
        assert in_worker(inside, scratch, as_nobody=as_nobody, allowed=allowed, limits=Limits(processes=8)) == others


@pytest.mark.skipif(not WITH_NAMESPACES[False], reason="this machine refuses namespaces")
def test_loopback_opens_the_workers_own_network():
    def inside(names):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            client.send(b"hello")
            word = accepted.recv(5).decode()
        with socket.socket() as out:
            return (
                word,
                code_of(lambda: out.connect(("192.0.2.1", 80))),
                code_of(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
            )

    with scratch_folder() as scratch:
        assert in_worker(inside, scratch, as_nobody=False, allowed=True, loopback=True) == ["hello", "ENETUNREACH", "EPERM"]


def why_not(plan, before=lambda: None):
    """The layer and the message with which `enter` refuses."""

    def inside():
        before()
        try:
            enter(plan)
        except WallError as error:
            return error.layer, str(error)
        return None

    return run_child(inside)


def plan_for(scratch):
    return Plan(scratch=scratch, readable=readable_roots(), uid=spare())


def test_loopback_needs_namespaces():
    with scratch_folder() as scratch:
        layer, message = why_not(replace(plan_for(scratch), loopback=True))
    assert layer == "namespaces"
    assert "red propia" in message


def test_two_threads_are_refused():
    with scratch_folder() as scratch:
        layer, message = why_not(plan_for(scratch), threading.Thread(target=time.sleep, args=(5,), daemon=True).start)
    assert layer == "limits"
    assert "un solo hilo" in message


def test_a_machine_that_can_close_no_file_is_refused():
    def before():
        if IS_ROOT:
            open_the_interpreter()
        refuse_calls("landlock_create_ruleset")

    with scratch_folder() as scratch:
        layer, message = why_not(plan_for(scratch), before)
    assert layer == "landlock"
    assert "no hay con qué cerrar los archivos" in message


def test_a_machine_without_seccomp_is_refused():
    def before():
        if IS_ROOT:
            open_the_interpreter()
        refuse_calls("seccomp")

    with scratch_folder() as scratch:
        layer, message = why_not(plan_for(scratch), before)
    assert layer == "seccomp"
    assert "catedra sandbox" in message


@needs_root
def test_root_never_stays_root():
    with scratch_folder() as scratch:
        layer, message = why_not(replace(plan_for(scratch), uid=None))
    assert layer == "uid"
    assert "usuario de repuesto" in message


@needs_root
def test_the_spare_user_is_in_no_group_of_the_graders():
    def inside():
        os.setgroups([4, 27])
        identity.drop(identity.FIRST)
        return os.getgroups(), os.getresgid(), code_of(lambda: os.setgid(0))

    assert run_child(inside) == [[], [identity.FIRST] * 3, "EPERM"]


@needs_root
def test_an_environment_that_the_spare_user_cant_reach_is_named_with_the_command():
    with scratch_folder() as scratch:
        closed = scratch.parent / "closed" / "env"
        closed.mkdir(parents=True)
        closed.parent.chmod(0o700)
        with pytest.raises(WallError, match=f"chmod o\\+x {closed.parent}`"):
            identity.refuse_unreadable([closed], identity.FIRST, ancestors=True)
        identity.refuse_unreadable([closed], identity.FIRST, ancestors=False)
        closed.chmod(0o700)
        with pytest.raises(WallError, match=f"chmod -R o\\+rX {closed}`") as caught:
            identity.refuse_unreadable([closed], identity.FIRST, ancestors=False)
    assert caught.value.layer == "uid"


def test_spare_users_differ_while_they_are_claimed():
    taken = [identity.spare_uid() for _ in range(5)]
    assert len({uid for uid, _ in taken}) == 5
    for _, claim in taken:
        claim.close()
    again = identity.spare_uid()
    assert again[0] == taken[0][0]
    again[1].close()


def test_a_spare_user_has_no_process():
    if not IS_ROOT:
        pytest.skip("only root can become another user")
    first, claim = identity.spare_uid()
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.setresuid(first, first, first)
        os.write(tell, b"!")
        time.sleep(60)
        os._exit(0)
    os.read(hear, 1)
    claim.close()
    try:
        other, claim = identity.spare_uid()
        claim.close()
        assert other != first
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(hear)


def test_when_every_spare_user_is_claimed_it_says_so(monkeypatch):
    uid, claim = identity.spare_uid()
    monkeypatch.setattr(identity, "FIRST", uid)
    monkeypatch.setattr(identity, "COUNT", 1)
    with claim, pytest.raises(WallError, match="ocupados"):
        identity.spare_uid()


def test_every_class_is_hidden_whatever_the_plan_says():
    roots = [path.resolve() for path in readable_roots([CLASSES.parent])]
    assert CLASSES.parent not in roots
    assert all(path.exists() for path in roots)
    assert CLASSES.parent in [path.resolve() for path in readable_roots()]
    assert Path("/etc/passwd") not in roots
    assert not {Path("/"), Path("/usr"), Path("/etc"), Path("/proc"), Path.home()} & set(readable_roots())


@pytest.mark.skipif(not WITH_NAMESPACES[False], reason="this machine refuses namespaces")
def test_a_plan_that_hides_something_else_still_hides_the_classes():
    with scratch_folder() as scratch:
        more = {"hidden": (Path(os.__file__).parent / "json",)}
        inside = lambda names: [os.listdir(CLASSES), os.listdir(more["hidden"][0])]  # noqa: E731
        assert in_worker(inside, scratch, as_nobody=False, allowed=True, **more) == [[], []]


def test_it_dies_with_its_warden():
    """The parent dies without a word; the child asked to go with it."""
    hear, tell = os.pipe()
    warden = os.fork()
    if warden == 0:
        parent = os.getpid()
        if os.fork() == 0:
            limits.die_with_parent(parent)
            os.write(tell, b"!")
            time.sleep(60)
            os._exit(0)
        time.sleep(60)
        os._exit(0)
    os.close(tell)
    os.read(hear, 1)
    start = time.monotonic()
    os.kill(warden, signal.SIGKILL)
    os.waitpid(warden, 0)
    assert os.read(hear, 1) == b""  # its end closes when the worker is gone
    os.close(hear)
    assert time.monotonic() - start < 30  # and not because it woke up


def test_an_orphan_doesnt_start():
    def inside():
        with pytest.raises(WallError, match="vigilante") as caught:
            limits.die_with_parent(os.getppid() + 1)
        return caught.value.layer

    assert run_child(inside) == "limits"


def test_cpu_and_open_files_are_bounded():
    def inside():
        limits.apply(Limits(cpu_seconds=1, open_files=256), count_processes=False)
        opened = []
        with pytest.raises(OSError, match="Too many open files") as caught:
            opened.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(1000))
        assert caught.value.errno == errno.EMFILE
        signal.signal(signal.SIGXCPU, lambda *_: os._exit(33))
        while True:
            pass

    child = os.fork()
    if child == 0:
        try:
            inside()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 33


@pytest.mark.parametrize("wrong", [255, 4097])
def test_open_files_have_a_range(wrong):
    with pytest.raises(WallError, match="256 y 4096"):
        Limits(open_files=wrong)


@pytest.mark.skipif(not WITH_NAMESPACES[False], reason="this machine refuses namespaces")
def test_it_costs_ten_milliseconds_at_most():
    def once(scratch):
        def worker(made, uid):
            plan = Plan(scratch=scratch, readable=readable_roots(), uid=uid, in_namespaces=made)
            start = time.process_time()
            enter(plan)
            return time.process_time() - start

        def warden():
            uid = spare()
            start = time.process_time()
            made = namespaces.unshare(uid)
            return time.process_time() - start + run_child(lambda: worker(made, uid))

        return run_child(warden)

    with scratch_folder() as scratch:
        assert min(once(scratch) for _ in range(5)) < 0.010


def test_the_interpreter_is_among_the_roots():
    roots = readable_roots()
    for needed in (sys.executable, os.__file__, walls.__file__):
        assert any(Path(needed).resolve().is_relative_to(root.resolve()) for root in roots)
