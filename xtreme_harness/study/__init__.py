"""Studies: one TOML file to runs of every arm, and to tables of effects with their uncertainty."""
