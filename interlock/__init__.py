"""Interlock as one import name: `import interlock` gives its version, and `interlock.main()` is its command line.

The rooms (`events`, `backlog`, `config`, …) lie at the top of the repository. The wheel holds the same tree inside this
package, and `main` puts this folder first on the import path. The imports are not renamed to `interlock.events`: the
code is then the same in both forms, and no module can be loaded twice under two names, which Django's models forbid.

That the rooms have plain names harms nobody. Only processes that belong to Interlock alone get the folder on their
path, and there it comes first, so that packages of the same names in site-packages or in the current folder are not
found. `import interlock` changes no path: another project can ask for the version and keep its own `config`.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

# The folder of the rooms: this one where Interlock is installed, the one above it in a checkout.
ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "manage.py").exists())


def main() -> None:
    """Run the command that `sys.argv` names. Raises ImportError in a process that has other modules of our names."""
    refuse_strangers()
    sys.path.insert(0, str(ROOT))
    from manage import main as run_command  # not before it can be found

    run_command()


def refuse_strangers() -> None:
    """Raise ImportError if another project's module is loaded under the name of one of the rooms."""
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {__name__}
    for name in sorted({*rooms, "manage"}):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and not Path(file).resolve().is_relative_to(ROOT):
            raise ImportError(
                f"Interlock needs the module name {name!r}, and {file} is loaded under it. "
                "Start Interlock in a process of its own: interlock, or python -m interlock."
            )


def __getattr__(name: str) -> str:
    """Return the version as `__version__`. It is read from its one home, `config/version.py`, without its room."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    spec = spec_from_file_location("interlock.version", ROOT / "config" / "version.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    version: str = module.current_version()
    return version
