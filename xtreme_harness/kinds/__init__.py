"""One folder a kind: how tasks of that shape are encoded, trained, predicted and scored. No torch at module level."""
