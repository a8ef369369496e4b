"""Reads the arrays of result files by labels, and the paper's curves."""
import os
import h5py, numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "reproductions")

def values(node):
    return node.asstr()[()] if h5py.check_string_dtype(node.dtype) else node[()]

def claims_of(path):
    """Identifier, arm and verdict of each claim that the file judges, also from times."""
    with h5py.File(path) as file:
        tables = [file[name] for name in ("claims", "volatile/claims") if name in file]
        return [row for table in tables
                for row in zip(*(values(table[name]) for name in ("id", "arm", "verdict")))]

class NotRun(Exception):
    """What a claim is about is not in the file. Any other exception is a mistake in these scripts."""

class File:
    """A result file. What it lacks, by name or label, is NotRun: there is nothing to judge."""

    def __init__(self, path, arm):
        if not os.path.exists(path): raise NotRun(path)
        self.h5, self.folder, self.arm = h5py.File(path), os.path.dirname(path), arm
        self.name, origin = (self.h5.attrs[key] for key in ("experiment", "data_origin"))
        elsewhere = "search" in self.h5 and "other_horizon" in self.h5["search"].attrs
        if origin not in ("official", "debian", "none"): raise NotRun(f"{origin} data")
        if self.h5.attrs.get("other_data"): raise NotRun(self.h5.attrs["other_data"])
        if elsewhere and arm in ("tuned", "literal"): raise NotRun("a search elsewhere")

    def beside(self, name, arm=None):
        return self if name == self.name else File(f"{self.folder}/{name}.h5", arm or self.arm)

    def __call__(self, name, **at):
        """An array, in the arm that is judged, at one label of an axis or at several."""
        if name not in self.h5: raise NotRun(name)
        array, status = values(self.h5[name]), os.path.dirname(name) + "/status"
        if "/" in name and status in self.h5 and (self.h5[status][()] != 1).any():
            raise NotRun(f"{name} is not finished")
        for axis, dimension in reversed(list(enumerate(self.h5[name].dims))):
            wanted = {"arm": self.arm, **at}.get(dimension.label)
            if wanted is not None:
                place = {label: i for i, label in enumerate(values(dimension[0]).tolist())}
                several = isinstance(wanted, (list, range))
                missing = [w for w in (wanted if several else [wanted]) if w not in place]
                if missing: raise NotRun(f"{name} has no {dimension.label} {missing[0]}")
                array = array.take([place[w] for w in wanted] if several else place[wanted], axis)
        return array

    def costs(self, method, epochs=None, of="train_cost_running", **at):
        """Costs [epoch, seed]: infinite where the run diverged, NaN where there is none."""
        costs = self(of, optimizer=method, epoch=epochs, **at).T
        diverged = self("status", optimizer=method, **at) == 2
        return np.where(np.isnan(costs) & diverged, np.inf, costs)

    def paper(self, figure, curve, notes=("-", "above-frame", "printed")):
        """x and y of the paper's curve."""
        rows = np.loadtxt(f"{ROOT}/{self.name}/paper-curves.tsv", str, delimiter="\t")
        rows = rows[(rows[:, 0] == figure) & (rows[:, 1] == curve) & np.isin(rows[:, 4], notes)]
        return rows[:, 2:4].astype(float).T
