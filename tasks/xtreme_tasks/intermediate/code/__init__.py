"""English tasks about code to train on in between: those of CodeXGLUE (Lu et al. 2021), and one that needs no download.

Each has the controls `<task>.shuffled` and `<task>.no-labels`. One module a data set; files lie as those of the other
intermediate tasks do.
"""
