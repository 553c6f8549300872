"""What README.md tells a practitioner to do, done."""

import importlib
import re

from notebooks.build.contents import ROOT


def test_the_examples_with_your_own_arrays_and_model_work(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # the search keeps a file
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    namespace = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)  # noqa: S102 - it is our own text
    printed = capsys.readouterr().out
    assert len(namespace["runs"]) == 24
    accuracies = [float(line.split()[1]) for line in printed.splitlines() if line.startswith("0.")]
    assert len(accuracies) == 3
    assert accuracies[0] < 0.9 < accuracies[2]
    found = namespace["found"]
    assert len(found.to_frame()) == 64
    assert found.best_value > 0.9
    assert (tmp_path / "wine.db").exists()


def test_every_file_and_heading_it_links_to_exists():
    for name in ["README.md", "CONTRIBUTING.md", "data/README.md", "CHANGELOG.md"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"


def _rows(text):
    """Headings of tables, and the first cells of their rows, without numbers."""
    lines = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    heads = {number for number, cells in enumerate(lines[1:]) if set(cells[1]) == {"-"}}
    kept = ["|".join(cells) if number in heads else cells[1] for number, cells in enumerate(lines)]
    return [re.sub(r"[\d.,]+", "0", line).strip() for line in kept]


def test_the_tables_of_speed_are_those_that_the_benchmark_prints(capsys, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tests")
    bench, search = map(importlib.import_module, ("bench", "bench_search"))
    engines = {"xla": "XLA", "wasm": "WebAssembly", "native": "native (avx2)"}
    times = {f"ours {engine} {work}": 1.0 for engine in engines for work in bench.WORKS}
    times |= {f"ours {engine} shape": [1.0, 2.0] for engine in engines}
    times |= dict.fromkeys(["keras fit", "keras search", "ours search", "ours NumPy", "ours tile"], 1.0)
    workers = ["one twice", "ours twice", *(f"spread {kind} {n}" for kind in ("pool", "dask") for n in search.WORKERS)]
    facts = {"engines": engines, "gflop": dict.fromkeys(bench.WORKS, 1.0)}
    bench.print_tables(times, dict.fromkeys(workers, 1.0), (1.0, 1.0), facts)
    shown = (ROOT / "README.md").read_text(encoding="utf-8").split("<!-- bench -->")[1].split("<!-- /bench -->")[0]
    assert _rows(shown) == _rows(capsys.readouterr().out)
