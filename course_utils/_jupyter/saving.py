"""What a notebook keeps of a lab when it is saved: the picture, not the widget, which dies with its kernel.

JupyterLab and most viewers show a saved widget as an error once its kernel is gone, even where the output also
holds a picture. So widgets that bring an HTML stand-in are saved as that. In the open notebook they live on.
"""

from __future__ import annotations

from typing import Any

WIDGET = "application/vnd.jupyter.widget-view+json"


def leave_widgets_out(notebook: dict[str, Any]) -> None:
    """Takes the widget out of every output that also has an HTML form.

    Args:
        notebook: A notebook of format 4, changed in place.
    """
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop(WIDGET, None)


def _before_saving(model: dict[str, Any], **_: Any) -> None:
    if model["type"] == "notebook" and model["content"]["nbformat"] == 4:
        leave_widgets_out(model["content"])


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by the Jupyter server for each extension in turn; too early, as others may replace what saves."""


async def _start_jupyter_server_extension(server: Any) -> None:
    """Called by the Jupyter server when all extensions are loaded."""
    server.contents_manager.register_pre_save_hook(_before_saving)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course_utils._jupyter.saving"}]
