"""A training problem that the program has exported, and the noise of its first steps."""

import pathlib
import sys

import h5py
import numpy

CHECKED_STEPS = 20
# case: the dropout rate of each place, with its width; the first is the input.
DROPOUT = {
    "mlp-dropout": [(0.2, 784), (0.5, 1000), (0.5, 1000)],
    "cnn-dropout": [(0.2, 3072), (0.5, 1000)],
}
IMDB_DROPOUT = 0.5
LATENT = 50


def write_noise(case, path):
    """Draws the noise of the checked steps by the documented streams, into PATH.npz."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "independent"))
    import retrain

    with h5py.File(path) as file:
        if "minibatches" not in file:
            return
        minibatches = file["minibatches"][:CHECKED_STEPS]
        offsets = file["row_offsets"][:] if "row_offsets" in file else None
    size = minibatches.shape[1]

    def mask(size, width, rate, step, lane):
        return retrain.mask((size, width), rate, 0, 0, step, lane).numpy().astype(numpy.float32)

    arrays = {}
    for lane, (rate, width) in enumerate(DROPOUT.get(case, [])):
        arrays[f"noise{lane}"] = numpy.stack(
            [mask(size, width, rate, step, lane) for step in range(CHECKED_STEPS)]
        )
    if case == "vae":
        arrays["noise0"] = numpy.stack(
            [
                retrain.normals(size * LATENT, 0, retrain.LATENT, epoch=0, step=step).reshape(size, LATENT)
                for step in range(CHECKED_STEPS)
            ]
        )
    if offsets is not None:
        lengths = numpy.diff(offsets)
        noise = numpy.zeros((CHECKED_STEPS, size, lengths.max()), numpy.float32)
        for step, rows in enumerate(minibatches):
            own = lengths[rows]
            words = retrain.words((own.sum() + 1) // 2, 0, retrain.DROPOUT, epoch=0, step=step)
            draws = words.astype("<u4").view("<u2")[: own.sum()]
            kept = (draws >= round(IMDB_DROPOUT * 65536)).astype(numpy.float32) / (1 - IMDB_DROPOUT)
            noise[step][numpy.arange(lengths.max()) < own[:, None]] = kept
        arrays["noise0"] = noise
    numpy.savez(f"{path}.npz", **arrays)


def padded(offsets, columns, values):
    """Sparse rows as arrays [rows, longest row]: columns, and values that are 0 behind a row's end."""
    lengths = numpy.diff(offsets)
    inside = numpy.arange(lengths.max()) < lengths[:, None]
    wide_columns = numpy.zeros(inside.shape, numpy.int32)
    wide_values = numpy.zeros(inside.shape, numpy.float32)
    wide_columns[inside], wide_values[inside] = columns, values
    return wide_columns, wide_values


def image_rows(array):
    """[..., 3 * 32 * 32] as [..., 32, 32, 3]."""
    return numpy.ascontiguousarray(numpy.moveaxis(array.reshape(*array.shape[:-1], 3, 32, 32), -3, -1))


SHARED = {}


class Problem:
    """What a case trains on.

    x        [examples, features] float32; for sparse rows (columns, values)
    y        [examples] labels
    minibatches  [number, size] indices of examples
    theta    the parts of the start, by name
    costs    the program's costs of the first steps, by the form of Adam
    noise    for each place of the network, an array [checked steps, ...]; what is drawn otherwise
    """

    def __init__(self, case, path):
        self.case = case
        with h5py.File(path) as file:
            self.alpha, self.epsilon = float(file.attrs["alpha"]), float(file.attrs["epsilon"])
            self.costs = {form: file[f"cost_{form}"][:] for form in ("adam", "adam_epsilon_hat")}
            self.is_update = "gradient" in file
            if self.is_update:
                self.theta, self.gradient = {"theta": file["theta0"][:]}, file["gradient"][:]
                self.minibatches, self.noise = numpy.zeros((1, 1), numpy.int32), []
                return
            # Dimension scales stand beside the parts.
            names = [name for name in file["theta0"] if ".axis" not in name]
            self.theta = {name: file["theta0"][name][:] for name in names}
            self.minibatches = file["minibatches"][:]
            self.y = file["labels"][:].astype(numpy.int32)
            if "features" in file:
                features = file["features"][:]
                self.x = features.astype(numpy.float32) / 255 if features.dtype == numpy.uint8 else features
            else:
                self.x = padded(file["row_offsets"][:], file["columns"][:], file["values"][:])
        self.key = (self.x[0] if isinstance(self.x, tuple) else self.x)[:8].tobytes()
        with numpy.load(f"{path}.npz") as arrays:
            self.noise = [arrays[f"noise{i}"] for i in range(len(arrays.files))]

    @property
    def parameters(self):
        return sum(part.size for part in self.theta.values())

    @property
    def is_image(self):
        return self.case.startswith("cnn")

    @property
    def rates(self):
        """The dropout rate of each place; none where nothing is dropped."""
        return [rate for rate, _ in DROPOUT.get(self.case, [])]

    def parts(self):
        """The arrays of the start, weights and bias of each layer in order."""
        names = list(dict.fromkeys(name.rpartition(".")[0] for name in self.theta))
        order = ["encoder.hidden", "encoder.latent", "decoder.hidden", "decoder.output"]
        if order[0] not in names:
            order = sorted(names, key=lambda name: (name == "output", name.startswith("hidden"), name))
        prefixes = [f"{name}." if name else "" for name in order]
        return [self.theta[prefix + part] for prefix in prefixes for part in ("weights", "bias")]

    def inputs_first(self):
        """`parts` with weights as [inputs, outputs] and [rows, columns, channels, filters]."""
        parts = self.parts()
        if self.is_image:
            for i in (0, 2, 4, 6):
                parts[i] = parts[i].transpose(2, 3, 1, 0)
            parts[6] = parts[6].reshape(-1, parts[6].shape[-1])
            parts[8] = parts[8].T
            return parts
        return [part.T if part.ndim == 2 else part for part in parts]

    def data(self, convert):
        """What `convert` makes of the features, once for all cases that have the same."""
        if self.key not in SHARED:
            SHARED[self.key] = convert(self.x)
        self.x = None
        return SHARED[self.key]

    def step_noise(self, step):
        """The noise of a checked step, by place."""
        return [array[step] for array in self.noise]
