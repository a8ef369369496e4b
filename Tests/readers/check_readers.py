#!/usr/bin/python3
"""Checks that result files open, with named axes and readable labels, outside this project.

usage: check_readers.py FILE.h5 ...

Readers: h5py, xarray with the engines h5netcdf and netcdf4, h5dump, ncdump. What h5py reads is
the reference; the others must agree with it. A reader that is not installed is skipped, and named.
Exit status: 0 all agree, 1 one does not, 66 nothing to read with.
"""

import importlib
import math
import shutil
import subprocess
import sys

failures = []
checked = 0


def check(condition, message):
    global checked
    checked += 1
    if not condition:
        failures.append(message)
        print(f"FAILED: {message}", file=sys.stderr)


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


h5py, numpy, xarray = module("h5py"), module("numpy"), module("xarray")
if h5py is None or numpy is None:
    print("python3-h5py is not installed: nothing is checked", file=sys.stderr)
    sys.exit(66)


def same(left, right):
    left, right = numpy.asarray(left), numpy.asarray(right)
    if left.shape != right.shape:
        return False
    if left.dtype.kind in "OUS" or right.dtype.kind in "OUS":
        return [str(x) for x in left.ravel()] == [str(x) for x in right.ravel()]
    return bool(numpy.array_equal(left, right, equal_nan=left.dtype.kind == "f"))


def values(dataset):
    if h5py.check_string_dtype(dataset.dtype):
        return dataset.asstr()[()]
    return dataset[()]


def visible_scales(group):
    """Names and scales of the dimensions visible in a group, the innermost of each name."""
    scales = {}
    while True:
        for name, item in group.items():
            if isinstance(item, h5py.Dataset) and h5py.h5ds.is_scale(item.id):
                scales.setdefault(name, item)
        if group.name == "/":
            return scales
        group = group.parent


def check_h5py(path):
    """Returns {group: {variable: (dimension names, values)}} and {group: {dimension: labels}}."""
    variables, dimensions = {}, {}

    def visit(group):
        scales = visible_scales(group)
        variables[group.name] = {}
        dimensions[group.name] = {name: values(scale) for name, scale in scales.items()}
        for name, value in group.attrs.items():
            check(value is not None and not isinstance(value, (bytes, h5py.Empty)),
                  f"{path} {group.name}@{name}: {value!r} is not text or a number")
        for name, item in group.items():
            if isinstance(item, h5py.Group):
                visit(item)
                continue
            place = f"{path} {item.name}"
            text = h5py.check_string_dtype(item.dtype)
            if text:
                check(text.length is None and text.encoding == "utf-8",
                      f"{place}: text must be of variable length and UTF-8")
                check(item.chunks is None, f"{place}: text must not be compressed")
            elif item.ndim and item.size:
                check(item.compression == "gzip" and item.shuffle and item.fletcher32,
                      f"{place}: must be shuffled, compressed and checksummed")
            if h5py.h5ds.is_scale(item.id):
                continue
            names = []
            for axis in item.dims:
                check(len(axis) == 1, f"{place}: axis {axis.label!r} has {len(axis)} scales")
                check(axis.label in scales, f"{place}: there is no dimension {axis.label!r}")
                if len(axis) == 1 and axis.label in scales:
                    check(axis[0].id == scales[axis.label].id,
                          f"{place}: axis {axis.label} has another scale than its name says")
                names.append(axis.label)
            variables[group.name][name] = (tuple(names), values(item))

    with h5py.File(path, "r") as file:
        check(str(file.attrs.get("schema", "")).startswith("adam-reproduction/"),
              f"{path}: no schema")
        visit(file)
    return variables, dimensions


def check_xarray(path, engine, variables, dimensions):
    for group, expected in variables.items():
        with xarray.open_dataset(path, engine=engine, group=group) as data:
            for name, (names, reference) in expected.items():
                place = f"{path} {group} {name} by xarray and {engine}"
                check(name in data.variables, f"{place}: is missing")
                if name not in data.variables:
                    continue
                found = data[name]
                check(found.dims == names, f"{place}: dimensions {found.dims} are not {names}")
                check(same(found.values, reference), f"{place}: other values")
                if 0 in numpy.shape(reference):
                    continue
                # The last cell by its labels, as a reader would ask for it. Labels of outer
                # groups are not coordinates of an inner group's dataset in xarray.
                labels = {d: dimensions[group][d][-1] for d in names if d in data.coords}
                if all(not (isinstance(x, float) and math.isnan(x)) for x in labels.values()):
                    cell = found.sel(labels)
                    index = tuple(-1 if d in labels else slice(None) for d in names)
                    check(same(cell.values, numpy.asarray(reference)[index]),
                          f"{place}: another value at {labels}")
            for name in set(data.coords) & set(dimensions[group]):
                check(same(data[name].values, dimensions[group][name]),
                      f"{path} {group}: other labels of {name} by {engine}")
                if dimensions[group][name].dtype.kind == "O":
                    check(all(isinstance(x, str) for x in data[name].values),
                          f"{path} {group}: labels of {name} are not str by {engine}")


def check_program(path, command, expected):
    result = subprocess.run(command + [path], capture_output=True, text=True)
    check(result.returncode == 0, f"{' '.join(command)} {path}: {result.stderr.strip()}")
    for text in expected:
        check(text in result.stdout, f"{' '.join(command)} {path}: {text!r} is not shown")


def main(paths):
    readers = ["h5py"]
    skipped = []
    engines = []
    for engine, name in (("h5netcdf", "h5netcdf"), ("netcdf4", "netCDF4")):
        usable = xarray is not None and module(name) is not None
        (engines if usable else skipped).append(engine if usable else f"xarray with {engine}")
    readers += [f"xarray with {engine}" for engine in engines]
    for program in ("h5dump", "ncdump"):
        (readers if shutil.which(program) else skipped).append(program)
    for path in paths:
        variables, dimensions = check_h5py(path)
        for engine in engines:
            check_xarray(path, engine, variables, dimensions)
        root = variables["/"]
        if "h5dump" in readers:
            check_program(path, ["h5dump", "-H"], [f'DATASET "{name}"' for name in root])
        if "ncdump" in readers:
            shown = [f"{name}({', '.join(names)})" for name, (names, _) in root.items() if names]
            check_program(path, ["ncdump", "-h"], shown)
    print(f"{len(paths)} files, {checked} checks, {len(failures)} failed; read by "
          + ", ".join(readers))
    if skipped:
        print("not installed, so not checked: " + ", ".join(skipped))
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    sys.exit(main(sys.argv[1:]))
