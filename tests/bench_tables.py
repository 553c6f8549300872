"""Prints what the benchmark has measured, as README shows it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bench_search


def print_machine(times: Mapping[str, Any], engines: Mapping[str, str], cores: int) -> None:
    """Prints what measured: the processor, its cores, their own rate, and what the kernel uses of them."""
    named = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    processor = named[0] if named else platform.processor() or platform.machine()
    kernels = " and ".join(name for engine, name in engines.items() if engine != "xla")
    rates = {way: times[f"ours {way}"] for way in ("NumPy", "tile") if f"ours {way}" in times}
    said = {"NumPy": "NumPy's product", "tile": "a tile with fused multiplication and addition"}
    own = ", ".join(f"{rate:.0f} GFLOP/s by {said[way]}" for way, rate in rates.items())
    print(f"Processor: {processor}, {cores} cores. One core does {own}.")
    print(f"The kernel runs as {kernels}.\n")


def print_works(
    times: Mapping[str, Any], facts: Mapping[str, Any], cores: int, works: Mapping[str, Any], names: Mapping[str, str]
) -> None:
    """Prints the times of the engines side by side, with the share of the cores' own rate that each reaches."""
    rate = max(times.get(f"ours {way}", 0) for way in ("NumPy", "tile"))
    columns = " | ".join(f"{name}, ms" for name in names.values())
    print(f"| what | GFLOP | {columns} | native against XLA | aim |")
    print("|---|---:|" + "---:|" * len(names) + "---:|---:|")
    for name, work in works.items():
        gflop, used = facts["gflop"][name], min(cores, work.networks)
        cells = []
        for engine in names:
            seconds = times.get(f"ours {engine} {name}")
            share = seconds and gflop / (seconds * rate * used)
            cells.append(f"{1e3 * seconds:,.1f} ({share:.0%})" if seconds else "–")
        ratio = _ratio(times[f"ours xla {name}"], times.get(f"ours native {name}"))
        print(f"| {work.words} | {gflop:.2f} | {' | '.join(cells)} | {ratio} | {work.aim} |")


def print_against_others(times: Mapping[str, Any], engines: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Prints how many times as fast as Keras and KerasTuner ours is."""
    aims = {"native": "≥ 100 ×", "wasm": "≥ 40 ×"}
    print("\n| what | theirs, ms | ours, ms | ratio | aim |\n|---|---:|---:|---:|---:|")
    rows = [
        (f"one retrain against Keras' `fit`: {names[engine]}", "keras fit", f"ours {engine} retrain", 1, 1)
        for engine in engines
    ]
    tuner = "one trial of a random search against KerasTuner's"
    rows.append((tuner, "keras search", "ours search", bench_search.TUNER_TRIALS, bench_search.TRIALS))
    for (what, their, our, of_theirs, of_ours), aim in zip(rows, [*(aims.get(e, "") for e in engines), "≥ 100 ×"]):
        theirs, ours = times[their] / of_theirs, times[our] / of_ours
        print(f"| {what} | {1e3 * theirs:,.0f} | {1e3 * ours:,.1f} | {_ratio(theirs, ours)} | {aim} |")


def print_new_shapes(times: Mapping[str, Any], engines: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Prints what a width costs that was never trained before."""
    print("\n| a width never seen before | first epoch, ms | to the end, ms |\n|---|---:|---:|")
    for engine in engines:
        first, last = times[f"ours {engine} shape"]
        print(f"| {names[engine]} | {1e3 * first:,.0f} | {1e3 * last:,.0f} |")


def print_workers(times: Mapping[str, float], cores: int) -> None:
    """Prints how much faster a search gets with more workers."""
    print(f"\n| a search of {2 * bench_search.TRIALS} trials, on workers of one core each | seconds | speed-up |")
    print("|---|---:|---:|")
    names = {"one twice": "in this process, on one core", "ours twice": f"in this process, on {cores} cores"}
    for task, seconds in times.items():
        name = names.get(task) or task.replace("spread pool", "process pool of").replace("spread dask", "Dask, of")
        print(f"| {name} | {seconds:.2f} | {_ratio(times['one twice'], seconds, 1)} |")


def print_kernel(first: float, memory: float, moves: int) -> None:
    """Prints how soon a fresh Jupyter kernel shows a lab, in seconds, and what it needs, in MB."""
    print("\n| what | measured | aim |\n|---|---:|---:|")
    print(f"| fresh kernel: from the first import to the first picture of a lab | {first:.1f} s | ≤ 5 s |")
    print(f"| memory of that kernel's own after {moves} moves of the slider | {memory:.0f} MB | ≤ 450 MB |")


def _ratio(theirs: float, ours: float | None, digits: int | None = None) -> str:
    if ours is None:
        return "–"
    ratio = theirs / ours
    return f"**{ratio:.{digits if digits is not None else 1 if ratio < 10 else 0}f} ×**"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
