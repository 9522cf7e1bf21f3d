"""Well-defined numbers from tables of supply: docs/metrics.md defines each; other tools' tables can be scored too."""
