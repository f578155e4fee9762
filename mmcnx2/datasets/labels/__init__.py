"""Labels as other programs write them, converted into what the data sets of this package read."""
