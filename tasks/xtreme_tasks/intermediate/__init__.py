"""English tasks to train on in between, as Phang et al. 2020 formulate them, in the data sets' original formats.

One module a data set. Their files lie in `intermediate/` of the data folder, in a folder a data set, under their
original names; `import_files` puts them there.
"""
