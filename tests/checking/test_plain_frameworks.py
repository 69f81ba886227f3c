"""Tensors, variables, histories and tables cross as arrays; what can't, stays opaque as it was."""

import sys
import types

import numpy as np
import pytest

from catedra.checking.plain import MAX_DEPTH, NotPlainError, plain


def kept(value):
    """The object that `plain` hands to `opaque`."""
    seen = []
    plain(value, opaque=seen.append)
    assert len(seen) == 1
    return seen[0]


def impostor(module, **members):
    return type(members.pop("name", "Impostor"), (), {"__module__": module, **members})()


def test_jax_arrays():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy
    result = plain({"x": jnp.ones((2, 3)), "y": jnp.asarray(2, dtype=jnp.bfloat16)})
    assert type(result["x"]) is np.ndarray
    assert result["x"].shape == (2, 3)
    result["x"][0, 0] = 5  # a copy, though JAX's own view is read-only
    assert result["y"].dtype == np.float32
    assert kept(key := jax.random.key(0)) is key
    inside = []
    jax.jit(lambda x: inside.append(kept(x)) or x)(1.0)  # a tracer has no value yet
    assert len(inside) == 1


def test_keras_values():
    pytest.importorskip("jax", reason="JAX is not installed")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    assert plain(keras.Variable(np.array([1.0, 2.0]))).tolist() == [1.0, 2.0]
    assert plain(keras.ops.ones((2,))).tolist() == [1.0, 1.0]
    history = keras.callbacks.History()
    history.history = {"loss": [np.float32(0.5), 0.25]}
    assert plain(history) == {"loss": [0.5, 0.25]}
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert kept(model) is model
    assert kept(model.inputs[0]) is model.inputs[0]


def test_torch_tensors():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    tensor = torch.arange(3.0, requires_grad=True)
    result = plain([tensor, torch.nn.Parameter(torch.ones(2)), torch.tensor(1.5, dtype=torch.bfloat16), torch.tensor([1 + 1j]).conj()])
    assert [piece.tolist() for piece in result] == [[0, 1, 2], [1, 1], 1.5, [1 - 1j]]
    assert result[2].dtype == np.float32
    result[0][:] = 9
    assert tensor.tolist() == [0, 1, 2]
    assert plain(torch.eye(2).to_sparse()).tolist() == [[1, 0], [0, 1]]
    meta = torch.empty(2, device="meta")
    assert kept(meta) is meta

    class OwnTensor(torch.Tensor):
        pass

    assert plain(torch.ones(2).as_subclass(OwnTensor)).tolist() == [1, 1]
    for dtype in (torch.float32, torch.bfloat16):
        with pytest.raises(NotPlainError, match="GiB"):
            plain(torch.ones(1, dtype=dtype).expand(10**12))


def test_tensorflow_tensors():
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    assert plain(tf.constant([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert plain(tf.constant(2)) == 2
    assert plain(tf.Variable([1.0])).tolist() == [1.0]
    assert plain(tf.cast(tf.constant([0.5]), tf.bfloat16)).tolist() == [0.5]
    ragged = tf.ragged.constant([[1], [2, 3]])
    assert kept(ragged) is ragged
    dataset = tf.data.Dataset.range(3)
    assert kept(dataset) is dataset


def test_pandas_tables():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    assert plain(frame).tolist() == [[1, 0.5], [2, 1.5]]
    assert plain(frame["a"]).tolist() == [1, 2]
    assert plain(frame.index).tolist() == [0, 1]
    mixed = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert kept(mixed) is mixed  # the table itself comes back, not an array of objects


@pytest.mark.parametrize("module", ["tensorflow.x", "keras.x", "jax.x", "torch.x", "pandas.x"])
def test_an_impostor_that_raises_is_opaque(module):
    def explode(self):
        raise RuntimeError("no")

    for name in ("Impostor", "History", "Variable", "ArrayImpl"):
        value = impostor(module, name=name, numpy=explode, value=property(explode), history=property(explode), __array__=explode)
        assert kept(value) is value


def test_an_impostor_that_returns_itself_ends():
    value = impostor("tensorflow", numpy=lambda self: self)
    with pytest.raises(NotPlainError, match=f"más de {MAX_DEPTH} niveles"):
        plain(value)


def test_an_impostor_still_gives_exact_values():
    class Liar(float):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = None

    result = plain(impostor("tensorflow", numpy=lambda self: Liar(0.5)))
    assert type(result) is float


def test_a_module_that_is_no_text_is_no_framework():
    value = impostor(5)
    assert kept(value) is value


def test_the_known_tensors_of_a_loaded_framework(monkeypatch):
    """The routes for frameworks that may be absent here, with stand-ins for the few methods that they use."""

    class Tensor:
        layout, numpy_fails = "sparse", False

        def numel(self):
            return 2

        def element_size(self):
            return 2

        detach = cpu = resolve_conj = resolve_neg = to_dense = float = lambda self: self

        def numpy(self):
            self.numpy_fails = not self.numpy_fails
            if self.numpy_fails:
                raise TypeError("unsupported ScalarType BFloat16")
            return np.array([1.5, 2.5], dtype=np.float32)

    class Dense(Tensor):
        layout = "strided"

        def numpy(self):
            return np.ones(2)

    class Huge(Tensor):
        def numel(self):
            return 10**12

    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(Tensor=Tensor, strided="strided"))
    assert plain(Tensor()).tolist() == [1.5, 2.5]
    assert plain(Dense()).tolist() == [1, 1]
    with pytest.raises(NotPlainError, match="GiB"):
        plain(Huge())

    class Series:
        def to_numpy(self):
            return np.array(["a", 1], dtype=object)

    monkeypatch.setitem(sys.modules, "pandas", types.SimpleNamespace(Series=Series, DataFrame=Series, Index=Series))
    assert kept(series := Series()) is series
