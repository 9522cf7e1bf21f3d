"""What users ask for as a whole: runs, comparisons, studies, reproduction, index system, checks of strategies."""
