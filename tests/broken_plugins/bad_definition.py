"""A definition whose fields do not fit."""

from xtreme_harness import Model

MODEL = Model(name="Bad Name", reference="org/bad@1", pooling="max")
