"""The published claims of Guo et al., and a reproduction of them as tables, text and figures."""
