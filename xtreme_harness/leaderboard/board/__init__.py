"""A board from its runs: rows, columns, intervals, ranks, published rows."""
