"""What ships with Relight, each with its title: scenarios and studies."""

from __future__ import annotations

from .loader import shipped_scenarios
from .reading.problems import PACKAGE_FOLDER
from .reading.yaml_text import read_mapping
from .studies.loader import shipped_studies


def titled_scenarios() -> dict[str, str]:
    """Shipped scenarios by name, in alphabetical order, each with its title."""
    return _titled(shipped_scenarios())


def titled_studies() -> dict[str, str]:
    """Shipped studies, likewise."""
    return _titled(shipped_studies())


def _titled(names: list[str]) -> dict[str, str]:
    """A title is the file's own: what a scenario extends does not speak for it."""
    files = {name: PACKAGE_FOLDER / f"{name}.yaml" for name in names}
    return {name: str(read_mapping(path, f"{name}.yaml", "").get("title", "")) for name, path in files.items()}
