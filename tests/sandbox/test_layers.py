import json
import subprocess
import sys

import pytest
import typer

from catedra.cli.verbs import sandbox
from catedra.sandbox import landlock, layers
from catedra.sandbox.layers import Layer, Layers, probe
from catedra.sandbox.seccomp import UNKNOWN
from tests.sandbox.confined import (
    IS_ROOT,
    become_nobody,
    namespaces_work,
    needs_root,
    open_the_interpreter,
    refuse_calls,
    run_child,
)

ORDER = ["limits", "namespaces", "root", "proc", "uid", "landlock", "landlock-net", "landlock-scope", "seccomp"]


def probed(before):
    """What `probe` answers on a machine that `before` made different."""

    def inside():
        before()
        probe.cache_clear()
        return probe().to_json()

    return Layers.from_json(run_child(inside))


def made_of(*names):
    return Layers(tuple(Layer(name, name in names, "algo") for name in ORDER))


def test_what_this_machine_holds_was_tried():
    found = probe()
    assert [layer.name for layer in found.layers] == ORDER
    assert {"limits", "seccomp"} <= found.names
    assert ("landlock" in found.names) is (landlock.abi() > 0)
    assert ("namespaces" in found.names) is namespaces_work(False)
    assert ("uid" in found.names) <= IS_ROOT
    for layer in found.layers:
        assert layer.what_it_stops
        assert (layer.how_to_get_it == "") is layer.holds
        assert (layer.reason == "") is layer.holds


def test_it_is_tried_once(monkeypatch):
    probe()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("tried again"))
    assert probe() is probe()


def test_the_document_goes_there_and_back():
    found = probe()
    document = json.loads(json.dumps(found.to_json()))
    assert document["sufficient"] is found.sufficient
    assert document["strong"] is found.strong
    assert Layers.from_json(document) == found


@pytest.mark.parametrize(
    ("names", "enough"),
    [
        (ORDER, True),
        (["limits", "seccomp", "landlock"], True),
        (["limits", "seccomp", "root", "proc", "namespaces"], True),
        (["limits", "seccomp", "root", "namespaces"], False),  # everybody's /proc, and nothing that closes it
        (["limits", "seccomp", "uid"], False),  # the solutions can be read by any user
        (["limits", "seccomp", "namespaces"], False),
        (["limits", "landlock", "root", "proc", "uid"], False),
        (["seccomp", "landlock"], False),
        ([], False),
    ],
)
def test_what_is_enough(names, enough):
    assert made_of(*names).sufficient is enough
    assert made_of(*names).strong is (names == ORDER)


def test_namespaces_refused():
    def before():
        if IS_ROOT:
            open_the_interpreter()
        refuse_calls("unshare")

    found = probed(before)
    assert {"limits", "seccomp"} <= found.names
    assert not found.names & {"namespaces", "root", "proc"}
    assert ("uid" in found.names) is IS_ROOT
    assert not found.strong
    assert found.sufficient is ("landlock" in found.names)
    reason = next(layer for layer in found.layers if layer.name == "namespaces")
    assert "no dejó" in reason.reason
    assert "sysctl" in reason.how_to_get_it


def test_neither_namespaces_nor_landlock_is_not_enough():
    def before():
        if IS_ROOT:
            open_the_interpreter()
        refuse_calls("unshare")
        refuse_calls("landlock_create_ruleset", UNKNOWN)

    found = probed(before)
    assert not found.names & {"namespaces", "root", "proc", "landlock", "landlock-net", "landlock-scope"}
    assert not found.sufficient


def test_without_seccomp_nothing_is_enough():
    found = probed(lambda: refuse_calls("seccomp"))
    assert "seccomp" not in found.names
    assert not found.sufficient


@needs_root
@pytest.mark.skipif(not namespaces_work(True), reason="this machine refuses namespaces to other users")
def test_a_user_without_privileges():
    found = probed(become_nobody)
    assert found.names >= {"limits", "namespaces", "root", "proc", "seccomp"}
    assert "uid" not in found.names
    assert found.sufficient
    assert not found.strong
    assert "no es root" in next(layer for layer in found.layers if layer.name == "uid").reason


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_none(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    found = probe.__wrapped__()
    assert found.names == frozenset()
    assert not found.sufficient
    assert all(platform in layer.reason and "Linux" in layer.how_to_get_it for layer in found.layers)


def test_a_trial_that_breaks_is_said(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(layers.WallError, match="no terminó bien"):
        probe.__wrapped__()


@pytest.mark.parametrize(
    ("wall", "name"),
    [
        ("seccomp.install", "seccomp"),
        ("landlock.restrict", "landlock"),
        ("limits.apply", "limits"),
        ("namespaces.private_root", "root"),
        ("identity.drop", "uid"),
    ],
)
def test_a_wall_that_does_nothing_is_seen(monkeypatch, tmp_path, wall, name):
    """The trials push: a mechanism that only pretends doesn't pass for one that holds."""
    if name == "root" and not namespaces_work(False):
        pytest.skip("this machine refuses namespaces")
    monkeypatch.setattr(f"catedra.sandbox.{wall}", lambda *_, **__: frozenset())
    found = layers._try_all(tmp_path)
    layer = next(layer for layer in found.layers if layer.name == name)
    assert not layer.holds
    assert layer.reason


def test_the_verb_prints_layers_and_the_way_to_get_them(monkeypatch, capsys):
    missing = Layers((Layer("limits", True, "gastar"), Layer("seccomp", False, "pedir", "usá otro núcleo.", "EPERM")))
    monkeypatch.setattr(layers, "probe", lambda: missing)
    with pytest.raises(typer.Exit) as caught:
        sandbox.run(False)
    assert caught.value.exit_code == 1
    printed = capsys.readouterr().out
    assert "✓" in printed
    assert "usá otro núcleo" in printed
    assert "EPERM" in printed
    assert "No alcanzan" in printed


def test_the_verb_says_when_all_is_well(monkeypatch, capsys):
    monkeypatch.setattr(layers, "probe", lambda: made_of(*ORDER))
    sandbox.run(False)
    assert "Están todas las capas" in capsys.readouterr().out
    monkeypatch.setattr(layers, "probe", lambda: made_of("limits", "seccomp", "landlock"))
    sandbox.run(False)
    assert "Falta alguna capa" in capsys.readouterr().out


def test_the_verb_in_json(capsys):
    found = probe()
    if found.sufficient:
        sandbox.run(True)
    else:
        with pytest.raises(typer.Exit):
            sandbox.run(True)
    assert json.loads(capsys.readouterr().out) == found.to_json()
