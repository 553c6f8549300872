"""Installation: the pins agree with one another, and every way of starting the course gets the same settings."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import suppress
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SETTINGS = ROOT / "course_utils" / "_jupyter" / "jupyterlab_settings.json"
FIRST_CHAPTER = "notebooks/00_start_here.ipynb"
LEARNERS, DEVELOPERS = "requirements.lock", "requirements-dev.lock"
KERNELS = "@jupyterlab/apputils-extension:kernels-settings"
NOTEBOOKS = "@jupyterlab/notebook-extension:tracker"

PLATFORMS = {
    "Linux on x86-64": {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"},
    "Linux on ARM": {"sys_platform": "linux", "os_name": "posix", "platform_machine": "aarch64"},
    "macOS": {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
}
on_every_platform = pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS.keys())


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(read("pyproject.toml"))["project"]


def wanted(extra):
    """Gives the requirements of pyproject.toml with one of its extras, and with those that this one asks for."""
    extras = project()["optional-dependencies"]
    wanted = [Requirement(line) for line in [*project()["dependencies"], *extras[extra]]]
    own = [one for one in wanted if one.name == project()["name"]]
    of_extras = [Requirement(line) for one in own for extra in one.extras for line in extras[extra]]
    return [one for one in wanted if one not in own] + of_extras


def locked(name=LEARNERS):
    """Gives the requirements of a lock."""
    return [Requirement(pin) for pin in re.findall(r"^(\w.*?) *\\?$", read(name), re.MULTILINE)]


def conda():
    """Gives the Python of environment.yml, and what it gives to pip."""
    *packages, pip = yaml.safe_load(read("environment.yml"))["dependencies"]
    (python,) = (package.removeprefix("python=") for package in packages if package.startswith("python="))
    return python, pip["pip"]


def installed(requirements, platform, python):
    """Gives the version of each package that pip would install on that platform."""
    patch = {"python_version": python, "python_full_version": f"{python}.9", "implementation_name": "cpython"}
    here = [one for one in requirements if one.marker is None or one.marker.evaluate(platform | patch)]
    versions = {canonicalize_name(one.name): str(one.specifier) for one in here}
    assert len(versions) == len(here), "a package is pinned twice for one platform"
    return versions


@on_every_platform
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_locks_have_what_the_project_asks_for_and_agree(platform, python):
    pins, more = (installed(locked(name), platform, python) for name in (LEARNERS, DEVELOPERS))
    assert pins | more == more | pins, "the tools of development need another version"
    for extra, found in [("course", pins), ("dev", pins | more)]:
        for name, specifier in installed(wanted(extra), platform, python).items():
            assert SpecifierSet(specifier).contains(found[name].removeprefix("=="))


def test_learners_get_what_notebooks_import_and_no_tools_of_development():
    names = installed(locked(), PLATFORMS["Linux on x86-64"], "3.12").keys()
    assert names.isdisjoint(
        {"playwright", "jupyter-repo2docker", "keras-tuner", "jupytext", "ruff", "distributed", "ziglang"}
    )
    sources = [*ROOT.glob("course_utils/**/*.py"), *ROOT.glob("notebooks/source/*.py")]
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    # Only `make kernel` calls the function that imports ziglang.
    others = {module.split(".")[0] for module in modules} - sys.stdlib_module_names - {"course_utils", "ziglang"}
    assert len(others) > 10
    packages = packages_distributions()
    for module in others:
        assert {canonicalize_name(name) for name in packages[module]} & names, f"{module} is not in {LEARNERS}"


@on_every_platform
def test_conda_installs_what_the_lock_says(platform):
    python, lines = conda()
    assert lines[-1] == "-e ."
    requirements = [Requirement(line) for line in lines[:-1]]
    assert installed(requirements, platform, python) == installed(locked(), platform, python)


@on_every_platform
def test_tensorflow_comes_without_gpu_libraries_on_linux_x86_64(platform):
    names = {name for name in installed(locked(), platform, "3.12") if name.startswith("tensorflow")}
    small = platform["sys_platform"] == "linux" and platform["platform_machine"] == "x86_64"
    assert names == {"tensorflow-cpu" if small else "tensorflow"}


@pytest.mark.parametrize("name", [LEARNERS, DEVELOPERS])
def test_every_pin_is_exact_and_has_hashes(name):
    blocks = re.split(r"\n(?=\w)", read(name).strip())
    assert len(blocks) == len(locked(name)) > 20
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.]+ ", block), block
        assert "--hash=sha256:" in block


def test_the_pins_hold_for_any_package_index():
    for name in [LEARNERS, DEVELOPERS, "environment.yml"]:
        assert "://" not in read(name)


def test_make_takes_the_pythons_that_the_project_supports():
    (lowest, above) = re.findall(r"\d+\.\d+", project()["requires-python"])
    makefile = read("Makefile")
    assert f"--python '>={lowest},<{above}'" in makefile
    low, high = (version.replace(".", ", ") for version in (lowest, above))
    assert f"({low}) <= sys.version_info < ({high})" in makefile
    assert SpecifierSet(project()["requires-python"]).contains(conda()[0])


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="needs make")
def test_make_names_the_cure_where_no_python_fits(tmp_path):
    package = Path("course_utils")
    settings = [package / "_jupyter" / name for name in (SETTINGS.name, "jupyter_server.json")]
    source = package / "training" / "kernel" / "kernel.c"
    for name in ["Makefile", LEARNERS, "pyproject.toml", "hatch_build.py", *settings, source]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    # These are on PATH and fail when run, as those of pyenv do for a version that is not chosen.
    for name in ["python3.13", "python3.12", "python3"]:
        (programs / name).write_text("#!/bin/sh\nexit 127\n")
        (programs / name).chmod(0o755)
    for name in ["rm", "id"]:
        (programs / name).symlink_to(shutil.which(name))
    # A make that runs this test hands its own options down in MAKEFLAGS; the bare environment leaves them out.
    answer = subprocess.run(
        [shutil.which("make"), "lab"],
        cwd=tmp_path,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "3.11, 3.12 or 3.13" in answer.stderr
    assert "apt-get install python3 python3-venv" in answer.stderr
    assert "uv" in answer.stderr
    assert not (tmp_path / ".venv").exists()


def test_every_way_in_opens_the_first_chapter():
    readme = read("README.md")
    assert f"jupyter lab {FIRST_CHAPTER}" in readme
    assert f"urlpath=lab/tree/{FIRST_CHAPTER}" in readme
    assert f"default_url=/lab/tree/{FIRST_CHAPTER}\n" in read("Makefile")
    assert (ROOT / FIRST_CHAPTER).exists()


def test_the_address_of_the_repository_is_set_in_one_place():
    assert len(re.findall(r"mybinder\.org/v2/", read("README.md"))) == 1


def test_the_environment_has_the_settings_of_the_source():
    shipped = Path(sys.prefix) / "share/jupyter/lab/settings/overrides.d/course-utils.json"
    assert json.loads(shipped.read_text()) == json.loads(SETTINGS.read_text()), "run `make lab` again"


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory):
    """Starts JupyterLab as a learner without settings of his own would; gives a function that asks it."""
    home = tmp_path_factory.mktemp("jupyter")
    own = {name: str(home / name) for name in ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"]}
    own |= {name: str(home / name) for name in ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=log, stderr=log)
    try:
        yield connect(server, home)
    finally:
        server.terminate()
        server.wait(timeout=30)


def connect(server, home):
    """Waits until the server says where it listens, then gives a function from a path to the JSON found there."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    limit = time.monotonic() + 60
    while (where := announced(home)) is None:
        assert server.poll() is None, (home / "log").read_text()
        assert time.monotonic() < limit, (home / "log").read_text()
        time.sleep(0.1)

    def ask(path):
        return json.load(direct.open(f"{where['url']}{path}?token={where['token']}", timeout=30))

    return ask


