"""`make table`: a check trains a few rows of the table anew and sees where they are others."""

import numpy as np
import pytest

from notebooks.build import table


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Makes a table of two configurations."""
    values = {knob: values[-1:] for knob, values in table.VALUES.items()}
    values |= {"learning_rate": [0.01, 0.03], "batch_size": [512], "width": [4], "depth": [1], "optimizer": ["sgd"]}
    for name, value in {"VALUES": values, "SEEDS": 2, "EPOCHS": 2, "FILE": tmp_path / "small.npz"}.items():
        monkeypatch.setattr(table, name, value)
    assert table.main([]) == 0
    return tmp_path / "small.npz"


def test_a_check_passes_on_what_was_just_written_and_fails_where_answers_are_others(small, capsys):
    before = small.read_bytes()
    assert table.main(["--check", "--rows", "2"]) == 0
    assert "4 of 4 networks" in capsys.readouterr().out
    assert small.read_bytes() == before
    with np.load(small) as kept:
        other = dict(kept)
    other["right_on_test"][1] += 1
    np.savez_compressed(small, **other)
    assert table.main(["--check", "--rows", "2"]) == 1
    assert "2 of 4 networks" in capsys.readouterr().out
