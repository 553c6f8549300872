"""What README.md tells a practitioner to do, done."""

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
