"""Two rows beside each other: what differs, by how much, which examples flipped."""
