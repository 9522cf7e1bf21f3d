"""What ships with Relight, each with its title: scenarios and studies."""

from __future__ import annotations

from .loader import shipped_data, shipped_scenarios
from .reading.problems import PACKAGE_FOLDER
from .reading.yaml_text import read_mapping
from .studies.loader import shipped_studies

NEEDS = {"simbench": "(needs relight[simbench])"}
"""Kinds of networks that take an optional package."""


def titled_scenarios() -> dict[str, str]:
    """Shipped scenarios by name, in alphabetical order, each with its title and what it needs besides Relight.

    A title is the file's own: what a scenario extends does not speak for it.
    """
    found = {name: shipped_data(name) for name in shipped_scenarios()}
    needs = {name: NEEDS.get(data["network"]["kind"], "") for name, data in found.items()}
    return {name: f"{data.get('title', '')} {needs[name]}".strip() for name, data in found.items()}


def titled_studies() -> dict[str, str]:
    """Shipped studies, likewise."""
    files = {name: PACKAGE_FOLDER / f"{name}.yaml" for name in shipped_studies()}
    return {name: str(read_mapping(path, f"{name}.yaml", "").get("title", "")) for name, path in files.items()}
