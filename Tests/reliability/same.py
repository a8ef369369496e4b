"""Exit status 1 unless two result files are equal outside /volatile, as h5py reads them: the same
objects in the same order, types, shapes, bits and attributes. References are compared by what they
point to, not by the address it has in the file. The digest of the whole contents has /volatile in it."""

import sys

import h5py
import numpy

SKIPPED = {"REFERENCE_LIST", "DIMENSION_LIST", "_contents_sha256"}


def bits(value):
    if isinstance(value, (str, bytes)):
        return value
    value = numpy.asarray(value)
    return value.dtype.str, value.shape, list(value.flat) if value.dtype == object else value.tobytes()


def content(group, path="/"):
    yield path, sorted((n, bits(v)) for n, v in group.attrs.items() if n not in SKIPPED)
    for name, item in group.items():
        place = path + name
        if place == "/volatile":
            continue
        if isinstance(item, h5py.Group):
            yield from content(item, place + "/")
        else:
            scales = [[scale.name for scale in dimension.values()] for dimension in item.dims]
            attributes = sorted((n, bits(v)) for n, v in item.attrs.items() if n not in SKIPPED)
            yield place, bits(item[()]), scales, attributes


with h5py.File(sys.argv[1]) as left, h5py.File(sys.argv[2]) as right:
    left, right = list(content(left)), list(content(right))
if left != right:
    different = [a[0] for a, b in zip(left, right) if a != b]
    sys.exit(f"{sys.argv[1]} and {sys.argv[2]} differ in {different or 'their objects'}")