def announced(home):
    """Reads where the server listens, or gives None: its file is there before it is whole."""
    for file in home.glob("JUPYTER_RUNTIME_DIR/jpserver-*.json"):
        with suppress(json.JSONDecodeError):
            return json.loads(file.read_text())
    return None


def test_a_server_is_found_when_its_file_is_whole(tmp_path):
    file = tmp_path / "JUPYTER_RUNTIME_DIR" / "jpserver-1.json"
    file.parent.mkdir()
    whole = json.dumps({"url": "http://127.0.0.1:8888/", "port": 8888})
    for text in ["", whole[:9]]:
        file.write_text(text)
        assert announced(tmp_path) is None
    file.write_text(whole)
    assert announced(tmp_path)["port"] == 8888


@pytest.mark.parametrize("plugin", json.loads(SETTINGS.read_text()))
def test_jupyterlab_runs_with_the_settings(jupyterlab, plugin):
    properties = jupyterlab(f"lab/api/settings/{plugin}")["schema"]["properties"]
    for name, value in json.loads(SETTINGS.read_text())[plugin].items():
        assert properties[name]["default"] == value
        # JupyterLab has no opinion about a name or a value that it does not know: a misspelt one is silent.
        choices = [choice["const"] for choice in properties[name].get("oneOf", [])]
        assert value in (choices or {"boolean": [True, False]}[properties[name]["type"]])


def test_widget_messages_stay_off_subshells():
    assert json.loads(SETTINGS.read_text())[KERNELS] == {"commsOverSubshells": "disabled"}


def test_a_closed_chapter_gives_its_memory_back():
    assert json.loads(SETTINGS.read_text())[NOTEBOOKS] == {"kernelShutdown": True}


@pytest.mark.skipif(os.name == "nt", reason="repo2docker does not run on Windows")
def test_binder_accepts_the_repository():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    recipe = answer.stdout + answer.stderr
    copied, made = recipe.index("COPY --chown=0:0 src/ "), recipe.index('--file "environment.yml"')
    assert copied < made, "the environment installs the package, so the package must be there first"
    assert f"python={conda()[0]}" in recipe


def texts(value):
    """Yields every string of a notebook except pictures, in which letters fall by chance."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not key.startswith("image/"):
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_notebooks_name_no_folder_of_the_machine_that_ran_them():
    own_folder = re.compile(r"(?<![\w.])(/(home|root|tmp|Users|private|var/folders)/\w|[A-Z]:\\+Users)")
    notebooks = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("notebooks/solutions/*.ipynb")]
    assert notebooks
    for notebook in notebooks:
        for text in texts(json.loads(notebook.read_text(encoding="utf-8"))):
            assert not own_folder.search(text), f"{notebook.name}: {text[:200]}"


def test_the_workflows_do_what_the_documents_say():
    documented = read("README.md") + read("CONTRIBUTING.md")
    pythons = []
    for workflow in ROOT.glob(".github/workflows/*.yml"):
        for job in yaml.safe_load(read(workflow))["jobs"].values():
            pythons += job.get("strategy", {}).get("matrix", {}).get("python", [])
            for step in job["steps"]:
                for line in step.get("run", "").splitlines():
                    assert line in documented, f"{workflow.name}: {line}"
    supported = SpecifierSet(project()["requires-python"])
    assert pythons == [f"3.{minor}" for minor in range(20) if supported.contains(f"3.{minor}")]
