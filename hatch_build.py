"""Compiles the training kernel while the package is installed, if there is a C compiler."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KERNEL = "course_utils/training/kernel"


class KernelHook(BuildHookInterface):
    """Builds the native library beside its source; an installation never fails because of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's signature
        """Compiles, and lets a wheel that holds the library say which machine it is for."""
        try:
            missing = self._builder().build_native()
        except Exception as error:  # noqa: BLE001 - whatever happens, the course runs without
            missing = str(error)
        if missing:
            self.app.display_warning(
                f"The training kernel is not compiled: {missing}. WebAssembly runs it, more slowly."
            )
            return
        build_data["artifacts"] += [f"{KERNEL}/libkernel.*"]  # git ignores them
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def _builder(self) -> ModuleType:
        """Loads the module that compiles; its package cannot be imported before it is installed."""
        spec = importlib.util.spec_from_file_location("build_kernel", Path(self.root) / KERNEL / "build.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
