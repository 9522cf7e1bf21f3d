"""How files become data or messages: YAML with overrides, problems gathered, complaints in plain words."""
