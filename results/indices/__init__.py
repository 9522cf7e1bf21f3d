"""The smart distribution network index system of Zhu et al.: formulas, inputs, report and radar chart."""
