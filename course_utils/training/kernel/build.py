"""Builds the kernel: `python -m course_utils.training.kernel.build [wasm] [native]`.

The WebAssembly file belongs to the repository and is built by a pinned compiler (ziglang); the native library is built
where the course is installed, if there is a C compiler. Both come from `kernel.c`. Flags of the environment are not
read: some, such as -ffast-math, would change the bits.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE / "kernel.c"
WASM = HERE / "kernel.wasm"
#: Which source and compiler the WebAssembly file was made of, and its own hash.
WASM_RECORD = HERE / "kernel.json"
NATIVE = HERE / {"win32": "libkernel.dll", "darwin": "libkernel.dylib"}.get(sys.platform, "libkernel.so")
#: The same of the native library; its hash is compared before it is loaded.
NATIVE_RECORD = HERE / "libkernel.json"

FUNCTIONS = ("train", "evaluate", "function", "mask", "fields")

_FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-fast-math", "-fno-math-errno", "-fno-trapping-math"]

_AVX512 = ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mprefer-vector-width=512"]

#: Flags of each instruction set that a library holds, the best last; the shape of a tile fits its registers.
INSTRUCTION_SETS = {
    "x86_64": {
        "sse2": ["-msse2", "-DLANES=4", "-DPROCESSOR_CHECKS"],
        "avx2": ["-mavx2", "-DLANES=8"],
        "avx512": [*_AVX512, "-DLANES=16", "-DTILE_ROWS=8", "-DTILE_VECTORS=1"],
    },
    "arm": {"neon": ["-DLANES=4", "-DTILE_VECTORS=4"]},
    "other": {"plain": ["-DLANES=4"]},
}


def architecture() -> str:
    """Names this processor's family, a key of `INSTRUCTION_SETS`."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm", "aarch64": "arm"}.get(machine, "other")


def digest(path: Path) -> str:
    """Computes the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build_wasm() -> None:
    """Builds the WebAssembly file with zig's C compiler.

    Raises:
        subprocess.CalledProcessError: If the compiler fails.
    """
    import ziglang

    exports = [f"-Wl,--export={name}" for name in (*FUNCTIONS, "__heap_base")]
    target = ["-target", "wasm32-freestanding", "-msimd128", "-mbulk-memory", "-fno-builtin", "-nostdlib"]
    link = ["-Wl,--no-entry", "-Wl,-z,stack-size=65536", "-Wl,--strip-all", *exports]
    zig = [sys.executable, "-m", "ziglang", "cc"]
    subprocess.run([*zig, *target, *_FLAGS, str(SOURCE), *link, "-o", str(WASM)], check=True)  # noqa: S603 - our own
    version = Path(ziglang.__file__).parent
    compiler = next(version.parent.glob("ziglang-*.dist-info")).name.removesuffix(".dist-info")
    _record(WASM_RECORD, WASM, compiler)


def compiler() -> str | None:
    """Finds gcc or clang; other compilers may understand the flags in another way."""
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path is None:
            continue
        if sys.platform == "darwin" and subprocess.run(["/usr/bin/xcode-select", "-p"], capture_output=True).returncode:  # noqa: PLW1510
            return None  # macOS' stand-in would open a dialogue
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        if "clang" in told.stdout or "Free Software Foundation" in told.stdout:
            return path
    return None


def build_native(target: Path = NATIVE, record: Path | None = NATIVE_RECORD, flags: tuple[str, ...] = ()) -> str | None:
    """Builds the native library.

    Args:
        target: Where to write it.
        record: Where to write what it was made of; None for nowhere.
        flags: Further flags, for control builds.

    Returns:
        None, or why there is no library.
    """
    cc = compiler()
    if cc is None:
        return "there is no gcc or clang on this machine"
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for name, own in INSTRUCTION_SETS[architecture()].items():
            out = Path(folder) / f"{name}.o"
            command = [cc, *_FLAGS, "-fPIC", "-fvisibility=hidden", *own, *flags, f"-DINSTRUCTIONS={name}"]
            if sys.platform == "win32":
                command.remove("-fPIC")
            made = subprocess.run([*command, "-c", str(SOURCE), "-o", str(out)], capture_output=True, text=True)  # noqa: S603, PLW1510
            if made.returncode == 0:
                objects.append(str(out))
            elif not objects:
                return f"{cc} fails: {made.stderr.strip().splitlines()[-1]}"
        fresh = target.with_suffix(".new")
        made = subprocess.run([cc, "-shared", *objects, "-o", str(fresh)], capture_output=True, text=True)  # noqa: S603, PLW1510
        if made.returncode:
            return f"{cc} does not link: {made.stderr.strip().splitlines()[-1]}"
        fresh.replace(target)  # a library that runs somewhere keeps its file
    if record is not None:
        _record(record, target, Path(cc).name)
    return None


def _record(record: Path, made: Path, compiler: str) -> None:
    facts = {"source": digest(SOURCE), "made": digest(made), "compiler": compiler}
    record.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def main(wanted: list[str]) -> None:
    """Builds what is named, or both."""
    if "wasm" in wanted or not wanted:
        build_wasm()
        print(f"{WASM.name}: {WASM.stat().st_size} bytes")  # noqa: T201 - how a script speaks
    if "native" in wanted or not wanted:
        print(f"{NATIVE.name}: {build_native() or 'built'}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
