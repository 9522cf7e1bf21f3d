"""Studies: what their files may say and how they are read; the shipped ones lie beside, as YAML."""
