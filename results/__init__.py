"""What came out of a run: tables, summaries, comparisons, figures, reports, all from a folder's files alone."""
